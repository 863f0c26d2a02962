"""Contrastive loss without its halves."""

import torch
from torch import Tensor

from losses import State
from losses.contrastive import Contrastive
from losses.toolkit import stable_ops
from losses.toolkit.tuple_mining import relations
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import cost, label, pulls

LOSS = Contrastive(margin=1.0)


def wrong(loss: Contrastive, z: Tensor, y: Tensor, state: State) -> Tensor:
    distance = stable_ops.length(z[:, None] - z[None, :])
    similar, dissimilar = relations(y)
    pull = distance**2  # not halved
    push = torch.relu(loss.margin - distance) ** 2  # not halved
    pairs = torch.where(similar, pull, 0) + torch.where(dissimilar, push, 0)
    return pairs.sum(dim=1) / max(len(y) - 1, 1)


def _pair(distance: float) -> Tensor:
    return torch.tensor([[0.0, 0.0], [distance, 0.0]], dtype=torch.float64)


def measure(rule: PerSample) -> float:
    """Return the pull of the mean on one sample of a similar pair at distance 0.7."""
    return float(pulls(rule, LOSS, _pair(0.7), label(3, 3), {})[1, 0]) / 2


def picture(rule: PerSample) -> Curves:
    """Return what pairs cost at each distance."""
    distance = torch.linspace(0, 1.5, 101, dtype=torch.float64).numpy()

    def costs(*labels: int) -> list[float]:
        return [cost(rule, LOSS, _pair(each), label(*labels), {}) for each in distance]

    lines = {"similar": torch.tensor(costs(0, 0)).numpy(), "dissimilar": torch.tensor(costs(0, 1)).numpy()}
    return Curves(x=distance, lines=lines, across="distance_pair", up="cost")


EXHIBIT = Exhibit(
    slug="half_missing",
    loss=LOSS,
    right=Contrastive.per_sample,
    wrong=wrong,
    expected=0.7,
    measure=measure,
    picture=picture,
)
