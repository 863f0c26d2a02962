"""Template of a loss on linear scores of all classes together.

``loss-geometry new-loss`` copies this file. Read ``losses/softmax.py`` first.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over samples.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.SOFTMAX
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"-\log\frac{e^{f_y/\tau}}{\sum_j e^{f_j/\tau}}\qquad f_j=w_j^\top z+b_j"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    temperature: float = param(1.0, symbol=r"\tau", low=1e-3, high=1e4, slider=(0.1, 10.0), log=True)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(classes, dim, rng, bias=self.bias)

    # TODO: the value of each sample, in torch; the closed form below is the same in NumPy
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.scores(z, state) / self.temperature, y, reduction="none")

    # TODO: the value and the slope against the probability of the label; finite at both ends
    def profile(self, branch: str = "") -> Profile:
        # from 1e-3, where the curve is still on the page, to certainty
        return Profile("p", 1e-3, 1.0, value=lambda p: -np.log(p), slope=lambda p: -1 / p)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes: the probability of the label is a sigmoid of the first coordinate."""
        z = torch.stack([torch.logit(x) * self.temperature / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": torch.softmax(self.scores(z, state) / self.temperature, dim=1).gather(1, y[:, None])[:, 0]}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes."""
        return linear_scores.boundaries(scene, bias=self.bias)

    # TODO: ``advice`` where geometry forbids a knob (a method of ``Loss``), or delete this line
