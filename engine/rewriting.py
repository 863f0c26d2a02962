"""Operations written otherwise before a step is compiled: the same numbers up to rounding, in fewer passes.

A loss is written for samples in rows. A compiled loop is fastest where samples lie side by side in memory, 16 of them
in a register, rather than the two coordinates or the ten classes of one. Inductor lets a result lie as what it is
computed from lies; these operations are what made it turn the samples into rows.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from engine.weights import LINE

_aten = torch.ops.aten

#: A tensor, or ``NotImplemented`` for an operation that stays as it is; types have no name for the latter.
Written = Tensor | Any


def products(left: Tensor, right: Tensor) -> Written:
    """Return products ``(K, N, M)`` whose rows do not fill a register, computed lying on their side."""
    rows, columns = left.shape[1], right.shape[2]
    if columns >= min(rows, LINE):
        return NotImplemented
    return torch.bmm(right.mT, left.mT).mT


def log_softmax(scores: Tensor, dim: int, half_to_float: bool) -> Written:
    """Return the logarithms of softmax, the largest score taken off before.

    Added with its sign turned: Inductor knows the subtraction, and finds the extremes three times in its place.
    """
    if half_to_float:
        return NotImplemented
    shifted = scores + -scores.amax(dim, keepdim=True)
    return shifted - shifted.exp().sum(dim, keepdim=True).log()


def gather(numbers: Tensor, dim: int, index: Tensor, *, sparse_grad: bool = False) -> Written:
    """Return one number of each row by comparing places, not by looking it up in memory."""
    if not _one_each(numbers, dim, index):
        return NotImplemented
    return torch.where(_meant(numbers, dim, index), numbers, 0).sum(dim, keepdim=True)


def scatter_add(numbers: Tensor, dim: int, index: Tensor, source: Tensor) -> Written:
    """Add one number to each row by comparing places."""
    if not _one_each(numbers, dim, index) or source.shape != index.shape:
        return NotImplemented
    return numbers + torch.where(_meant(numbers, dim, index), source, 0)


def _one_each(numbers: Tensor, dim: int, index: Tensor) -> bool:
    """Return whether one place is meant in every row."""
    rows = [*numbers.shape]
    rows[dim] = 1
    return list(index.shape) == rows


def _meant(numbers: Tensor, dim: int, index: Tensor) -> Tensor:
    """Return where the places of an index are, in the shape of the numbers."""
    count = numbers.shape[dim]
    shape = [1] * numbers.ndim
    shape[dim] = count
    return index == torch.arange(count, device=index.device).view(shape)


#: What is traced in place of what.
REWRITTEN: dict[Any, Callable[..., Written]] = {
    _aten.bmm.default: products,
    _aten._log_softmax.default: log_softmax,
    _aten.gather.default: gather,
    _aten.scatter_add.default: scatter_add,
}
