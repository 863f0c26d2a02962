"""Softmax cross-entropy: pull the label's score above the rest, without end."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head, HeadKind
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from losses.toolkit.class_spread import start_vectors
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Softmax(Loss):
    """Cross-entropy of the softmax over linear scores (Bishop 2006, eq. 4.108); mean over samples."""

    slug: ClassVar[str] = "softmax"
    title: ClassVar[str] = "Softmax"
    family: ClassVar[Family] = Family.SOFTMAX
    formula: ClassVar[str] = r"-\log\frac{e^{(w_y^\top z+b_y)/\tau}}{\sum_j e^{(w_j^\top z+b_j)/\tau}}"
    cite: ClassVar[Citation] = Citation(
        "C. M. Bishop",
        "Pattern Recognition and Machine Learning",
        2006,
        "https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/",
        "eq. 4.108",
    )

    temperature: float = param(1.0, symbol=r"\tau", low=1e-3, high=1e4, slider=(0.1, 10.0), log=True)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        state = {"weight": start_vectors(classes, dim, rng)}
        return state | ({"bias": torch.zeros(classes)} if self.bias else {})

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.scores(z, state), y, reduction="none")

    def scores(self, z: Tensor, state: State) -> Tensor:
        return stable_ops.linear(z, state["weight"], state["bias"] if self.bias else None) / self.temperature

    def head(self, state: State) -> Head:
        weight = state["weight"]
        bias = state["bias"] if self.bias else weight.new_zeros(len(weight))
        return Head(kind=HeadKind.LINEAR, weight=weight / self.temperature, bias=bias / self.temperature)

    def profile(self, branch: str = "") -> Profile:
        # from 1e-3, where the curve is still on the page, to certainty
        return Profile("p", 1e-3, 1.0, value=lambda p: -np.log(p), slope=lambda p: -1 / p)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes: the label's probability is a sigmoid of the first coordinate."""
        z = torch.stack([torch.logit(x) * self.temperature / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]])}
        return z, torch.tensor([0], device=x.device), state | ({"bias": z.new_zeros(2)} if self.bias else {})

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": torch.exp(-self.per_sample(z, y, state))}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes."""
        return linear_scores.boundaries(scene, bias=self.bias)
