"""Probabilities as input of a cross-entropy that takes the softmax itself."""

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import State
from losses.softmax import Softmax
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import cost, label

LOSS = Softmax(bias=False)

#: Ten classes whose scores are the coordinates themselves.
AXES = {"weight": torch.eye(10, dtype=torch.float64)}


def wrong(loss: Softmax, z: Tensor, y: Tensor, state: State) -> Tensor:
    p = torch.softmax(loss.scores(z, state), dim=1)
    return cross_entropy(p, y, reduction="none")  # takes the softmax once more


def measure(rule: PerSample) -> float:
    """Return the cost of a sample whose label leads nine others by a score of 40."""
    return cost(rule, LOSS, 40 * AXES["weight"][:1], label(0), AXES)


def picture(rule: PerSample) -> Curves:
    """Return what a sample costs at each lead of its label over nine others."""
    lead = torch.linspace(-6, 12, 121, dtype=torch.float64)
    costs = rule(LOSS, lead[:, None] * AXES["weight"][0], torch.zeros(len(lead), dtype=torch.int64), AXES)
    return Curves(x=lead.numpy(), lines={"sample": costs.numpy()}, across="lead", up="cost")


EXHIBIT = Exhibit(
    slug="softmax_twice",
    loss=LOSS,
    right=Softmax.per_sample,
    wrong=wrong,
    expected=0.0,
    measure=measure,
    picture=picture,
)
