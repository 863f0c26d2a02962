"""Errors in one sentence, in the language of the one who asked."""

import re
from collections.abc import Mapping

from starlette.responses import JSONResponse

from spec import LANGUAGES, Message

_PART = re.compile(r"\s*([A-Za-z]{1,8})[A-Za-z0-9-]*\s*(?:;\s*q\s*=\s*([01](?:\.\d{0,3})?))?\s*")

#: Languages that are looked at; nobody reads more.
_MOST = 32


def language_of(accepted: str | None) -> str:
    """Return the language of an ``Accept-Language`` header; the first one of ours where it names none of them."""
    best, weight = LANGUAGES[0], 0.0
    for part in (accepted or "").split(",")[:_MOST]:
        match = _PART.fullmatch(part)
        if match is None:
            continue
        name, quality = match[1].lower(), float(match[2] or 1)
        if name in LANGUAGES and quality > weight:
            best, weight = name, quality
    return best


def refused(
    message: Message, status: int, accepted: str | None, headers: Mapping[str, str] | None = None
) -> JSONResponse:
    """Answer with a sentence."""
    return JSONResponse({"error": message.render(language_of(accepted))}, status, headers)
