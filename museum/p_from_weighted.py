"""Focal loss whose probability comes from a cross-entropy that already has its weight."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.focal import Focal
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import cost, label, point

LOSS = Focal(gamma=2.0, alpha=0.25, balanced=True, bias=False)

#: Two opposite classes: the score difference is twice the first coordinate.
OPPOSITE = {"weight": torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)}


def wrong(loss: Focal, z: Tensor, y: Tensor, state: State) -> Tensor:
    entropy = loss.alpha * cross_entropy(loss.scores(z, state), y, reduction="none")
    p = torch.exp(-entropy)  # p to the power alpha
    return (1 - p) ** loss.gamma * entropy


def measure(rule: PerSample) -> float:
    """Return the cost of a sample with weight one quarter over that without weight."""
    part, whole = (cost(rule, LOSS.replace(alpha=alpha), point(0.2, 0.0), label(0), OPPOSITE) for alpha in (0.25, 1.0))
    return part / whole


def picture(rule: PerSample) -> Curves:
    """Return what a sample costs at each probability of its label."""
    p = torch.linspace(0.02, 1 - 1e-9, 121, dtype=torch.float64)
    z = torch.stack([torch.logit(p) / 2, torch.zeros_like(p)], dim=1)
    costs = rule(LOSS, z, torch.zeros(len(z), dtype=torch.int64), OPPOSITE)
    return Curves(x=p.numpy(), lines={"sample": costs.numpy()}, across="p", up="cost")


EXHIBIT = Exhibit(
    slug="p_from_weighted",
    loss=LOSS,
    right=Focal.per_sample,
    wrong=wrong,
    expected=0.25,
    measure=measure,
    picture=picture,
)
