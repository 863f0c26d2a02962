"""The shown samples of a run, which never change."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class Points:
    """What never changes in a run: the shown samples' labels, split (0 train, 1 test), place, and pictures."""

    labels: NDArray[np.uint8]
    split: NDArray[np.uint8]
    index: NDArray[np.int64]
    images: NDArray[np.uint8] | None = None
