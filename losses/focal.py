"""Focal loss: cross-entropy that fades for samples already right."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import log_softmax, logsigmoid

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from spec import choice, param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Focal(Loss):
    """Cross-entropy times ``(1 - p)^gamma`` (Lin et al. 2017, eq. 4 and 5); mean over samples.

    With ``activation="softmax"`` p is the probability of the label. With ``"sigmoid"``, as in the
    paper, each class is separated from the rest, p is the probability of the true answer, and classes are added up.
    With ``balanced`` the terms of the label are multiplied by ``alpha`` and those of the other classes by
    ``1 - alpha``; softmax has no terms of other classes, so ``alpha`` multiplies the whole loss.
    The start for ``sigmoid`` is that of ``linear_scores.one_vs_rest``.
    """

    slug: ClassVar[str] = "focal"
    title: ClassVar[str] = "Focal loss"
    family: ClassVar[Family] = Family.WEIGHTING
    formula: ClassVar[str] = r"-\alpha\,(1-p)^\gamma\log p"
    cite: ClassVar[Citation] = Citation(
        "T.-Y. Lin, P. Goyal, R. Girshick, K. He, P. Dollár",
        "Focal Loss for Dense Object Detection",
        2017,
        "https://arxiv.org/abs/1708.02002",
        "eq. 4 and 5",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"balanced": True, "activation": "sigmoid"}, None, "sigmoid, gamma = 2, alpha = 0.25"),
    )

    gamma: float = param(2.0, symbol=r"\gamma", low=0.0, high=50.0, slider=(0.0, 8.0))
    alpha: float = param(0.25, symbol=r"\alpha", low=0.0, high=1.0, slider=(0.05, 0.95))
    balanced: bool = switch(False)
    activation: str = choice("softmax", "sigmoid")
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        special = linear_scores.one_vs_rest(classes, dim) if self.activation == "sigmoid" else {}
        return linear_scores.start(classes, dim, rng, bias=self.bias, **special)

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        scores = self.scores(z, state)
        own = stable_ops.is_label(y, scores.shape[1])
        # (1 - p)^gamma from the logarithm of 1 - p, which keeps its gradient where p rounds to 1
        if self.activation == "softmax":
            log_all = log_softmax(scores, dim=1)
            log_p = torch.where(own, log_all, 0).sum(dim=1)
            log_rest = torch.where(own, -math.inf, log_all).logsumexp(dim=1)
            loss = -torch.exp(self.gamma * log_rest) * log_p
            return self.alpha * loss if self.balanced else loss
        oriented = torch.where(own, scores, -scores)
        terms = -torch.exp(self.gamma * logsigmoid(-oriented)) * logsigmoid(oriented)
        if self.balanced:
            terms = (1 - self.alpha + (2 * self.alpha - 1) * own.to(z)) * terms
        return terms.sum(dim=1)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return stable_ops.linear(z, state["weight"], state["bias"] if self.bias else None)

    def head(self, state: State) -> Head:
        weight = state["weight"]
        bias = state["bias"] if self.bias else weight.new_zeros(len(weight))
        return Head(kind=HeadKind.LINEAR, weight=weight, bias=bias)

    def profile(self, branch: str = "") -> Profile:
        gamma, factor = float(self.gamma), float(self.alpha) if self.balanced else 1.0

        def weight(p: Array) -> Array:
            """Return ``(1 - p)^gamma (1 - gamma p ln(p) / (1 - p))``; the quotient tends to -1 at 1."""
            rest = 1 - np.asarray(p, dtype=np.float64)
            quotient = np.where(rest > 0, np.log(p) / np.where(rest > 0, rest, 1), -1)
            scaled: Array = factor * rest**gamma * (1 - gamma * p * quotient)
            return scaled

        return Profile(
            "p",
            1e-3,  # where the curve is still on the page
            1.0,
            value=lambda p: -factor * (1 - p) ** gamma * np.log(p),
            slope=lambda p: -weight(p) / p,
            weight=weight,
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes for softmax, one class alone for sigmoid."""
        count = 2 if self.activation == "softmax" else 1
        z = torch.stack([torch.logit(x) / count, torch.zeros_like(x)])[None]
        weight = z.new_tensor([[1, 0], [-1, 0]])[:count]
        return z, torch.tensor([0], device=x.device), {"weight": weight, "bias": z.new_zeros(count)}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        scores = self.scores(z, state)
        p = torch.softmax(scores, dim=1) if self.activation == "softmax" else torch.sigmoid(scores)
        return {"sample": p.gather(1, y[:, None])[:, 0]}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where, with ``sigmoid``, a class cannot be separated from the rest without a bias."""
        return linear_scores.bias_advice(classes, dim, bias=self.bias) if self.activation == "sigmoid" else ()
