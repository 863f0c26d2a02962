"""The handwritten digits of scikit-learn: 8x8 pictures, without a download."""

from dataclasses import dataclass
from functools import cache
from typing import ClassVar, final

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from spec import param
from toy_data.dials import DialSet
from toy_data.samples import Samples


@final
@dataclass(frozen=True, kw_only=True)
class Digits(DialSet):
    """1,797 digits of 8x8 pixels (UCI, Alpaydin and Kaynak 1998), four fifths for training."""

    slug: ClassVar[str] = "digits"
    per_class: int = param(150, symbol="n", low=5, high=150, slider=(10, 150), whole=True)

    def read(self) -> Samples:
        """Read the digits that come with scikit-learn and split them, with the same share of each class."""
        return _split()


@cache
def _split() -> Samples:
    pictures, labels = load_digits(return_X_y=True)
    train, test = train_test_split(np.arange(len(labels)), test_size=0.2, random_state=0, stratify=labels)
    pictures = pictures.reshape(-1, 8, 8).astype(np.uint8)
    labels = labels.astype(np.int64)
    return Samples(
        train_x=pictures[train],
        train_y=labels[train],
        test_x=pictures[test],
        test_y=labels[test],
        classes=tuple(str(digit) for digit in range(10)),
        offset=0.0,
        factor=1 / 16,  # pixels count ink from 0 to 16
    )
