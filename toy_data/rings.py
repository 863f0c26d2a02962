"""Rings about one centre: classes that differ in length, not in direction."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from spec import param
from toy_data.synthetic import Skeleton, Synthetic

#: The radius of the first ring, and the distance between two rings.
STEP = 0.5


@final
@dataclass(frozen=True, kw_only=True)
class Rings(Synthetic):
    """Circles in the plane about the origin. Two rings are as far apart as the first is from the origin."""

    slug: ClassVar[str] = "rings"
    classes: int = param(3, symbol="C", low=2, high=10, whole=True)
    spread: float = param(0.08, symbol="\\sigma", low=0.0, high=5.0, slider=(0.0, 0.5))

    def skeleton(self, rng: np.random.Generator) -> Skeleton:
        """Return a function that draws places evenly along the circles."""

        def places(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
            angle = 2 * np.pi * rng.random(len(labels))
            radius = STEP * (labels + 1)
            return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

        return places
