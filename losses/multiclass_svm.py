"""Multi-class SVM: the label's score must lead each other, or the best other, by a margin."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from spec import choice, param, switch


@final
@dataclass(frozen=True, kw_only=True)
class MulticlassSVM(Loss):
    """How much the label's lead is short of the margin, mean over samples; ``squared`` squares each shortfall.

    ``weston_watkins`` sums over the other classes (Weston, Watkins 1999), ``crammer_singer`` takes the largest
    (Crammer, Singer 2001). At the kink the gradient is zero; where the best others tie they share it.
    """

    slug: ClassVar[str] = "multiclass_svm"
    title: ClassVar[str] = "Multi-class SVM"
    family: ClassVar[Family] = Family.HINGE
    formula: ClassVar[str] = r"\sum_{j\ne y}\max(0,f_j-f_y+\Delta)\qquad f_j=w_j^\top z+b_j"
    cite: ClassVar[Citation] = Citation(
        "J. Weston, C. Watkins",
        "Support Vector Machines for Multi-Class Pattern Recognition",
        1999,
        "https://www.esann.org/sites/default/files/proceedings/legacy/es1999-461.pdf",
        "section 3",
    )

    margin: float = param(1.0, symbol=r"\Delta", low=0.0, high=1e3, slider=(0.1, 10.0), log=True)
    variant: str = choice("weston_watkins", "crammer_singer")
    squared: bool = switch(False)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(classes, dim, rng, bias=self.bias)

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        lack = torch.relu(self.margin - self._leads(z, y, state))
        lack = lack**2 if self.squared else lack
        return lack.sum(dim=1) if self.variant == "weston_watkins" else lack.amax(dim=1)

    def _leads(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return by how much the label leads each class ``(N, C)``; infinity for the label itself."""
        scores = self.scores(z, state)
        own = stable_ops.is_label(y, scores.shape[1])
        return torch.where(own, math.inf, torch.where(own, scores, 0).sum(dim=1, keepdim=True) - scores)

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        scores = self.scores(z, state)
        return scores - self.margin * stable_ops.is_label(y, scores.shape[1]).to(scores)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias, lead=self.margin)

    def profile(self, branch: str = "") -> Profile:
        return linear_scores.hinge_profile(float(self.margin), squared=self.squared)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes: the lead is twice the first coordinate."""
        z = torch.stack([x / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return the lead over the best of the other classes."""
        return {"sample": self._leads(z, y, state).amin(dim=1)}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return, in the plane, where the prediction changes and where a class leads by the margin."""
        margins = linear_scores.margins(scene, bias=self.bias, lead=float(self.margin))
        return linear_scores.boundaries(scene, bias=self.bias) + margins
