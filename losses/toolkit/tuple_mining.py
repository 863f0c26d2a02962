"""Pairs, triplets and quadruplets of a batch: which exist, and which cost most."""

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import reduce
from typing import final

import numpy as np
import torch
from torch import Tensor

from losses.shape import Circle, Role, Scene, Shape
from losses.toolkit import stable_ops

#: Triplets that are looked at together: a million take 4 MiB in float32, however large the batch.
CELLS = 2**20


@final
@dataclass(frozen=True, eq=False)
class Tuples:
    """Active pairs, triplets or quadruplets: sample numbers ``(T, 2 | 3 | 4)`` and weights ``(T,)``, strongest first.

    A weight is what the tuple adds to the loss of the batch; those of all active tuples add up to it. The columns
    are the two of a pair; anchor, positive, negative; or a pair of one class and a pair of different classes.
    """

    indices: Tensor
    weights: Tensor

    @classmethod
    def of(cls, indices: Tensor, weights: Tensor, most: int) -> "Tuples":
        """Keep the ``most`` strongest of those that weigh anything."""
        weights, order = weights.detach().sort(descending=True, stable=True)
        order = order[:most][weights[:most] > 0]
        return cls(indices[order], weights[: len(order)])

    def over(self, count: float) -> "Tuples":
        """Return the same with all weights divided."""
        return Tuples(self.indices, self.weights / count)

    @classmethod
    def join(cls, parts: Iterable["Tuples"], most: int) -> "Tuples":
        """Keep the ``most`` strongest of several."""
        parts = list(parts)
        return cls.of(torch.cat([part.indices for part in parts]), torch.cat([part.weights for part in parts]), most)

    @classmethod
    def from_grid(cls, weights: Tensor, most: int, first: int = 0) -> "Tuples":
        """Keep the ``most`` strongest of a grid of weights, whose first axis begins at sample ``first``."""
        top = weights.detach().flatten().topk(min(most, weights.numel()))
        indices = torch.stack(torch.unravel_index(top.indices, weights.shape), dim=1)
        indices[:, 0] += first
        return cls.of(indices, top.values, most)


def relations(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return ``(N, N)`` twice: where two samples are different ones of one class, and where classes differ."""
    same = y[:, None] == y[None, :]
    return same & ~torch.eye(len(y), dtype=torch.bool, device=y.device), ~same


def distances(z: Tensor, *, squared: bool) -> Tensor:
    """Return the distances ``(N, N)`` between embeddings ``(N, D)``, or their squares."""
    # one coordinate after the other: there are two or three, and the results of each fit the cache
    gaps = (column[:, None] - column for column in z.T)
    squares = reduce(torch.add, (gap * gap for gap in gaps))
    return squares if squared else stable_ops.root(squares)


def chunks(samples: int) -> Iterator[slice]:
    """Cut a batch into chunks of anchors, so that a chunk has at most ``CELLS`` triplets (or one anchor)."""
    size = max(1, CELLS // samples**2)
    return (slice(start, min(start + size, samples)) for start in range(0, samples, size))


def extremes(distance: Tensor, positive: Tensor, negative: Tensor) -> tuple[Tensor, Tensor]:
    """Return for each anchor ``(N,)`` its farthest positive and its nearest negative (any sample where it has none)."""
    still = distance.detach()
    farthest = torch.where(positive, still, -math.inf).argmax(dim=1)
    return farthest, torch.where(negative, still, math.inf).argmin(dim=1)


def nearest_strangers(distance: Tensor, y: Tensor, negative: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return for each sample the nearest pair of two other classes: both ends ``(N,)``, and whether one exists."""
    still = torch.where(negative, distance.detach(), math.inf)

    def without(label: Tensor) -> Tensor:
        other = y != label
        return torch.where(other[:, None] & other[None, :], still, math.inf).flatten().argmin()

    # the nearest pair of all serves every class but its own two
    best = still.flatten().argmin()[None]
    first, second = y.gather(0, best // len(y)), y.gather(0, best % len(y))
    pair = torch.where(y == first, without(first), torch.where(y == second, without(second), best))
    third, fourth = pair // len(y), pair % len(y)
    labels = y.gather(0, third), y.gather(0, fourth)
    return third, fourth, (labels[0] != y) & (labels[1] != y) & (labels[0] != labels[1])


def closest_strangers(distance: Tensor, y: Tensor, margin: float, most: int) -> Iterator[Tuples]:
    """Yield for each class its strongest quadruplets by cost, one for the four orders of the two pairs.

    Its ``most`` widest pairs against the ``most`` narrowest of two other classes hold its ``most`` strongest.
    """
    for label in torch.unique(y):
        own, other = torch.nonzero(y == label)[:, 0], torch.nonzero(y != label)[:, 0]
        wide = own[torch.combinations(torch.arange(len(own), device=y.device))]
        narrow = other[torch.combinations(torch.arange(len(other), device=y.device))]
        narrow = narrow[y[narrow[:, 0]] != y[narrow[:, 1]]]
        wide = wide[distance[wide[:, 0], wide[:, 1]].argsort(descending=True)[:most]]
        narrow = narrow[distance[narrow[:, 0], narrow[:, 1]].argsort()[:most]]
        gap = distance[wide[:, 0], wide[:, 1], None] - distance[narrow[:, 0], narrow[:, 1]]
        strongest = Tuples.from_grid(torch.relu(gap + margin), most)
        yield Tuples(
            torch.cat([wide[strongest.indices[:, 0]], narrow[strongest.indices[:, 1]]], dim=1), strongest.weights
        )


def strongest_triplets(
    cost: Callable[[Tensor, Tensor], Tensor], positive: Tensor, negative: Tensor, most: int
) -> tuple[Tuples, int]:
    """Return the triplets that cost most, and how many cost anything.

    ``cost`` maps anchors and positives ``(P,)`` to the cost with each negative ``(P, N)``.
    """
    pairs = torch.nonzero(positive)
    best = Tuples(pairs.new_zeros(0, 3), torch.zeros(0, device=positive.device))
    count, floor = 0, 0.0
    for part in torch.split(pairs, max(1, CELLS // len(positive))):
        costs = torch.where(negative[part[:, 0]], cost(part[:, 0], part[:, 1]), 0)
        row, last = torch.nonzero(costs > floor, as_tuple=True)
        here = Tuples(torch.cat([part[row], last[:, None]], dim=1), costs[row, last])
        best = Tuples.join([best, here], most)
        count += int((costs > 0).sum())
        floor = float(best.weights[-1]) if len(best.weights) == most else 0.0
    return best, count


def circles(scene: Scene, radius: float) -> tuple[Shape, ...]:
    """Return the circle (the sphere) of a radius about each class mean, inside which other classes are pushed away."""
    if scene.dim > 3:
        return ()
    return tuple(
        Circle(role=Role.MARGIN, owner=k, center=mean, radius=radius)
        for k, mean in enumerate(scene.means)
        if np.isfinite(mean).all()
    )
