"""The published counts of the sets, which check downloads and tell the files of one set from another's."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Source:
    """A data set on OpenML: its number and name there, the range of its pixels, and what it must hold.

    ``train`` and ``test`` are the published counts of each class. The training samples come first there.
    ``ink`` is the mean of the training pixels (0 to 255), for sets that have the same counts.
    """

    number: int
    name: str
    side: int
    train: tuple[int, ...]
    test: tuple[int, ...]
    low: int = 0
    high: int = 255
    ink: float = 0.0


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        # counts: LeCun, Cortes and Burges 1998
        "mnist": Source(
            554,
            "mnist_784",
            28,
            (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        ),
        # ink: the usual means for normalisation, 0.2860 and 0.1918 of 255
        "fashion_mnist": Source(40996, "Fashion-MNIST", 28, (6000,) * 10, (1000,) * 10, ink=72.9),
        "kuzushiji_mnist": Source(41982, "Kuzushiji-MNIST", 28, (6000,) * 10, (1000,) * 10, ink=48.9),
        # counts: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, "ZIP code"
        "usps": Source(
            41082,
            "USPS",
            16,
            (1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644),
            (359, 264, 198, 166, 200, 160, 170, 147, 166, 177),
            low=-1,
            high=1,
        ),
    }
)


def with_counts(train: NDArray[np.int64], test: NDArray[np.int64]) -> tuple[str, ...]:
    """Return the slugs of the sets with these numbers of labels in each class, for training and for testing."""
    counts = tuple(tuple(np.bincount(labels, minlength=10).tolist()) for labels in (train, test))
    return tuple(slug for slug, source in SOURCES.items() if (source.train, source.test) == counts)
