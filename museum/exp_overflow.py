"""Circle loss as the paper prints it: its exponentials overflow."""

import torch
from torch import Tensor

from losses import State
from losses.circle import Circle
from losses.toolkit import stable_ops
from museum.exhibit import Exhibit, PerSample
from museum.picture import Curves
from museum.trial import cost, label, point

LOSS = Circle(margin=0.25, gamma=256.0)

#: Two opposite class vectors.
OPPOSITE = {"weight": torch.tensor([[1.0, 0.0], [-1.0, 0.0]], dtype=torch.float64)}


def wrong(loss: Circle, z: Tensor, y: Tensor, state: State) -> Tensor:
    s = stable_ops.cosines(z, state["weight"])
    own = stable_ops.is_label(y, s.shape[1])
    within = torch.relu(1 + loss.margin - s).detach() * (1 - loss.margin - s)
    between = torch.relu(s + loss.margin).detach() * (s - loss.margin)
    positive = torch.where(own, torch.exp(loss.gamma * within), 0).sum(dim=1)  # float64 overflows above e to the 709
    negative = torch.where(own, 0, torch.exp(loss.gamma * between)).sum(dim=1)
    return torch.log(1 + negative * positive)


def measure(rule: PerSample) -> float:
    """Return the cost of a sample on the class vector opposite its own."""
    return cost(rule, LOSS, point(-1.0, 0.0), label(0), OPPOSITE)


def picture(rule: PerSample) -> Curves:
    """Return what a sample costs at each angle from its class vector."""
    degrees = torch.linspace(0, 180, 181, dtype=torch.float64)
    z = torch.stack([torch.cos(torch.deg2rad(degrees)), torch.sin(torch.deg2rad(degrees))], dim=1)
    costs = rule(LOSS, z, torch.zeros(len(z), dtype=torch.int64), OPPOSITE)
    return Curves(x=degrees.numpy(), lines={"sample": costs.numpy()}, across="degrees", up="cost")


EXHIBIT = Exhibit(
    slug="exp_overflow",
    loss=LOSS,
    right=Circle.per_sample,
    wrong=wrong,
    expected=256 * (2.25 * 1.75 + 1.25 * 0.75),  # s_p = -1 and s_n = 1
    measure=measure,
    picture=picture,
)
