"""Sums of hinges over all triplets or quadruplets of a batch, by sorting instead of going through them one by one.

Where a hinge ``max(0, a - b + margin)`` is active it is linear. So it is enough to know for each ``a`` which ``b``
lie below ``a + margin``: once the ``b`` are sorted, those before a place. That takes ``N^2 log N`` steps and memory
for ``N^2`` numbers where triplets are ``N^3`` and quadruplets ``N^4``; value and gradient are the same.
"""

import math

import torch
from torch import Tensor


def triplet_sums(
    distance: Tensor, positive: Tensor, negative: Tensor, margin: float, *, semi_hard: bool
) -> tuple[Tensor, Tensor]:
    """Return the cost of all triplets of each anchor ``(N,)``, and how many triplets are active.

    For distances ``(N, N)`` and the masks of an anchor's positives and negatives. With ``semi_hard`` only
    negatives that are farther than the positive count.
    """
    still = distance.detach()
    line, order = torch.where(negative, still, math.inf).sort(dim=1)
    stop = _places(line, still + margin)
    start = _places(line, still, right=True) if semi_hard else torch.zeros_like(stop)
    stop = torch.where(positive, torch.maximum(start, stop), 0)
    start = torch.where(positive, start, 0)
    one, steps = torch.ones_like(stop), stop.new_zeros(len(stop), len(stop) + 1)
    steps = steps.scatter_add(1, start, one).scatter_add(1, stop, -one)
    as_positive, as_negative = stop - start, one.scatter(1, order, steps.cumsum(dim=1)[:, :-1])
    cost = as_positive * (distance + margin) - as_negative * distance
    return cost.sum(dim=1), as_positive.sum()


def quadruplet_sums(distance: Tensor, y: Tensor, positive: Tensor, negative: Tensor, margin: float) -> Tensor:
    """Return the cost of all quadruplets of each anchor ``(N,)``.

    A quadruplet is an ordered pair of one class and an ordered pair of two other classes. Those that share the
    anchor's class are counted separately and left out: for this, pairs are also sorted class by class.
    """
    pairs = distance.numel()
    still, apart = distance.detach().flatten(), torch.where(negative, distance, 0).flatten()
    line, order = torch.where(negative.flatten(), still, math.inf).sort()
    place = torch.zeros_like(order).scatter(0, order, torch.arange(pairs, device=y.device))
    stop = _places(line, still + margin).reshape(distance.shape)

    samples = torch.arange(len(y), device=y.device)
    shelf = torch.where(y[:, None] == y[None, :], samples, len(y)).amin(dim=1) * (pairs + 1)  # one for each class
    key = torch.where(negative, shelf[:, None] + place.reshape(distance.shape), len(y) * (pairs + 1))
    shelves, reorder = key.flatten().sort()
    low, high = _places(shelves, shelf)[:, None], _places(shelves, shelf[:, None] + stop)

    count = stop - 2 * (high - low)  # a pair with the class first, and the same pair with the class second
    nearer, common = _running(apart[order]), _running(apart[reorder])
    total = nearer[stop] - 2 * (common[high] - common[low])
    cost = torch.where(positive, count * (distance + margin) - total, 0).sum(dim=1)
    return torch.where(quadruplet_count(positive, negative) > 0, cost, 0)  # with two classes only rounding would remain


def triplet_count(positive: Tensor, negative: Tensor) -> Tensor:
    """Return how many triplets there are (0-d)."""
    return (positive.sum(dim=1) * negative.sum(dim=1)).sum()


def quadruplet_count(positive: Tensor, negative: Tensor) -> Tensor:
    """Return how many quadruplets there are (0-d): for each pair of a class all pairs of two other classes."""
    own, other = positive.sum(dim=1) + 1, negative.sum(dim=1)
    return (positive.sum(dim=1) * (negative.sum() - 2 * own * other)).sum()


def _running(values: Tensor) -> Tensor:
    """Return the sums of the first 0, 1, 2, ... values."""
    return torch.cat([values.new_zeros(1), values]).cumsum(dim=0)


def _places(line: Tensor, values: Tensor, *, right: bool = False) -> Tensor:
    """Return the place of each value in a sorted line: before equal values, or with ``right`` behind them."""
    # torch warns where vmap copies one of the two for all panels; a zero made of the other gives each panel its own
    blank = line.flatten()[0].isnan() | values.flatten()[0].isnan()
    line, values = line + blank.to(line), values.to(line) + blank.to(line)
    return torch.searchsorted(line, values.contiguous(), right=right)
