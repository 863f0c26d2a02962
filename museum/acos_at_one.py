"""An angle from acos, whose slope is infinite where a sample lies on its class vector."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, normalize

from losses import State
from losses.arcface import ArcFace
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Samples
from museum.trial import cloud, descent, label, point, pulls, spokes

LOSS = ArcFace(margin=0.3, scale=16.0)


def wrong(loss: ArcFace, z: Tensor, y: Tensor, state: State) -> Tensor:
    cosine = normalize(z) @ normalize(state["weight"]).T
    theta = torch.acos(cosine.clamp(-1, 1))  # the clamp keeps the value, not the slope
    own = stable_ops.is_label(y, cosine.shape[1]).to(theta)
    return cross_entropy(loss.scale * torch.cos(theta + loss.margin * own), y, reduction="none")


def measure(rule: PerSample) -> float:
    """Return how hard a sample on its class vector is pulled, with a rival on either side."""
    return float(pulls(rule, LOSS, point(1.0, 0.0), label(0), {"weight": spokes(5)}).norm())


def picture(rule: PerSample) -> Samples:
    """Return samples after 60 steps, the first of which begins on its class vector."""
    z, y = cloud(5, 8, 0.6, 1.0, seed=3)
    z[0] = point(1.0, 0.0)
    return descent(rule, LOSS, stable_ops.unit(z), y, {"weight": spokes(5)}, steps=60, rate=0.04)


EXHIBIT = Exhibit(
    slug="acos_at_one",
    loss=LOSS,
    right=ArcFace.per_sample,
    wrong=wrong,
    expected=0.0,
    measure=measure,
    picture=picture,
)
