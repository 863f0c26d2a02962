"""Small scenes for measures and pictures, and ways to run a rule on them."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from losses import Loss, State
from museum.exhibit import PerSample
from museum.picture import Floats, Samples, Whole, Zones

#: Pixels along a side of a plane: an even number, so that none lies on an axis, where classes may tie.
PIXELS = 360

#: Halvings of an angle: as many as float64 has bits.
HALVINGS = 52


def spokes(count: int) -> Tensor:
    """Return class vectors ``(count, 2)`` of length one, evenly round the circle."""
    angle = 2 * math.pi / count * torch.arange(count, dtype=torch.float64)
    return torch.stack([torch.cos(angle), torch.sin(angle)], dim=1)


def point(*coordinates: float) -> Tensor:
    """Return one sample ``(1, D)``."""
    return torch.tensor([coordinates], dtype=torch.float64)


def label(*labels: int) -> Tensor:
    """Return labels ``(N,)``."""
    return torch.tensor(labels)


def cost(rule: PerSample, loss: Loss, z: Tensor, y: Tensor, state: State) -> float:
    """Return the mean cost of a batch."""
    return float(rule(loss, z, y, state).mean())


def pulls(rule: PerSample, loss: Loss, z: Tensor, y: Tensor, state: State) -> Tensor:
    """Return the gradient of the sum of all costs with respect to the samples ``(N, D)``."""
    z = z.detach().clone().requires_grad_()
    (pull,) = torch.autograd.grad(rule(loss, z, y, state).sum(), z)
    return pull


def tie(rule: PerSample, loss: Loss, apart: float) -> float:
    """Return the angle from its class vector, in degrees, at which a sample costs ``log 2``, a tie of two classes.

    There are two class vectors, ``apart`` (degrees) from each other, and the sample lies between them.
    """
    turn = math.radians(apart)
    weight = torch.tensor([[1.0, 0.0], [math.cos(turn), math.sin(turn)]], dtype=torch.float64)
    low, high = 0.0, turn
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        dear = cost(rule, loss, point(math.cos(middle), math.sin(middle)), label(0), {"weight": weight}) > math.log(2)
        low, high = (low, middle) if dear else (middle, high)
    return math.degrees(low)


def zones(rule: PerSample, loss: Loss, state: dict[str, Tensor], reach: float, vectors: str = "weight") -> Zones:
    """Return the zones of all classes in the square of ``reach`` about the origin."""
    axis = torch.linspace(-reach, reach, PIXELS, dtype=torch.float64)
    z = torch.cartesian_prod(axis, axis).flip(1)  # rows are y
    classes = len(state[vectors])
    costs = torch.stack([rule(loss, z, torch.full((len(z),), owner), state) for owner in range(classes)])
    least = costs.min(dim=0)
    owner = torch.where(least.values < math.log(2), least.indices, -1).reshape(PIXELS, PIXELS)
    return Zones(axis=axis.numpy(), owner=owner.numpy(), vectors=state[vectors].numpy(), rays=vectors == "weight")


def descent(
    rule: PerSample, loss: Loss, z: Tensor, y: Tensor, state: dict[str, Tensor], *, steps: int, rate: float
) -> Samples:
    """Move the samples and the state down the gradient of the mean; return where the samples end.

    It stops early where no sample is finite any more.
    """
    start, free = z, [z, *state.values()]
    for _ in range(steps):
        free = [tensor.detach().clone().requires_grad_() for tensor in free]
        mean = rule(loss, free[0], y, dict(zip(state, free[1:], strict=True))).mean()
        slopes = torch.autograd.grad(mean, free)
        # the mean divides the pull on a sample by their number; class vectors feel many samples
        rates = [rate * len(z)] + [rate] * len(state)
        free = [tensor - pace * slope for tensor, pace, slope in zip(free, rates, slopes, strict=True)]
        if not torch.isfinite(free[0]).any():
            break
    return samples(free[0].detach(), y, start=start)


def samples(z: Tensor, y: Tensor, *, start: Tensor | None = None, **more: Any) -> Samples:
    """Return samples as a picture."""
    none: Floats = np.zeros((0, 2))
    labels: Whole = y.numpy()
    more = {"mistaken": np.zeros(len(labels), dtype=bool)} | more
    return Samples(points=z.numpy(), labels=labels, start=none if start is None else start.numpy(), **more)


def cloud(classes: int, each: int, spread: float, reach: float, seed: int) -> tuple[Tensor, Tensor]:
    """Return ``each`` samples about each of the spokes at ``reach``, normal with a ``spread``, and their labels."""
    rng = torch.Generator().manual_seed(seed)
    y = torch.arange(classes).repeat_interleave(each)
    return reach * spokes(classes)[y] + spread * torch.randn(len(y), 2, generator=rng, dtype=torch.float64), y
