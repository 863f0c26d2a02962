"""Center loss: softmax, and a spring pulls every sample to the centre of its class."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Circle, Role, Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from losses.toolkit.class_spread import start_vectors
from spec import param

#: The weight below which level circles and the axis of the profile grow no further.
FAINT = 1e-2


@final
@dataclass(frozen=True, kw_only=True)
class Center(Loss):
    """Softmax without bias plus ``weight / 2`` times the squared distance from the centre of the label's class.

    Wen et al. 2016, eq. 5, as a mean over samples, as in the authors' code; their eq. 2 is the sum. The centres
    follow the batch by eq. 4, not by gradient.
    """

    slug: ClassVar[str] = "center"
    title: ClassVar[str] = "Center loss"
    family: ClassVar[Family] = Family.DISTRIBUTION
    formula: ClassVar[str] = r"-\log\frac{e^{w_y^\top z}}{\sum_j e^{w_j^\top z}}+\frac{\lambda}{2}\lVert z-c_y\rVert^2"
    cite: ClassVar[Citation] = Citation(
        "Y. Wen, K. Zhang, Z. Li, Y. Qiao",
        "A Discriminative Feature Learning Approach for Deep Face Recognition",
        2016,
        "https://doi.org/10.1007/978-3-319-46478-7_31",
        "eq. 2, 4 and 5",
    )
    non_gradient_state: ClassVar[frozenset[str]] = frozenset({"centers"})
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"weight": 0.01}, None, "the authors' code for MNIST in the plane: lambda = 0.01"),
    )

    weight: float = param(0.1, symbol=r"\lambda", low=0.0, high=100.0, slider=(1e-3, 3.0), log=True)
    rate: float = param(0.5, symbol=r"\alpha", low=0.0, high=2.0, slider=(0.01, 1.0))  # from 2 on centres may overshoot

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng), "centers": torch.zeros(classes, dim)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        pull = ((z - state["centers"].detach().to(z)[y]) ** 2).sum(dim=1) / 2
        return cross_entropy(self.scores(z, state), y, reduction="none") + self.weight * pull

    def update(self, z: Tensor, y: Tensor, state: State) -> State:
        """Move each centre by ``rate * sum(z - c) / (1 + n)`` over the ``n`` samples of its class (eq. 4)."""
        centers, still = state["centers"].detach(), z.detach()
        member = stable_ops.is_label(y, len(centers)).to(still)
        count = member.sum(dim=0)[:, None]
        step = (member.T @ still - count * centers) / (1 + count)
        return {**state, "centers": centers + (self.rate * step).to(centers)}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return stable_ops.linear(z, state["weight"])

    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(kind=HeadKind.LINEAR, weight=weight, bias=weight.new_zeros(len(weight)))

    def _unit_cost(self) -> float:
        """Return the distance from the centre at which the spring costs one."""
        return math.sqrt(2 / max(float(self.weight), FAINT))

    def profile(self, branch: str = "") -> Profile:
        strength = float(self.weight)
        high = 2 * self._unit_cost()
        return Profile("distance", 0.0, high, value=lambda d: strength / 2 * np.square(d), slope=lambda d: strength * d)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """One class alone, so that the softmax costs nothing and the spring remains."""
        z = torch.stack([x, torch.zeros_like(x)])[None]
        return z, torch.tensor([0], device=x.device), {"weight": z.new_zeros(1, 2), "centers": z.new_zeros(1, 2)}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.length(z - state["centers"].to(z)[y])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries, and about each centre the circle on which the spring costs one."""
        if scene.dim > 3:
            return ()
        lines = linear_scores.boundaries(scene, bias=False)
        if float(self.weight) < FAINT:
            return lines
        levels = (
            Circle(role=Role.LEVEL, owner=k, center=center, radius=self._unit_cost())
            for k, center in enumerate(scene.state["centers"])
        )
        return (*lines, *levels)
