"""Standardized features: of any size that a float has, and without a copy of all of them."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data.raw import pieces

Floats = NDArray[np.float32]


def standardize(name: str, train: NDArray[Any], test: NDArray[Any]) -> tuple[Floats, Floats]:
    """Scale features ``(N, F)`` and ``(M, F)`` so that those for training have mean 0 and standard deviation 1.

    A feature with the same value in all training samples becomes 0 there. Raises ``Refusal``, naming the file,
    where a feature for testing is too far away for float32.
    """
    low = np.min([piece.min(axis=0) for _, piece in pieces(train)], axis=0)
    high = np.max([piece.max(axis=0) for _, piece in pieces(train)], axis=0)
    same = low == high
    # scaled by powers of two first, which is exact: squares of 1e300 would overflow, those of 1e-300 vanish
    exponent = np.where(same, 0, -np.frexp(np.maximum(np.abs(low), np.abs(high)))[1])
    mean = np.sum([np.ldexp(piece, exponent).sum(axis=0) for _, piece in pieces(train)], axis=0) / len(train)
    mean = np.where(same, low, mean)
    squares = [((np.ldexp(piece, exponent) - mean) ** 2).sum(axis=0) for _, piece in pieces(train)]
    deviation = np.where(same, 1.0, np.sqrt(np.sum(squares, axis=0) / len(train)))

    def scale(x: NDArray[Any]) -> Floats:
        result = np.empty(x.shape, np.float32)
        with np.errstate(over="ignore"):
            for rows, piece in pieces(x):
                result[rows] = (np.ldexp(piece, exponent) - mean) / deviation
        return result

    features = scale(train), scale(test)
    if not all(np.isfinite(piece).all() for _, piece in pieces(features[1])):
        raise Refusal("data.own_far", file=name)
    return features
