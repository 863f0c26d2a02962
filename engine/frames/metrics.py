"""How a panel's embeddings lie, as numbers; docs/metrics.md says what each means, and its source.

All is computed on the processor in float64, which is faster for so few numbers than to call a device.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self, final

import numpy as np
import torch
from torch import Tensor

from engine.state.data import fixed_choice
from losses import Head, HeadKind, Loss
from losses.toolkit import stable_ops

#: The metrics of ``quick``, in the order of menus and docs.
QUICK = (
    "spread", "smallest_distance", "mean_distance", "smallest_angle", "mean_angle", "fisher_ratio",
    "nearest_mean_accuracy", "norm_mean", "norm_deviation", "alignment", "uniformity", "nc1", "nc2_equinorm",
    "nc2_equiangular", "nc2_maximal_angle", "nc3", "active_share",
)  # fmt: skip

#: Training samples whose pairs say how even directions are: all pairs of these take 0.2 ms.
EVEN_SAMPLES = 300

#: A pair or triplet is active where its loss is at least this share as steep as it gets on the axis of its curve.
STEEP = 0.02

#: Class means that differ along a direction by less than this share of the variance do so by rounding alone.
FLAT = 1e-10


@final
@dataclass(frozen=True, eq=False)
class Cloud:
    """Embeddings ``(N, D)`` and labels ``(N,)``, on the processor."""

    z: Tensor
    y: Tensor

    @classmethod
    def of(cls, z: Tensor, y: Tensor) -> Self:
        """Take embeddings of any precision from any device."""
        return cls(z.detach().cpu().double(), y.cpu())

    def means(self, classes: int) -> Tensor:
        """Return the class means ``(C, D)``; that of a class without samples is zero."""
        sums = self.z.new_zeros(classes, self.z.shape[1]).index_add_(0, self.y, self.z)
        return sums / self.counts(classes).clamp(min=1)[:, None]

    def counts(self, classes: int) -> Tensor:
        """Return how many samples each class has ``(C,)``."""
        return torch.bincount(self.y, minlength=classes)


def quick(train: Cloud, test: Cloud, means: Tensor, head: Head) -> dict[str, float]:
    """Return the metrics that every frame has, given the class means ``(C, D)`` of the training samples.

    Classes without training samples are left out, and so is a number that is not defined, such as an angle between one
    class.
    """
    if not train.z.isfinite().all():
        return {}
    counts = train.counts(len(means))
    there = counts.nonzero()[:, 0]
    centres, off, length = means[there], train.z - means[train.y], train.z.norm(dim=1)
    centred = centres - centres.mean(dim=0)
    between = (means - train.z.mean(dim=0)).square().sum(dim=1)
    # the nearest mean m has the largest m z - |m|^2 / 2, and of rows max is several times as fast as argmax
    nearest = there[(centres @ test.z.T - centres.square().sum(dim=1)[:, None] / 2).max(dim=0).indices]
    tensors = {
        "spread": off.norm(dim=1).mean(),
        **_distances(centres),
        "fisher_ratio": (counts * between).sum() / off.square().sum(),
        "nearest_mean_accuracy": (nearest == test.y).double().mean(),
        "norm_mean": length.mean(),
        "norm_deviation": length.std(correction=0),
        **_directions(train, counts),
        # each class counts the same, however many samples it has
        "nc1": _within(off / counts[train.y].double().sqrt()[:, None], centred),
        **_simplex(centred),
        **_duality(centred, there, head),
    }
    values = torch.stack([value.double() for value in tensors.values()]).tolist()
    return finite(dict(zip(tensors, values, strict=True)))


def finite(values: Mapping[str, float]) -> dict[str, float]:
    """Return the numbers that are defined."""
    return {name: float(value) for name, value in values.items() if math.isfinite(value)}


def active_share(loss: Loss, observed: Mapping[str, Tensor]) -> dict[str, float]:
    """Return the share of the observed pairs, triplets or quadruplets that still pull or push, where there are any.

    ``observed`` are the scalars of a batch, for each branch of the loss's profile. A tuple is active where the profile
    is at least ``STEEP`` times as steep as at its steepest. For hinges these are the tuples that cost something; for
    losses that never reach zero, the tuples that matter.
    """
    active = total = 0
    for branch, values in observed.items():
        profile = loss.profile(branch)
        scalars = values.detach().cpu().double().numpy().ravel()
        steepest = np.abs(profile.slope(np.linspace(profile.low, profile.high, 257))).max()
        # beyond its ends the curve goes on as it ends
        slopes = np.abs(profile.slope(scalars.clip(profile.low, profile.high)))
        active += int(np.count_nonzero(slopes >= STEEP * steepest)) if steepest > 0 else 0
        total += len(scalars)
    return {"active_share": active / total} if total else {}


def _distances(means: Tensor) -> dict[str, Tensor]:
    """Return how far apart the class means lie, as distances and as angles at the origin."""
    if len(means) < 2:
        return {}
    distances, angles = torch.pdist(means), _cosines(means).acos()
    return {
        "smallest_distance": distances.min(),
        "mean_distance": distances.mean(),
        "smallest_angle": angles.min(),
        "mean_angle": angles.mean(),
    }


def _directions(train: Cloud, counts: Tensor) -> dict[str, Tensor]:
    """Return how close the directions of a class are to each other, and how even they all are on the sphere."""
    unit = stable_ops.unit(train.z)
    off = unit - Cloud(unit, train.y).means(len(counts))[train.y]
    # the squared distances of all ordered pairs of n points add up to 2 n times those to their mean
    weighted = off * counts[train.y].double().sqrt()[:, None]
    alignment = 2 * weighted.square().sum() / (counts * (counts - 1)).sum()
    some = unit[fixed_choice(len(unit), EVEN_SAMPLES)]
    share = (-2 * some.square().sum(dim=1)).exp()  # exp(-2 |a - b|^2) = exp(-2 |a|^2) exp(4 a b) exp(-2 |b|^2)
    all_pairs = share @ (some @ (4 * some).T).exp_() @ share
    return {"alignment": alignment, "uniformity": ((all_pairs - len(some)) / (len(some) * (len(some) - 1))).log()}


def _within(off: Tensor, centred: Tensor) -> Tensor:
    """Return ``tr(W B^+) / C`` of the scatter of samples and of class means: variability collapse (NC1)."""
    if not centred.any():
        return centred.new_tensor(math.nan)
    inverse: Tensor = torch.linalg.pinv(centred.T @ centred, rtol=FLAT, hermitian=True)  # both without 1 / C
    return (off.T @ off * inverse).sum() / len(centred)


def _simplex(centred: Tensor) -> dict[str, Tensor]:
    """Return how far the centred class means are from being as long, and as far apart, as each other (NC2)."""
    classes = len(centred)
    if classes < 2 or not centred.any():
        return {}
    length, cosines = centred.norm(dim=1), _cosines(centred)
    return {
        "nc2_equinorm": length.std(correction=0) / length.mean(),
        "nc2_equiangular": cosines.std(correction=0),
        "nc2_maximal_angle": (cosines + 1 / (classes - 1)).abs().mean(),
    }


def _duality(centred: Tensor, there: Tensor, head: Head) -> dict[str, Tensor]:
    """Return how far class vectors are from the centred class means, both scaled to length one as a whole (NC3)."""
    if not head.learned or head.kind not in {HeadKind.LINEAR, HeadKind.COSINE}:
        return {}
    weight = head.weight.detach().cpu().double()
    if head.kind is HeadKind.COSINE:  # their lengths mean nothing
        weight = stable_ops.unit(weight)
    weight = weight[there]
    return {"nc3": (weight / weight.norm() - centred / centred.norm()).square().sum()}


def _cosines(vectors: Tensor) -> Tensor:
    """Return the cosines between vectors ``(C, D)``, each pair once; NaN with one that has no direction."""
    unit = stable_ops.unit(vectors)
    unit = torch.where(unit.any(dim=1, keepdim=True), unit, torch.nan)
    first, second = torch.triu_indices(len(unit), len(unit), 1)
    return (unit @ unit.T)[first, second].clamp(-1, 1)
