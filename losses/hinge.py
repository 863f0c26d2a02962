"""Hinge loss: each class has a street on both sides of its line that samples must leave."""

from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Hinge(Loss):
    """How much each score is short of the margin on the right side of zero (Cortes, Vapnik 1995, section 3).

    One class against the rest: sum over classes, mean over samples; ``squared`` squares each part. At the kink the
    gradient is zero. The loss is zero only where the label's score is at least ``margin`` and all others at most
    ``-margin``, so that the label leads by twice the margin: this lead is what ``logits``, head and shapes show.
    The loss is linear, so in the plane it trains only from a start at which no class is pushed
    (``linear_scores.one_vs_rest``).
    """

    slug: ClassVar[str] = "hinge"
    title: ClassVar[str] = "Hinge"
    family: ClassVar[Family] = Family.HINGE
    formula: ClassVar[str] = (
        r"\sum_j\max(0,\Delta-t_j f_j)\qquad f_j=w_j^\top z+b_j,\ t_j=\begin{cases}1&j=y\\-1&j\ne y\end{cases}"
    )
    cite: ClassVar[Citation] = Citation(
        "C. Cortes, V. Vapnik",
        "Support-Vector Networks",
        1995,
        "https://doi.org/10.1007/BF00994018",
        "section 3",
    )
    branches: ClassVar[tuple[str, ...]] = ("entry",)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("squared", {"squared": True}, None, "Tang 2013, arXiv:1306.0239 (L2-SVM)"),
    )

    margin: float = param(1.0, symbol=r"\Delta", low=0.0, high=1e3, slider=(0.1, 10.0), log=True)
    squared: bool = switch(False)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        special = linear_scores.one_vs_rest(classes, dim, self.margin)
        return linear_scores.start(classes, dim, rng, bias=self.bias, **special)

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        lack = torch.relu(self.margin - linear_scores.with_sign(self.scores(z, state), y))
        return (lack**2 if self.squared else lack).sum(dim=1)

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        scores = self.scores(z, state)
        return scores - 2 * self.margin * stable_ops.is_label(y, scores.shape[1]).to(scores)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias, lead=2 * self.margin)

    def profile(self, branch: str = "") -> Profile:
        return linear_scores.hinge_profile(float(self.margin), squared=self.squared)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return linear_scores.one_class(x[None])

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"entry": linear_scores.with_sign(self.scores(z, state), y).flatten()}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return, in the plane, where the prediction changes and where a class leads by twice the margin."""
        margins = linear_scores.margins(scene, bias=self.bias, lead=2 * float(self.margin))
        return linear_scores.boundaries(scene, bias=self.bias) + margins

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where a class cannot be separated from the rest without a bias."""
        return linear_scores.bias_advice(classes, dim, bias=self.bias)
