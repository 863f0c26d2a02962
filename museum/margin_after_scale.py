"""A CosFace margin that is subtracted after scaling."""

import math

from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.cosface import CosFace
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Zones
from museum.trial import spokes, tie, zones

LOSS = CosFace(margin=0.3, scale=16.0)


def wrong(loss: CosFace, z: Tensor, y: Tensor, state: State) -> Tensor:
    cosine = stable_ops.cosines(z, state["weight"])
    own = stable_ops.is_label(y, cosine.shape[1]).to(cosine)
    scores = loss.scale * cosine - loss.margin * own  # the margin belongs inside the scale
    return cross_entropy(scores, y, reduction="none")


def measure(rule: PerSample) -> float:
    """Return how many degrees the zone of a class reaches from its class vector, 60 degrees from the next."""
    return tie(rule, LOSS, 60.0)


def picture(rule: PerSample) -> Zones:
    """Return the zones of six class vectors."""
    return zones(rule, LOSS, {"weight": spokes(6)}, 2.0)


EXHIBIT = Exhibit(
    slug="margin_after_scale",
    loss=LOSS,
    right=CosFace.per_sample,
    wrong=wrong,
    expected=30 - math.degrees(math.asin(0.3 / (2 * math.sin(math.radians(30))))),  # cos t - cos(60 - t) = m
    measure=measure,
    picture=picture,
)
