"""The embedding is normalised, the class vectors are not."""

import math

from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.nsl import NSL
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Zones
from museum.trial import cost, label, point, spokes, zones

LOSS = NSL(scale=16.0)


def wrong(loss: NSL, z: Tensor, y: Tensor, state: State) -> Tensor:
    scores = loss.scale * stable_ops.unit(z) @ state["weight"].T  # class vectors keep their lengths
    return cross_entropy(scores, y, reduction="none")


def measure(rule: PerSample) -> float:
    """Return the cost of a sample 20 degrees from its class vector while a rival's is three times as long."""
    weight = spokes(6)
    weight[1] *= 3
    at = math.radians(20)
    return cost(rule, LOSS, point(math.cos(at), math.sin(at)), label(0), {"weight": weight})


def picture(rule: PerSample) -> Zones:
    """Return the zones of six class vectors of which every other is longer or shorter."""
    weight = spokes(6)
    for place, length in {1: 1.6, 3: 0.7, 5: 1.25}.items():
        weight[place] *= length
    return zones(rule, LOSS, {"weight": weight}, 2.0)


EXHIBIT = Exhibit(
    slug="weights_unnormalised",
    loss=LOSS,
    right=NSL.per_sample,
    wrong=wrong,
    expected=math.log(
        math.fsum(math.exp(16 * (math.cos(math.radians(60 * k - 20)) - math.cos(math.radians(20)))) for k in range(6))
    ),
    measure=measure,
    picture=picture,
)
