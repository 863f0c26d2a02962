"""Class centres that follow the gradient instead of their own rule."""

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from losses import State
from losses.center import Center
from museum.exhibit import Exhibit
from museum.picture import Samples
from museum.trial import cloud, label, point, samples

Update = Callable[[Any, Tensor, Tensor, State], State]

LOSS = Center(weight=0.1, rate=0.5)


def wrong(loss: Center, z: Tensor, y: Tensor, state: State) -> State:
    centers = state["centers"].detach().requires_grad_()
    pull = loss.weight * ((z.detach() - centers[y]) ** 2).sum(dim=1) / 2
    (slope,) = torch.autograd.grad(pull.mean(), centers)  # times the weight, over the batch, not over 1 + n
    return {**state, "centers": centers.detach() - loss.rate * slope}


def measure(rule: Update) -> float:
    """Return how far a centre moves towards its only sample, at distance one, with rate one half."""
    return float(rule(LOSS, point(1.0, 0.0), label(0), {"centers": point(0.0, 0.0)})["centers"][0, 0])


def picture(rule: Update) -> Samples:
    """Return four clusters that stand still, and the paths of their centres in 30 steps."""
    z, y = cloud(4, 30, 0.15, 1.0, seed=1)
    state: State = {"centers": torch.zeros(4, 2, dtype=torch.float64)}
    ways = [state["centers"]]
    for _ in range(30):
        state = rule(LOSS, z, y, state)
        ways.append(state["centers"])
    return samples(z, y, trails=tuple(torch.stack(ways, dim=1).numpy()))


EXHIBIT = Exhibit(
    slug="centers_by_gradient",
    loss=LOSS,
    right=Center.update,
    wrong=wrong,
    expected=0.5 * 1 / (1 + 1),
    measure=measure,
    picture=picture,
)
