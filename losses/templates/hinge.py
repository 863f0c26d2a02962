"""Template of a loss on the lead of the label's score, with a margin.

``loss-geometry new-loss`` copies this file. Read ``losses/multiclass_svm.py`` first.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores, stable_ops
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over samples; lacks are added up over the other classes.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.HINGE
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"\sum_{j\ne y}\max(0,f_j-f_y+\Delta)\qquad f_j=w_j^\top z+b_j"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    margin: float = param(1.0, symbol=r"\Delta", low=0.0, high=1e3, slider=(0.1, 10.0), log=True)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(classes, dim, rng, bias=self.bias)

    # TODO: the value of each sample, in torch; the closed form below is the same in NumPy
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return torch.relu(self.margin - self._leads(z, y, state)).sum(dim=1)

    def _leads(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return by how much the label leads each class ``(N, C)``; infinity for the label itself."""
        scores = self.scores(z, state)
        own = stable_ops.is_label(y, scores.shape[1])
        return torch.where(own, math.inf, torch.where(own, scores, 0).sum(dim=1, keepdim=True) - scores)

    # TODO: the value and the slope against the lead of the label's score, and its kinks; finite at both ends
    def profile(self, branch: str = "") -> Profile:
        return linear_scores.hinge_profile(float(self.margin), squared=False)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two opposite classes: the lead is twice the first coordinate."""
        z = torch.stack([x / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return the lead over the best of the other classes."""
        return {"sample": self._leads(z, y, state).amin(dim=1)}

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        scores = self.scores(z, state)
        return scores - self.margin * stable_ops.is_label(y, scores.shape[1]).to(scores)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias, lead=float(self.margin))

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return, in the plane, where the prediction changes and where a class leads by the margin."""
        margins = linear_scores.margins(scene, bias=self.bias, lead=float(self.margin))
        return linear_scores.boundaries(scene, bias=self.bias) + margins

    # TODO: ``advice`` where geometry forbids a knob (a method of ``Loss``), or delete this line
