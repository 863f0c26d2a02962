"""What each loss alone is held against, one file a loss: numbers, sibling losses, other people's code.

The file of a loss is named by its slug and may have three tuples: ``NUMBERS``, ``SIBLINGS`` and ``OTHER_CODE``.
"""

import importlib
import importlib.util
from collections.abc import Iterator
from typing import Any, Protocol

from losses import Loss
from verification.comparison import Finding
from verification.other_code import METRIC_LEARNING, OtherCode, absence
from verification.reference_numbers import ReferenceNumbers
from verification.siblings import Sibling


class Reference(Protocol):
    """One row of the table: a check that belongs to one loss."""

    @property
    def name(self) -> str:
        """What tells the row from the other rows of its loss."""
        ...

    def findings(self, loss: type[Loss]) -> Iterator[Finding]:
        """Compare the loss with the reference."""
        ...


def numbers_of(slug: str) -> tuple[ReferenceNumbers, ...]:
    """Return the reference numbers of one of our losses; none where it has no file."""
    return _tuple(slug, "NUMBERS")


def siblings_of(slug: str) -> tuple[Sibling, ...]:
    """Return the siblings of one of our losses."""
    return _tuple(slug, "SIBLINGS")


def other_code_of(slug: str) -> tuple[OtherCode, ...]:
    """Return the other implementations of one of our losses whose package is installed."""
    rows: tuple[OtherCode, ...] = _tuple(slug, "OTHER_CODE")
    return rows if absence() is None else tuple(row for row in rows if row.package != METRIC_LEARNING)


def references_of(slug: str) -> tuple[Reference, ...]:
    """Return all references of one of our losses, numbers first."""
    return (*numbers_of(slug), *siblings_of(slug), *other_code_of(slug))


def _tuple(slug: str, name: str) -> tuple[Any, ...]:
    module = f"{__name__}.{slug}"
    if importlib.util.find_spec(module) is None:
        return ()
    return tuple(getattr(importlib.import_module(module), name, ()))
