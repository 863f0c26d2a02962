"""Sentences of the catalogue as JSON: ``{"key", "values"}``."""

from collections.abc import Mapping
from typing import Any

from spec import Message


def message_to_json(message: Message | None) -> dict[str, Any] | None:
    """Return a sentence as JSON; values that are neither numbers nor sentences become text."""
    if message is None:
        return None
    values = {
        name: message_to_json(value)
        if isinstance(value, Message)
        else value
        if isinstance(value, int | float)
        else str(value)
        for name, value in message.values
    }
    return {"key": message.key, "values": values}


def message_from_json(written: Mapping[str, Any] | None) -> Message | None:
    """Return the sentence that ``message_to_json`` wrote."""
    if written is None:
        return None
    values = {
        name: message_from_json(value) if isinstance(value, dict) else value
        for name, value in written["values"].items()
    }
    return Message.of(written["key"], **values)
