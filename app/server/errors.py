"""Errors as one sentence, in the language of the request."""

import re
from collections.abc import Mapping

from starlette.responses import JSONResponse

from spec import LANGUAGES, Message

_PART = re.compile(r"\s*([A-Za-z]{1,8})[A-Za-z0-9-]*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")

#: How many languages of a header are read.
_MOST_LANGUAGES = 32


def language_of(accepted: str | None) -> str:
    """Return the best language of an ``Accept-Language`` header that we have, else the first one of ours."""
    best, weight = LANGUAGES[0], 0.0
    for part in (accepted or "").split(",")[:_MOST_LANGUAGES]:
        match = _PART.fullmatch(part)
        if match is None:
            continue
        name, quality = match[1].lower(), float(match[2] or 1)
        if name in LANGUAGES and quality > weight:
            best, weight = name, quality
    return best


def refusal_response(
    message: Message, status: int, accepted: str | None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Return a JSON response ``{"error": sentence}`` in the language of an ``Accept-Language`` header."""
    return JSONResponse({"error": message.render(language_of(accepted))}, status, headers)
