"""The arrays of a data set, and the helpers of its readers."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.uint8] | NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Samples:
    """The arrays of a data set.

    ``train_x`` ``(N, ...)`` and ``test_x`` ``(M, ...)`` are pictures as bytes, ``(N, H, W)``, or features as float32,
    ``(N, F)``. Labels are int64 from 0; ``classes`` are their names.
    ``offset`` and ``factor`` bring the samples to the scale of the net: ``(x - offset) * factor``.
    ``held_out_x`` and ``held_out_y`` are the test samples of the classes that are left out of training and test, or
    ``None``. Their labels continue after those of ``classes``; their names are ``held_out_classes``.
    """

    train_x: Array
    train_y: NDArray[np.int64]
    test_x: Array
    test_y: NDArray[np.int64]
    classes: tuple[str, ...]
    offset: float
    factor: float
    held_out_x: Array | None = None
    held_out_y: NDArray[np.int64] | None = None
    held_out_classes: tuple[str, ...] = ()

    @property
    def image(self) -> tuple[int, int] | None:
        """Height and width of the pictures, or ``None`` where the samples are no pictures."""
        return (self.train_x.shape[1], self.train_x.shape[2]) if self.train_x.ndim == 3 else None

    @property
    def arrays(self) -> tuple[NDArray[np.generic], ...]:
        """All arrays that are not ``None``, in the order of the fields."""
        every = (self.train_x, self.train_y, self.test_x, self.test_y, self.held_out_x, self.held_out_y)
        return tuple(array for array in every if array is not None)


def freeze(samples: Samples) -> Samples:
    """Make the arrays read-only, since everyone who loads the same data set shares them."""
    for array in samples.arrays:
        array.flags.writeable = False
    return samples


def scale_of(pixels: NDArray[np.uint8]) -> tuple[float, float]:
    """Return the offset and the factor that bring pixels ``(N, H, W)`` to mean 0 and standard deviation 1."""
    # in pieces: a float copy of all pixels would take eight times their memory
    pieces = (np.bincount(pixels[first : first + 1000].ravel(), minlength=256) for first in range(0, len(pixels), 1000))
    counts = np.sum(list(pieces), axis=0)
    values = np.arange(256)
    mean = float(np.average(values, weights=counts))
    deviation = float(np.sqrt(np.average((values - mean) ** 2, weights=counts)))
    return mean, 1 / deviation if deviation else 1.0
