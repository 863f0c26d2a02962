"""The batch of the N-pair papers: the first two samples of each class are the anchor and its positive.

The positives of the other classes are the negatives. A batch has at most half as many pairs as samples, so this takes
a quarter of the memory of all pairs.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from losses.toolkit.pair_similarity import softplus


def class_pairs(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return the places of anchors and positives in the batch ``(2, N // 2)``, and which of these pairs exist."""
    (labels, order), room = torch.sort(y, stable=True), len(y) // 2
    again = pad(labels[1:] == labels[:-1], (1, 1 - len(y) % 2))
    begins = again[1:] > again[:-1]  # the first of two or more of a class
    # classes begin two places apart or more, so at most one of two neighbouring places is an anchor's
    begins = begins[: 2 * room].reshape(room, 2)
    places = torch.arange(2 * room, device=y.device).reshape(room, 2).T + begins[:, 1]
    return order[places], begins.any(dim=1)


def together(similarity: Tensor, real: Tensor) -> Tensor:
    """Return the cost of each anchor against all negatives at once, for similarities to all positives ``(P, P)``.

    Pairs that do not exist cost nothing.
    """
    lowest = torch.finfo(similarity.dtype).min
    own = torch.arange(len(real), device=real.device)
    return cross_entropy(torch.where(_among(real, own=True), similarity, lowest), own, reduction="none")


def one_by_one(similarity: Tensor, real: Tensor) -> Tensor:
    """Return the cost of each anchor, summed over single negatives."""
    gap = similarity - similarity.diagonal()[:, None]
    return softplus(torch.where(_among(real, own=False), gap, -math.inf)).sum(dim=1)


def over_samples(cost: Tensor, y: Tensor, places: Tensor, real: Tensor) -> Tensor:
    """Return values ``(N,)`` whose mean is the mean cost of the pairs; both samples of a pair get half of it."""
    half = cost * (len(y) / 2 / real.sum(dtype=cost.dtype).clamp_min(1))
    return cost.new_zeros(len(y)).index_put((places,), half, accumulate=True)


def _among(real: Tensor, *, own: bool) -> Tensor:
    """Return ``(P, P)``: true where both pairs exist; on the diagonal ``own``."""
    both, same = real[:, None] & real[None, :], torch.eye(len(real), dtype=torch.bool, device=real.device)
    return both | same if own else both & ~same
