"""A-Softmax without the length of the embedding."""

import math

from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.a_softmax import ASoftmax
from losses.toolkit import stable_ops
from losses.toolkit.monotone_cosine import surplus
from museum.exhibit import Exhibit, PerSample
from museum.picture import Zones
from museum.trial import cost, label, point, spokes, zones

LOSS = ASoftmax(margin=4)


def wrong(loss: ASoftmax, z: Tensor, y: Tensor, state: State) -> Tensor:
    cosine = stable_ops.cosines(z, state["weight"])  # not times the length of z
    theta = stable_ops.label_angle(z, y, state["weight"])
    extra = surplus(theta, y, cosine.shape[1], loss.margin, loss.blend)
    return cross_entropy(cosine + extra, y, reduction="none")


def measure(rule: PerSample) -> float:
    """Return the cost of a sample of length 8 on its class vector among six."""
    return cost(rule, LOSS, point(8.0, 0.0), label(0), {"weight": spokes(6)})


def picture(rule: PerSample) -> Zones:
    """Return the zones of six class vectors."""
    return zones(rule, LOSS, {"weight": spokes(6)}, 8.0)


EXHIBIT = Exhibit(
    slug="feature_norm_dropped",
    loss=LOSS,
    right=ASoftmax.per_sample,
    wrong=wrong,
    expected=math.log(math.fsum(math.exp(8 * (math.cos(math.radians(60 * k)) - 1)) for k in range(6))),
    measure=measure,
    picture=picture,
)
