"""Center loss with the distance from the centre instead of its square."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.center import Center
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import cost, label, point, pulls

LOSS = Center(weight=1.0)

#: One class alone, so that the softmax costs nothing and the spring remains.
ALONE = {"weight": point(0.0, 0.0), "centers": point(0.0, 0.0)}


def wrong(loss: Center, z: Tensor, y: Tensor, state: State) -> Tensor:
    pull = stable_ops.length(z - state["centers"][y]) / 2  # not squared
    return cross_entropy(loss.scores(z, state), y, reduction="none") + loss.weight * pull


def measure(rule: PerSample) -> float:
    """Return how many times as much a sample costs at twice the distance."""
    far, near = (cost(rule, LOSS, point(distance, 0.0), label(0), ALONE) for distance in (2.0, 1.0))
    return far / near


def picture(rule: PerSample) -> Curves:
    """Return how hard a sample is pulled at each distance from its centre."""
    distance = torch.linspace(0, 3, 121, dtype=torch.float64)
    z = torch.stack([distance, torch.zeros_like(distance)], dim=1)
    pull = pulls(rule, LOSS, z, torch.zeros(len(z), dtype=torch.int64), ALONE)[:, 0]
    return Curves(x=distance.numpy(), lines={"sample": pull.numpy()}, across="distance_center", up="pull")


EXHIBIT = Exhibit(
    slug="distance_unsquared",
    loss=LOSS,
    right=Center.per_sample,
    wrong=wrong,
    expected=4.0,
    measure=measure,
    picture=picture,
)
