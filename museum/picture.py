"""What an exhibit shows, as numbers: zones in the plane, curves, or samples. How they are drawn is not said here."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Zones:
    """Where in the plane a class has its samples cheaply.

    ``owner`` ``(A, A)`` holds, for rows ``y`` and columns ``x`` of ``axis`` ``(A,)``, the label that costs least
    there, and -1 where even that one costs ``log 2`` or more: as much as a choice between two that is left to chance.
    ``vectors`` ``(C, 2)`` are the class vectors, or with ``rays`` false the class means.
    """

    axis: Floats
    owner: Whole
    vectors: Floats
    rays: bool = True


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Lines over one axis, by name; where they have no number, they have none to show."""

    x: Floats
    lines: dict[str, Floats]
    across: str
    up: str


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Samples in the plane ``(N, 2)`` with their labels, as far as they have a place.

    ``start`` is where they were before (no rows: they did not move), ``mistaken`` marks those that are taken for
    another class. ``trails`` are the ways of class centres ``(T, 2)``, ``borders`` the lines between classes, and
    ``hidden`` counts the samples that are not among the points.
    """

    points: Floats
    labels: Whole
    start: Floats
    mistaken: NDArray[np.bool_]
    trails: tuple[Floats, ...] = ()
    borders: tuple[Floats, ...] = ()
    hidden: int = 0


#: What a rule leads to.
Picture = Zones | Curves | Samples
