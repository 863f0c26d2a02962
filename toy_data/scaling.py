"""Features brought to mean 0 and deviation 1: of any size that a float has, and without copies of all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data.raw import pieces

Floats = NDArray[np.float32]


def standardised(name: str, train: NDArray[Any], test: NDArray[Any]) -> tuple[Floats, Floats]:
    """Return features ``(N, F)`` and ``(M, F)``, scaled by what brings those for training to mean 0 and deviation 1.

    A feature that is the same for all of these says nothing: it becomes 0 for them. Raises ``Refusal``, naming the
    file, where one for testing lies so far from them that float32 does not reach.
    """
    low = np.min([piece.min(axis=0) for _, piece in pieces(train)], axis=0)
    high = np.max([piece.max(axis=0) for _, piece in pieces(train)], axis=0)
    same = low == high
    # by powers of two, which are exact: of squares of 1e300 nothing but infinity would be left, of 1e-300 nothing
    exponent = np.where(same, 0, -np.frexp(np.maximum(np.abs(low), np.abs(high)))[1])
    mean = np.sum([np.ldexp(piece, exponent).sum(axis=0) for _, piece in pieces(train)], axis=0) / len(train)
    mean = np.where(same, low, mean)
    squares = [((np.ldexp(piece, exponent) - mean) ** 2).sum(axis=0) for _, piece in pieces(train)]
    deviation = np.where(same, 1.0, np.sqrt(np.sum(squares, axis=0) / len(train)))

    def scaled(x: NDArray[Any]) -> Floats:
        made = np.empty(x.shape, np.float32)
        with np.errstate(over="ignore"):
            for rows, piece in pieces(x):
                made[rows] = (np.ldexp(piece, exponent) - mean) / deviation
        return made

    made = scaled(train), scaled(test)
    if not all(np.isfinite(piece).all() for _, piece in pieces(made[1])):
        raise Refusal("data.own_far", file=name)
    return made
