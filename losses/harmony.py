"""Gradient harmonising: entries count the less the more of them have a gradient of their size (GHM-C, GHM-R)."""

import numpy as np
import torch
from torch import Tensor

from losses.shape import Array

#: Entries that stand beside the one of the profile, so that there is a density: half of them below 1/4.
COMPANIONS = 256


def counts(g: Tensor, bins: int) -> Tensor:
    """Count the gradient norms ``g`` in ``[0, 1]`` in equal bins ``(bins,)``; 1 belongs to the last."""
    return (_bin(g, bins)[:, None] == torch.arange(bins, device=g.device)).sum(dim=0).to(g)


def moved(g: Tensor, histogram: Tensor, momentum: float) -> Tensor:
    """Return the moving average of the counts after one more batch; the first batch starts it.

    The authors' code starts at zero, which makes the first weights ``1 / (1 - momentum)`` times too large.
    """
    g, kept = g.detach(), histogram.detach().to(g).clamp_min(0)
    new = counts(g, len(histogram))
    return torch.where(kept.sum() > 0, momentum * kept + (1 - momentum) * new, new)


def weights(g: Tensor, histogram: Tensor, momentum: float, *, valid: bool) -> Tensor:
    """Return each entry's weight: entries over bins over those in its bin, of which no gradient is taken.

    The bins are those that the batch reaches (``valid``) or all of them.
    """
    bins = len(histogram)
    flat = g.detach().flatten()
    reached = (counts(flat, bins) > 0).sum() if valid else bins
    density = moved(flat, histogram, momentum).gather(0, _bin(flat, bins))
    return (flat.numel() / (reached * density)).reshape(g.shape)


def companions() -> Array:
    """Return the gradient norms that stand beside the profile's: many small, few large, as late in training."""
    norms: Array = ((np.arange(COMPANIONS) + 0.5) / COMPANIONS) ** 2
    return norms


def profile_weights(g: Array, bins: int, *, valid: bool) -> Array:
    """Return the weight of an entry with gradient norm ``g`` among the companions, in NumPy."""
    others = np.bincount(np.minimum((companions() * bins).astype(int), bins - 1), minlength=bins)
    own = np.minimum((np.asarray(g, dtype=np.float64) * bins).astype(int), bins - 1)
    reached = (others > 0).sum() + (others[own] == 0) if valid else bins
    weight: Array = (COMPANIONS + 1) / (reached * (others[own] + 1))
    return weight


def _bin(g: Tensor, bins: int) -> Tensor:
    return (g.flatten() * bins).long().clamp(0, bins - 1)
