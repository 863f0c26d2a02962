"""The check of values that come from outside: what pydantic finds wrong, in our sentences."""

from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
from pydantic import ValidationError

from spec import Message, Refusal

#: Characters of a wrong value, and of its place, that a sentence shows.
_SHOWN = 60

#: Which sentence says what is allowed, by pydantic's type of error, and which of its values it shows.
_SENTENCES: Mapping[str, tuple[str, str]] = {
    "missing": ("needed", ""),
    "greater_than": ("above", "gt"),
    "greater_than_equal": ("least", "ge"),
    "less_than": ("below", "lt"),
    "less_than_equal": ("most", "le"),
    "too_long": ("longest", "max_length"),
    "too_short": ("shortest", "min_length"),
    "string_too_long": ("most_characters", "max_length"),
    "string_too_short": ("least_characters", "min_length"),
    "literal_error": ("one_of", "expected"),
    "union_tag_invalid": ("one_of", "expected_tags"),
    "union_tag_not_found": ("needed", ""),
    "finite_number": ("finite", ""),
    "float_type": ("number", ""),
    "float_parsing": ("number", ""),
    "int_type": ("whole", ""),
    "int_parsing": ("whole", ""),
    "int_parsing_size": ("whole", ""),
    "int_from_float": ("whole", ""),
    "string_type": ("text", ""),
    "string_unicode": ("text", ""),
    "bool_type": ("switch", ""),
    "bool_parsing": ("switch", ""),
    "list_type": ("list", ""),
    "tuple_type": ("list", ""),
    "dict_type": ("mapping", ""),
    "mapping_type": ("mapping", ""),
    "model_type": ("model", "class_name"),
    "json_invalid": ("json", ""),
    "json_type": ("json", ""),
}

#: What pydantic adds to the place of a value that may be of several types: the types that it tried.
_TYPES = {"bool", "int", "float", "str"}


def plain(value: object) -> Any:
    """Return a number of NumPy as one of Python, inside mappings too; anything else as it is."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, Mapping):
        return {name: plain(own) for name, own in value.items()}
    return value


def refusal(error: ValidationError, names: Mapping[str, Collection[str]]) -> Refusal:
    """Put what pydantic found first into one of our sentences.

    ``names`` are the fields by the name of their model; those of ``Panel`` are the fields of ``panels``.
    """
    first = error.errors(include_url=False)[0]
    kind, values, value = first["type"], first.get("ctx", {}), first.get("input")
    cause = values.get("error")
    if isinstance(cause, Refusal):
        return cause
    loc = [str(part) for part in first["loc"]]
    text: object = _short(value)
    if kind == "extra_forbidden":
        fields = names.get("Panel" if "panels" in loc[:-1] else error.title, ())
        allowed = _allowed("names", names=", ".join(fields)) if fields else _allowed("no_name")
    elif loc and loc[-1] in _TYPES:
        loc, allowed = loc[:-1], _allowed("value")
    else:
        sentence, limit = _SENTENCES.get(kind, ("other", ""))
        most = values.get(limit)
        shown = f"{most:g}" if isinstance(most, float) else str(most).replace(" or ", ", ")  # pydantic lists in English
        allowed = _allowed(sentence, **({"limit": shown} if limit else {}))
    if kind.startswith("union_tag"):
        loc, text = [*loc, values["discriminator"].strip("'")], repr(values.get("tag"))
    if kind in {"missing", "union_tag_not_found"}:
        text = Message.of("fields.nothing")
    elif kind in {"too_long", "too_short"} and isinstance(values.get("actual_length"), int):
        text = Message.of("fields.list", count=values["actual_length"])
    place = ".".join(loc)[:_SHOWN] or Message.of("fields.experiment")
    return Refusal("errors.experiment_field", place=place, found=text, allowed=allowed)


def _allowed(sentence: str, **values: object) -> Message:
    return Message.of(f"fields.allowed.{sentence}", **values)


def _short(value: object) -> str:
    """Return a value as one short line of text."""
    try:
        written = " ".join(repr(value).split())
    except ValueError:  # a whole number of more digits than Python puts into words
        written = type(value).__name__
    return written if len(written) <= _SHOWN else written[: _SHOWN - 3] + "..."
