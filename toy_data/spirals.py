"""Spirals wound into one another: classes that are near each other everywhere."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from spec import param
from toy_data.synthetic import Skeleton, Synthetic

#: Inner and outer radius. At the origin itself the arms would meet.
INNER, OUTER = 0.2, 2.0


@final
@dataclass(frozen=True, kw_only=True)
class Spirals(Synthetic):
    """One arm of an Archimedean spiral for each class, all about the origin, each turned from the one before."""

    slug: ClassVar[str] = "spirals"
    classes: int = param(3, symbol="C", low=2, high=10, whole=True)
    spread: float = param(0.05, symbol="\\sigma", low=0.0, high=5.0, slider=(0.0, 0.5))
    turns: float = param(1.0, symbol="w", low=0.0, high=5.0, slider=(0.0, 2.0))

    def skeleton(self, rng: np.random.Generator) -> Skeleton:
        """Return a function that draws places along the arms, evenly in radius."""

        def places(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
            way = rng.random(len(labels))
            angle = 2 * np.pi * (labels / self.classes + self.turns * way)
            radius = INNER + (OUTER - INNER) * way
            return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)

        return places
