"""Synthetic data sets: a skeleton for each class, and Gaussian noise about it."""

from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import final

import numpy as np
from numpy.typing import NDArray

from spec import param
from toy_data.dials import DialSet
from toy_data.samples import Samples, freeze

Skeleton = Callable[[NDArray[np.int64], np.random.Generator], NDArray[np.float64]]


@dataclass(frozen=True, kw_only=True)
class Synthetic(DialSet):
    """Samples drawn about the skeleton of their class.

    ``spread`` is the standard deviation of a sample about its skeleton. There are ``per_class`` training samples of
    each class, and a quarter as many test samples.
    """

    per_class: int = param(200, symbol="n", low=5, high=2000, slider=(20, 500), whole=True)
    spread: float = param(0.1, symbol="\\sigma", low=0.0, high=5.0, slider=(0.0, 0.5))

    @abstractmethod
    def skeleton(self, rng: np.random.Generator) -> Skeleton:
        """Return a function that draws, for labels ``(N,)``, places on the skeletons ``(N, F)``."""

    @final
    def read(self) -> Samples:
        """Draw the samples."""
        return _draw_samples(self)


@lru_cache(maxsize=16)  # a slider that is dragged must not keep every copy
def _draw_samples(data: Synthetic) -> Samples:
    rng = np.random.default_rng(data.seed)
    skeleton = data.skeleton(rng)

    def draw(per_class: int) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        labels = rng.permutation(np.repeat(np.arange(data.classes, dtype=np.int64), per_class))
        places = skeleton(labels, rng)
        return (places + data.spread * rng.standard_normal(places.shape)).astype(np.float32), labels

    train_x, train_y = draw(data.per_class)
    test_x, test_y = draw(max(1, data.per_class // 4))
    names = tuple(str(label) for label in range(data.classes))
    return freeze(Samples(train_x, train_y, test_x, test_y, classes=names, offset=0.0, factor=1.0))
