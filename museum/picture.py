"""The picture of an exhibit as numbers: zones in the plane, curves, or samples. Drawing them is done elsewhere."""

from dataclasses import dataclass
from typing import final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Zones:
    """The zones of the plane where a sample of a class costs little.

    ``owner`` ``(A, A)`` holds, for rows ``y`` and columns ``x`` of ``axis`` ``(A,)``, the label that costs least
    there, and -1 where even that one costs ``log 2`` or more: the cost of a random choice between two classes.
    ``vectors`` ``(C, 2)`` are the class vectors, or with ``rays`` false the class means.
    """

    axis: Floats
    owner: Whole
    vectors: Floats
    rays: bool = True


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Lines over one axis, by name; NaN leaves a gap."""

    x: Floats
    lines: dict[str, Floats]
    across: str
    up: str


@final
@dataclass(frozen=True, kw_only=True, eq=False)
class Samples:
    """Samples in the plane ``(N, 2)`` with their labels; NaN where a sample has no place.

    ``start`` is where they were before (no rows: they did not move), ``mistaken`` marks those that the net gets
    wrong. ``trails`` are the paths of class centres ``(T, 2)``, ``borders`` the lines between classes, and
    ``hidden`` counts the samples that are not among the points.
    """

    points: Floats
    labels: Whole
    start: Floats
    mistaken: NDArray[np.bool_]
    trails: tuple[Floats, ...] = ()
    borders: tuple[Floats, ...] = ()
    hidden: int = 0


#: The picture of a rule.
Picture = Zones | Curves | Samples
