"""A power below one of a number that rounds to zero: its slope is not a number."""

import torch
from torch import Tensor

from losses import State
from losses.focal import Focal
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import label, point, pulls

LOSS = Focal(gamma=0.5, bias=False)

#: Two opposite classes: the score difference is twice the first coordinate.
OPPOSITE = {"weight": torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)}


def wrong(loss: Focal, z: Tensor, y: Tensor, state: State) -> Tensor:
    p = torch.softmax(loss.scores(z, state), dim=1).gather(1, y[:, None])[:, 0]
    return -((1 - p) ** loss.gamma) * torch.log(p)  # 1 - p rounds to zero


def measure(rule: PerSample) -> float:
    """Return the pull on a sample whose label leads by a score of 60."""
    return float(pulls(rule, LOSS, point(30.0, 0.0), label(0), OPPOSITE).norm())


def picture(rule: PerSample) -> Curves:
    """Return how hard a sample is pulled at each lead of its label, in float32, in which nets are trained."""
    lead = torch.linspace(-5, 40, 181)
    z = torch.stack([lead / 2, torch.zeros_like(lead)], dim=1)
    pull = pulls(rule, LOSS, z, torch.zeros(len(z), dtype=torch.int64), {"weight": OPPOSITE["weight"].float()})
    return Curves(
        x=lead.double().numpy(), lines={"sample": pull.norm(dim=1).double().numpy()}, across="lead", up="pull"
    )


EXHIBIT = Exhibit(
    slug="power_at_zero",
    loss=LOSS,
    right=Focal.per_sample,
    wrong=wrong,
    expected=0.0,
    measure=measure,
    picture=picture,
)
