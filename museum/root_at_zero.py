"""A distance whose slope is not a number where two samples are equal."""

import torch
from torch import Tensor

from losses import State
from losses.toolkit.tuple_mining import relations
from losses.triplet import Triplet
from museum.exhibit import Exhibit, PerSample
from museum.picture import Samples
from museum.trial import cloud, descent, label, pulls

LOSS = Triplet(margin=1.0, distance="euclidean", mining="all", average="all")


def wrong(loss: Triplet, z: Tensor, y: Tensor, state: State) -> Tensor:
    positive, negative = relations(y)
    anchor, own, other = torch.nonzero(positive[:, :, None] & negative[:, None, :], as_tuple=True)
    near = ((z[anchor] - z[own]) ** 2).sum(dim=1).sqrt()  # zero where two samples are equal
    far = ((z[anchor] - z[other]) ** 2).sum(dim=1).sqrt()
    each = torch.relu(near - far + loss.margin)
    return torch.zeros_like(z[:, 0]).index_add(0, anchor, each) * len(z) / max(len(anchor), 1)


def measure(rule: PerSample) -> float:
    """Return how hard the mean pushes a negative away from two equal samples, at half the margin."""
    z = torch.tensor([[0.0, 0.0], [0.0, 0.0], [0.5, 0.0]], dtype=torch.float64)
    return float(pulls(rule, LOSS, z, label(0, 0, 1), {}).norm(dim=1).max()) / 3


def picture(rule: PerSample) -> Samples:
    """Return samples after 80 steps, two of which are equal at the start."""
    z, y = cloud(3, 6, 0.6, 0.6, seed=2)
    z[1] = z[0]
    return descent(rule, LOSS, z, y, {}, steps=80, rate=0.02)


EXHIBIT = Exhibit(
    slug="root_at_zero",
    loss=LOSS,
    right=Triplet.per_sample,
    wrong=wrong,
    expected=1.0,
    measure=measure,
    picture=picture,
)
