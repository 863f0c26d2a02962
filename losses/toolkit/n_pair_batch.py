"""The batch of the N-pair papers: the first two samples of each class are the anchor and its positive.

The positives of the other classes are the negatives. A batch has at most half as many pairs as samples, so that this
takes a quarter of the room of all pairs.
"""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, pad

from losses.toolkit.pair_similarity import softplus


def class_pairs(y: Tensor) -> tuple[Tensor, Tensor]:
    """Return anchors and positives ``(2, N // 2)`` by their places in the batch, and which of them there are."""
    (labels, order), room = torch.sort(y, stable=True), len(y) // 2
    again = pad(labels[1:] == labels[:-1], (1, 1 - len(y) % 2))
    begins = again[1:] > again[:-1]  # a class that goes on
    # classes begin two places apart or more, so that of two places at most one is an anchor's
    begins = begins[: 2 * room].reshape(room, 2)
    places = torch.arange(2 * room, device=y.device).reshape(room, 2).T + begins[:, 1]
    return order[places], begins.any(dim=1)


def together(similarity: Tensor, real: Tensor) -> Tensor:
    """Return what each anchor costs against all negatives at once, for similarities to all positives ``(P, P)``.

    What is no anchor costs nothing.
    """
    lowest = torch.finfo(similarity.dtype).min
    own = torch.arange(len(real), device=real.device)
    return cross_entropy(torch.where(_among(real, own=True), similarity, lowest), own, reduction="none")


def one_by_one(similarity: Tensor, real: Tensor) -> Tensor:
    """Return what each anchor costs against the negatives one after the other, added up."""
    gap = similarity - similarity.diagonal()[:, None]
    return softplus(torch.where(_among(real, own=False), gap, -math.inf)).sum(dim=1)


def over_samples(cost: Tensor, y: Tensor, places: Tensor, real: Tensor) -> Tensor:
    """Return values ``(N,)`` whose mean is the mean cost of the pairs: it falls on both of a pair alike."""
    half = cost * (len(y) / 2 / real.sum(dtype=cost.dtype).clamp_min(1))
    return cost.new_zeros(len(y)).index_put((places,), half, accumulate=True)


def _among(real: Tensor, *, own: bool) -> Tensor:
    """Return ``(P, P)`` where both are real, and on the diagonal ``own``."""
    both, same = real[:, None] & real[None, :], torch.eye(len(real), dtype=torch.bool, device=real.device)
    return both | same if own else both & ~same
