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
    kind: (sentence, limit)
    for sentence, limit, *kinds in (
        ("needed", "", "missing", "union_tag_not_found"),
        ("above", "gt", "greater_than"),
        ("least", "ge", "greater_than_equal"),
        ("below", "lt", "less_than"),
        ("most", "le", "less_than_equal"),
        ("longest", "max_length", "too_long"),
        ("shortest", "min_length", "too_short"),
        ("most_characters", "max_length", "string_too_long"),
        ("least_characters", "min_length", "string_too_short"),
        ("one_of", "expected", "literal_error"),
        ("one_of", "expected_tags", "union_tag_invalid"),
        ("finite", "", "finite_number"),
        ("number", "", "float_type", "float_parsing"),
        ("whole", "", "int_type", "int_parsing", "int_parsing_size", "int_from_float"),
        ("text", "", "string_type", "string_unicode"),
        ("switch", "", "bool_type", "bool_parsing"),
        ("list", "", "list_type", "tuple_type"),
        ("mapping", "", "dict_type", "mapping_type"),
        ("model", "class_name", "model_type"),
        ("json", "", "json_invalid", "json_type"),
    )
    for kind in kinds
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
