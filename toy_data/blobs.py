"""Gaussian clouds: a data set whose difficulty is a slider."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np

from spec import param
from toy_data.synthetic import Skeleton, Synthetic


@final
@dataclass(frozen=True, kw_only=True)
class Blobs(Synthetic):
    """One round Gaussian cloud for each class. The centres are drawn from a standard normal distribution."""

    slug: ClassVar[str] = "blobs"
    classes: int = param(5, symbol="C", low=2, high=10, whole=True)
    features: int = param(8, symbol="F", low=2, high=64, slider=(2, 32), whole=True)
    spread: float = param(0.4, symbol="\\sigma", low=0.01, high=5.0, slider=(0.05, 1.5))

    def skeleton(self, rng: np.random.Generator) -> Skeleton:
        """Return a function that gives each label its centre."""
        centers = rng.standard_normal((self.classes, self.features))
        return lambda labels, rng: centers[labels]
