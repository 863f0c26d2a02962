"""Losses and nets of installed packages, found through their entry points."""

import dataclasses
import importlib
import inspect
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import entry_points
from typing import Any, ClassVar, Generic, Protocol, TypeVar, final

from spec.messages import Message, Refusal


class HasSlug(Protocol):
    """A class with a slug."""

    slug: ClassVar[str]


T = TypeVar("T", bound=HasSlug)

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")


@final
@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """A kind of class that packages may add: frozen dataclasses derived from ``base``, whose name is ``base_name``.

    An entry point of ``group`` has the slug as its name and ``module:Class`` as its value. ``word`` names the kind
    under ``outside.word`` in the texts. ``attributes`` are the class attributes that every class must have, with their
    types. ``example`` is a reference to show in messages.
    """

    word: str
    group: str
    base: type
    base_name: str
    attributes: Mapping[str, type]
    example: str

    def load(self, reference: str) -> type[T]:
        """Return the class that ``module:Class`` names; raise ``Refusal`` where it cannot be used."""
        if not _REFERENCE.fullmatch(reference):
            raise self.refusal("form", reference=repr(reference[:60]), example=self.example)
        module, _, name = reference.partition(":")
        try:
            candidate = getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:  # another package's module may fail in any way
            raise self.refusal("broken", reference=reference, reason=one_line(error)) from None
        if reason := self._unfit(candidate):
            raise self.refusal("unfit", reference=reference, reason=reason)
        try:
            candidate()
        except Exception as error:
            reason = Message.of("outside.no_default", reason=one_line(error))
            raise self.refusal("unfit", reference=reference, reason=reason) from None
        result: type[T] = candidate
        return result

    def refusal(self, key: str, **values: object) -> Refusal:
        """Return a refusal with a sentence about this kind."""
        return Refusal(f"outside.{key}", word=Message.of(f"outside.word.{self.word}"), **values)

    def _unfit(self, candidate: Any) -> Message | None:
        """Return why an object cannot be used, or ``None`` where it can."""
        if not (inspect.isclass(candidate) and issubclass(candidate, self.base)):
            return Message.of("outside.not_derived", base=self.base_name)
        if missing := sorted(getattr(candidate, "__abstractmethods__", ())):
            return Message.of("outside.abstract", names=", ".join(missing))
        if not dataclasses.is_dataclass(candidate) or "__dataclass_fields__" not in vars(candidate):
            return Message.of("outside.no_dataclass")
        values = {name: getattr(candidate, name, None) for name in self.attributes}
        if wrong := [name for name, kind in self.attributes.items() if not isinstance(values[name], kind)]:
            return Message.of("outside.unsaid", names=", ".join(wrong))
        slug = str(values["slug"])
        return None if _SLUG.fullmatch(slug) else Message.of("outside.bad_slug", slug=repr(slug[:40]))


@final
class Catalogue(Mapping[str, type[T]]):
    """Classes by their slugs, ours first. Packages are loaded on first use, when all of ours can be imported."""

    def __init__(self, ours: Mapping[str, type[T]], kind: Kind[T]) -> None:
        self._known = dict(ours)
        self._kind = kind
        self._complete = False

    def _all(self) -> Mapping[str, type[T]]:
        if not self._complete:
            self._complete = True  # before a package is imported, because it may use the catalogue itself
            for entry in sorted(entry_points(group=self._kind.group), key=lambda entry: entry.name):
                try:
                    self._known[entry.name] = self._of(entry.name, entry.value)
                except Refusal as refusal:
                    logging.getLogger(__name__).warning("%s", refusal)
        return self._known

    def _of(self, slug: str, reference: str) -> type[T]:
        if slug in self._known:
            raise self._kind.refusal("taken", slug=slug, reference=reference)
        loaded = self._kind.load(reference)
        if loaded.slug != slug:
            raise self._kind.refusal("renamed", slug=slug, reference=reference, own=loaded.slug)
        return loaded

    def __getitem__(self, slug: str) -> type[T]:
        return self._all()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def one_line(error: BaseException) -> str:
    """Return an error of another package's code as one line of at most 160 characters."""
    line = " ".join(f"{type(error).__name__}: {error}".split())
    return line if len(line) <= 160 else line[:157] + "..."
