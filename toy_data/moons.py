"""Half circles that reach into one another: classes that no straight line separates."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from spec import param
from toy_data.synthetic import Skeleton, Synthetic

#: Distance between neighbouring centres. Every second moon opens to the same side, and these must not touch.
STEP = 1.25


@final
@dataclass(frozen=True, kw_only=True)
class Moons(Synthetic):
    """Half circles of radius 1 in the plane, open downwards and upwards in turn, each reaching into the next."""

    slug: ClassVar[str] = "moons"
    classes: int = param(2, symbol="C", low=2, high=10, whole=True)

    def skeleton(self, rng: np.random.Generator) -> Skeleton:
        """Return a function that draws places evenly along the half circles."""

        def places(labels: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.float64]:
            angle = np.pi * rng.random(len(labels))
            up = 1 - 2 * (labels % 2)
            return np.stack([STEP * labels + np.cos(angle), 0.5 * (labels % 2) + up * np.sin(angle)], axis=1)

        return places
