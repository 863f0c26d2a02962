"""Gradient harmonising (GHM-C, GHM-R): entries weighted by the inverse density of gradient norms."""

import numpy as np
import torch
from torch import Tensor

from losses.shape import Array
from spec import Refusal

#: Entries beside the one of the profile, which make a density: half of them have a gradient norm below 1/4.
COMPANIONS = 256


def counts(g: Tensor, bins: int, room: int) -> Tensor:
    """Count the gradient norms ``g`` in ``[0, 1]`` in equal bins, the first of ``(room,)``; 1 belongs to the last."""
    places = _bin(g, bins, room)
    return g.new_zeros(room).scatter_add(0, places, torch.ones_like(places).to(g))


def update_counts(g: Tensor, histogram: Tensor, bins: int, momentum: float) -> Tensor:
    """Return the moving average ``(R,)`` of the counts after one more batch; the first batch starts it.

    Places of the histogram beyond its bins are zero and stay zero; raises ``Refusal`` where it is too short. The
    authors' code starts at zero, which makes the first weights ``1 / (1 - momentum)`` times too large.
    """
    g, old = g.detach(), histogram.detach().to(g).clamp_min(0)
    new = counts(g, bins, len(histogram))
    return torch.where(old.sum() > 0, momentum * old + (1 - momentum) * new, new)


def weights(g: Tensor, histogram: Tensor, bins: int, momentum: float, *, valid: bool) -> Tensor:
    """Return each entry's weight, without gradient: entries / (bins * entries in its bin).

    The bins are those that the batch reaches (``valid``) or all of them.
    """
    flat, room = g.detach().flatten(), len(histogram)
    used = (counts(flat, bins, room) > 0).sum() if valid else bins
    density = update_counts(flat, histogram, bins, momentum).gather(0, _bin(flat, bins, room))
    return (flat.numel() / (used * density)).reshape(g.shape)


def companions() -> Array:
    """Return the gradient norms beside the profile's: many small ones, few large ones, as late in training."""
    norms: Array = ((np.arange(COMPANIONS) + 0.5) / COMPANIONS) ** 2
    return norms


def profile_weights(g: Array, bins: int, *, valid: bool) -> Array:
    """Return the weight of an entry with gradient norm ``g`` among the companions, in NumPy."""
    others = np.bincount(np.minimum((companions() * bins).astype(int), bins - 1), minlength=bins)
    own = np.minimum((np.asarray(g, dtype=np.float64) * bins).astype(int), bins - 1)
    used = (others > 0).sum() + (others[own] == 0) if valid else bins
    weight: Array = (COMPANIONS + 1) / (used * (others[own] + 1))
    return weight


def _bin(g: Tensor, bins: int, room: int) -> Tensor:
    if isinstance(bins, int) and bins > room:
        raise Refusal("errors.state_room", name="histogram", found=room, needed=bins)
    places = (g.flatten() * bins).long().clamp(0, room - 1)  # NaN may become any number
    return places - (places >= bins).long()
