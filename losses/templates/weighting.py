"""Template of a loss on linear scores that gives each sample a weight.

``loss-geometry new-loss`` copies this file. Read ``losses/focal.py`` first.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Array, Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over samples.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.WEIGHTING
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"-(1-p)^\gamma\log p"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    gamma: float = param(2.0, symbol=r"\gamma", low=0.0, high=50.0, slider=(0.0, 8.0))
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(classes, dim, rng, bias=self.bias)

    # TODO: the value of each sample, in torch; the closed form below is the same in NumPy
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        log_all = log_softmax(self.scores(z, state), dim=1)
        own = stable_ops.is_label(y, log_all.shape[1])
        # from the logarithm of 1 - p, which keeps its gradient where p rounds to one
        log_rest = torch.where(own, -math.inf, log_all).logsumexp(dim=1)
        return -torch.exp(self.gamma * log_rest) * torch.where(own, log_all, 0).sum(dim=1)

    # TODO: value and slope against the probability of the label, and the weight: the slope over that of cross-entropy
    def profile(self, branch: str = "") -> Profile:
        gamma = float(self.gamma)

        def weight(p: Array) -> Array:
            """Return ``(1 - p)^gamma (1 - gamma p ln(p) / (1 - p))``; the quotient tends to -1 at 1."""
            rest = 1 - np.asarray(p, dtype=np.float64)
            quotient = np.where(rest > 0, np.log(p) / np.where(rest > 0, rest, 1), -1)
            factor: Array = rest**gamma * (1 - gamma * p * quotient)
            return factor

        return Profile(
            "p",
            1e-3,  # where the curve is still on the page
            1.0,
            value=lambda p: -((1 - p) ** gamma) * np.log(p),
            slope=lambda p: -weight(p) / p,
            weight=weight,
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes: the probability of the label is a sigmoid of the first coordinate."""
        z = torch.stack([torch.logit(x) / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": torch.softmax(self.scores(z, state), dim=1).gather(1, y[:, None])[:, 0]}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes."""
        return linear_scores.boundaries(scene, bias=self.bias)

    # TODO: ``advice`` where geometry forbids a knob (a method of ``Loss``), or delete this line
