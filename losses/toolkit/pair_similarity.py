"""Positives against negatives by similarity: the common parts of N-pair, InfoNCE, circle and unified loss."""

import math

import numpy as np
import torch
from torch import Tensor

from losses.base import Profile, State
from losses.shape import Array
from losses.toolkit import stable_ops
from losses.toolkit.tuple_mining import Tuples, chunks, relations, strongest_triplets

#: How far the lead of a dot product is shown on either side: at 5 the softplus is within 1 % of its asymptotes.
REACH = 5.0


def similarities(a: Tensor, b: Tensor, kind: str) -> Tensor:
    """Return ``(N, M)`` the cosines or the dot products of the rows of ``a`` and ``b``."""
    return stable_ops.cosines(a, b) if kind == "cosine" else stable_ops.linear(a, b)


def softplus(x: Tensor) -> Tensor:
    """Return ``log(1 + exp(x))``, which beyond 50 is ``x`` in any precision."""
    return torch.nn.functional.softplus(x, threshold=50)


def log_sum_exp(values: Tensor, mask: Tensor) -> Tensor:
    """Return ``log(sum(exp(values)))`` along rows where ``mask`` holds; of an empty row a very low, finite number."""
    lowest = torch.finfo(values.dtype).min / 4  # so that sums of two stay finite
    return torch.where(mask, values, lowest).logsumexp(dim=1)


def pairing(y: Tensor, pairs: str) -> tuple[Tensor, Tensor]:
    """Return ``(N, N)`` twice: which samples are an anchor and its positive, and which an anchor and its negative.

    ``all``: every ordered pair of a class, against all samples of other classes. ``class``: the first sample of a
    class is the anchor, the second its positive, and the positives of the other classes are the negatives.
    """
    positive, negative = relations(y)
    if pairs == "all":
        return positive, negative & positive.any(dim=1)[:, None]
    place = torch.tril(positive).sum(dim=1)
    anchor, second = ((place == 0) & positive.any(dim=1))[:, None], place == 1
    return positive & anchor & second, negative & anchor & second


def together(similarity: Tensor, negative: Tensor) -> Tensor:
    """Return the cost ``(N, N)`` of each pair as positive against all negatives of the anchor at once."""
    return softplus(log_sum_exp(similarity, negative)[:, None] - similarity)


def one_by_one(similarity: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return the cost ``(N, N)`` of each pair as positive, summed over single negatives of the anchor.

    In chunks of anchors, which keep the slope of the cost but not the ``N^3`` numbers that lead to it: value and
    first derivative are exact, higher derivatives are zero.
    """
    still = similarity.detach()
    # written in place: small results between large ones would keep the allocator from using the memory again
    cost, slope = torch.zeros_like(still), torch.zeros_like(still)
    for rows in chunks(len(still)):
        rival = positive[rows, :, None] & negative[rows, None, :]
        gap = torch.where(rival, still[rows, None, :] - still[rows, :, None], -math.inf)
        cost[rows] = softplus(gap).sum(dim=2)
        share = torch.sigmoid(gap)
        slope[rows] = share.sum(dim=1) - share.sum(dim=2)
    change = (slope * (similarity - still)).sum(dim=1, keepdim=True)
    return cost + change * positive / positive.sum(dim=1, keepdim=True).clamp_min(1)


def over_pairs(cost: Tensor, positive: Tensor) -> Tensor:
    """Return the anchors' values ``(N,)``, whose mean is the mean cost of the positive pairs."""
    return len(cost) * torch.where(positive, cost, 0).sum(dim=1) / positive.sum().clamp_min(1)


def over_anchors(similar: Tensor, dissimilar: Tensor, y: Tensor) -> Tensor:
    """Return ``log(1 + sum(exp(similar)) sum(exp(dissimilar)))`` of each anchor, for a mean over those with both.

    ``similar`` ``(N, N)`` are the exponents of the pairs of one class, ``dissimilar`` those of the others.
    """
    positive, negative = relations(y)
    both = positive.any(dim=1) & negative.any(dim=1)
    cost = softplus(log_sum_exp(similar, positive) + log_sum_exp(dissimilar, negative))
    return len(y) * torch.where(both, cost, 0) / both.sum().clamp_min(1)


def share_cost(cost: Tensor, exponents: Tensor, positive: Tensor, negative: Tensor, most: int) -> Tuples:
    """Return the strongest triplets, where softmax shares the cost of a positive pair among its negatives."""
    share = torch.exp(exponents - log_sum_exp(exponents, negative)[:, None])

    def each(anchor: Tensor, own: Tensor) -> Tensor:
        return cost[anchor, own, None] * share[anchor]

    return strongest_triplets(each, positive, negative, most)[0]


def hardest_lead(similarity: Tensor, positive: Tensor, negative: Tensor) -> Tensor:
    """Return by how much each positive is more similar to its anchor than the hardest negative is."""
    hardest = torch.where(negative, similarity, -math.inf).amax(dim=1, keepdim=True)
    return (similarity - hardest)[positive & negative.any(dim=1, keepdim=True)]


def lead_at(level: str, similarity: Tensor, y: Tensor) -> Tensor:
    """Return the hardest lead of each pair, or, with similarities to class vectors ``(N, C)``, of each label."""
    label = stable_ops.is_label(y, similarity.shape[1])
    return hardest_lead(similarity, *(relations(y) if level == "pair" else (label, ~label)))


def lead_profile(high: float, steepness: float, start: float, *, times: int = 1, offset: float = 0.0) -> Profile:
    """Return ``times * log(1 + exp(start - steepness * lead)) + offset`` from ``-high`` to ``high``."""

    def exponent(lead: Array) -> Array:
        rises: Array = start - steepness * lead
        return rises

    return Profile(
        "lead",
        -high,
        high,
        value=lambda lead: times * np.logaddexp(0, exponent(lead)) + offset,
        slope=lambda lead: -times * steepness * np.exp(-np.logaddexp(0, -exponent(lead))),
    )


def quartet(s_p: Tensor, s_n: Tensor, kind: str) -> tuple[Tensor, Tensor]:
    """Return ``z`` ``(4, 3)`` and ``y``: an anchor, its positive (``s_p``) and two negatives at one place (``s_n``)."""
    one, nought = torch.ones_like(s_p), torch.zeros_like(s_p)
    rest = [torch.sqrt(1 - s**2) if kind == "cosine" else nought for s in (s_p, s_n)]
    points = [[one, nought, nought], [s_p, rest[0], nought], [s_n, nought, rest[1]], [s_n, nought, rest[1]]]
    z = torch.stack([torch.stack(point) for point in points])
    return z, torch.tensor([0, 0, 1, 1], device=s_p.device)


def as_level(level: str, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, State]:
    """Return the samples, or the first one with the others as class vectors, the label's class vector first."""
    return (z, y, {}) if level == "pair" else (z[:1], y[:1], {"weight": z[1:]})


def strongest(similar: Tensor, dissimilar: Tensor, y: Tensor, most: int) -> Tuples:
    """Return the strongest triplets of ``over_anchors``: softmax shares the cost of an anchor on both sides."""
    positive, negative = relations(y)
    each = over_anchors(similar, dissimilar, y) / len(y)
    share = torch.exp(similar - log_sum_exp(similar, positive)[:, None])
    return share_cost(each[:, None] * share, dissimilar, positive, negative, most)
