"""An ArcFace margin in radians, taken for degrees."""

import math

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.arcface import ArcFace
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Zones
from museum.trial import spokes, tie, zones

LOSS = ArcFace(margin=0.5, scale=16.0)


def wrong(loss: ArcFace, z: Tensor, y: Tensor, state: State) -> Tensor:
    cosine = stable_ops.cosines(z, state["weight"])
    theta = stable_ops.label_angle(z, y, state["weight"])
    target = torch.cos(theta + math.radians(loss.margin))  # the margin is in radians already
    cosine = torch.where(stable_ops.is_label(y, cosine.shape[1]), target[:, None], cosine)
    return cross_entropy(loss.scale * cosine, y, reduction="none")


def measure(rule: PerSample) -> float:
    """Return how many degrees the zone of a class reaches from its class vector, 90 degrees from the next."""
    return tie(rule, LOSS, 90.0)


def picture(rule: PerSample) -> Zones:
    """Return the zones of six class vectors."""
    return zones(rule, LOSS, {"weight": spokes(6)}, 2.0)


EXHIBIT = Exhibit(
    slug="margin_in_degrees",
    loss=LOSS,
    right=ArcFace.per_sample,
    wrong=wrong,
    expected=(90 - 0.5 * 180 / math.pi) / 2,
    measure=measure,
    picture=picture,
)
