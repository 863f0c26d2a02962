"""What installed packages bring along beside ours: classes that their entry points name."""

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


class Named(Protocol):
    """What has a slug."""

    slug: ClassVar[str]


T = TypeVar("T", bound=Named)

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")


@final
@dataclass(frozen=True, kw_only=True)
class Kind(Generic[T]):
    """A kind of thing that packages may bring along: frozen dataclasses derived from ``base``, ``called`` so.

    An entry point of ``group`` has the slug as its name and ``module:Class`` as its value. ``word`` names the kind
    under ``outside.word``, ``said`` is what every class says of itself, ``example`` a reference to one.
    """

    word: str
    group: str
    base: type
    called: str
    said: Mapping[str, type]
    example: str

    def load(self, reference: str) -> type[T]:
        """Return the class that ``module:Class`` names; raise ``Refusal`` where there is none that could be used."""
        if not _REFERENCE.fullmatch(reference):
            raise self.refusal("form", reference=repr(reference[:60]), example=self.example)
        module, _, name = reference.partition(":")
        try:
            found = getattr(importlib.import_module(module), name)
        except (Exception, SystemExit) as error:  # a stranger's module may fail in any way
            raise self.refusal("broken", reference=reference, reason=one_line(error)) from None
        if reason := self._unfit(found):
            raise self.refusal("unfit", reference=reference, reason=reason)
        try:
            found()
        except Exception as error:
            reason = Message.of("outside.no_default", reason=one_line(error))
            raise self.refusal("unfit", reference=reference, reason=reason) from None
        fit: type[T] = found
        return fit

    def refusal(self, key: str, **values: object) -> Refusal:
        """Return a refusal with a sentence about things of this kind."""
        return Refusal(f"outside.{key}", word=Message.of(f"outside.word.{self.word}"), **values)

    def _unfit(self, found: Any) -> Message | None:
        """Say why something cannot be used."""
        if not (inspect.isclass(found) and issubclass(found, self.base)):
            return Message.of("outside.not_derived", base=self.called)
        if lacking := sorted(getattr(found, "__abstractmethods__", ())):
            return Message.of("outside.abstract", names=", ".join(lacking))
        if not dataclasses.is_dataclass(found) or "__dataclass_fields__" not in vars(found):
            return Message.of("outside.no_dataclass")
        said = {name: getattr(found, name, None) for name in self.said}
        if wrong := [name for name, kind in self.said.items() if not isinstance(said[name], kind)]:
            return Message.of("outside.unsaid", names=", ".join(wrong))
        slug = str(said["slug"])
        return None if _SLUG.fullmatch(slug) else Message.of("outside.bad_slug", slug=repr(slug[:40]))


@final
class Catalogue(Mapping[str, type[T]]):
    """Classes by their slugs, ours first. Packages are looked for on first use, when ours can all be imported."""

    def __init__(self, ours: Mapping[str, type[T]], kind: Kind[T]) -> None:
        self._known = dict(ours)
        self._kind = kind
        self._complete = False

    def _all(self) -> Mapping[str, type[T]]:
        if not self._complete:
            self._complete = True  # before a package is imported, which may ask for ours
            for entry in sorted(entry_points(group=self._kind.group), key=lambda entry: entry.name):
                try:
                    self._known[entry.name] = self._of(entry.name, entry.value)
                except Refusal as refusal:
                    logging.getLogger(__name__).warning("%s", refusal)
        return self._known

    def _of(self, slug: str, reference: str) -> type[T]:
        if slug in self._known:
            raise self._kind.refusal("taken", slug=slug, reference=reference)
        found = self._kind.load(reference)
        if found.slug != slug:
            raise self._kind.refusal("renamed", slug=slug, reference=reference, own=found.slug)
        return found

    def __getitem__(self, slug: str) -> type[T]:
        return self._all()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def one_line(error: BaseException) -> str:
    """Put an error of somebody else's code into one line."""
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return said if len(said) <= 160 else said[:157] + "..."
