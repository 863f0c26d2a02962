"""Which losses there are: ours, and those that installed packages bring along."""

import dataclasses
import importlib
import inspect
import logging
import re
from collections.abc import Iterator, Mapping
from importlib.metadata import entry_points
from typing import Any, final

from losses.base import Citation, Family, Loss
from spec import Message, Refusal

#: The entry-point group of packages with losses of their own: the name is the slug, the value ``module:Class``.
GROUP = "loss_geometry.losses"

_REFERENCE = re.compile(r"[A-Za-z_][\w.]*:[A-Za-z_]\w*")
_SLUG = re.compile(r"[a-z][a-z0-9_]{0,39}")

#: What every loss says of itself.
_SAID = {"slug": str, "title": str, "formula": str, "family": Family, "cite": Citation, "branches": tuple}


@final
class Catalogue(Mapping[str, type[Loss]]):
    """Losses by their slugs, ours first. Packages are looked for on first use, when ours can all be imported."""

    def __init__(self, ours: Mapping[str, type[Loss]]) -> None:
        self._known = dict(ours)
        self._complete = False

    def _all(self) -> Mapping[str, type[Loss]]:
        if not self._complete:
            self._complete = True  # before a package is imported, which may ask for ours
            for entry in sorted(entry_points(group=GROUP), key=lambda entry: entry.name):
                try:
                    self._known[entry.name] = self._of(entry.name, entry.value)
                except Refusal as refusal:
                    logging.getLogger(__name__).warning("%s", refusal)
        return self._known

    def _of(self, slug: str, reference: str) -> type[Loss]:
        if slug in self._known:
            raise Refusal("outside.taken", slug=slug, reference=reference)
        loss = load(reference)
        if loss.slug != slug:
            raise Refusal("outside.renamed", slug=slug, reference=reference, own=loss.slug)
        return loss

    def __getitem__(self, slug: str) -> type[Loss]:
        return self._all()[slug]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def load(reference: str) -> type[Loss]:
    """Return the loss that ``module:Class`` names; raise ``Refusal`` where there is none that could be used."""
    if not _REFERENCE.fullmatch(reference):
        raise Refusal("outside.form", reference=repr(reference[:60]))
    module, _, name = reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (Exception, SystemExit) as error:  # a stranger's module may fail in any way
        raise Refusal("outside.broken", reference=reference, reason=_one_line(error)) from None
    if reason := _unfit(found):
        raise Refusal("outside.unfit", reference=reference, reason=reason)
    loss: type[Loss] = found
    try:
        loss()
    except Exception as error:
        reason = Message.of("outside.no_default", reason=_one_line(error))
        raise Refusal("outside.unfit", reference=reference, reason=reason) from None
    return loss


def _unfit(found: Any) -> Message | None:
    """Say why something cannot be used as a loss."""
    if not (inspect.isclass(found) and issubclass(found, Loss)):
        return Message.of("outside.no_loss")
    if lacking := sorted(found.__abstractmethods__):
        return Message.of("outside.abstract", names=", ".join(lacking))
    if not dataclasses.is_dataclass(found) or "__dataclass_fields__" not in vars(found):
        return Message.of("outside.no_dataclass")
    wrong = [name for name, kind in _SAID.items() if not isinstance(getattr(found, name, None), kind)]
    if wrong:
        return Message.of("outside.unsaid", names=", ".join(wrong))
    return None if _SLUG.fullmatch(found.slug) else Message.of("outside.bad_slug", slug=repr(found.slug[:40]))


def _one_line(error: BaseException) -> str:
    said = " ".join(f"{type(error).__name__}: {error}".split())
    return said if len(said) <= 160 else said[:157] + "..."
