"""The catalogue of texts in English and Chinese, and errors that take their sentences from it."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

LANGUAGES = ("en", "zh")


@cache
def _table(name: str) -> Mapping[str, Any]:
    """Read one file of the catalogue. The command line needs one of them and should not wait for all."""
    resource = files("spec").joinpath("texts", f"{name}.toml")
    if not resource.is_file():
        raise KeyError(name)
    return tomllib.loads(resource.read_text(encoding="utf-8"))


def _entry(key: str) -> Any:
    name, *parts = key.split(".")
    node: Any = _table(name)
    for part in parts:
        node = node[part]
    return node


def has_text(key: str) -> bool:
    """Return whether the catalogue has an entry under this key."""
    try:
        return isinstance(_entry(key), dict) and set(LANGUAGES) <= set(_entry(key))
    except KeyError:
        return False


def text(key: str, language: str = "en", **values: object) -> str:
    """Return the sentence under ``file.table.name`` in a language, its ``{places}`` filled.

    Raises ``KeyError`` for a key or a language that the catalogue does not have.
    """
    return str(_entry(key)[language]).format(**values)


@dataclass(frozen=True)
class Message:
    """A sentence that is chosen now and rendered later, in the reader's language."""

    key: str
    values: tuple[tuple[str, object], ...] = ()

    @classmethod
    def of(cls, key: str, **values: object) -> "Message":
        """Make a message from a catalogue key and the values of its places."""
        return cls(key, tuple(values.items()))

    def render(self, language: str = "en") -> str:
        """Return the message as text; values that are messages are rendered too."""
        values = {name: value.render(language) if isinstance(value, Message) else value for name, value in self.values}
        return text(self.key, language, **values)

    def __str__(self) -> str:
        return self.render()


class Refusal(ValueError):
    """Bad input, refused with one sentence that says what is wrong and what is allowed."""

    def __init__(self, key: str, **values: object) -> None:
        self.message = Message.of(key, **values)
        super().__init__(self.message.render())
