"""Template of a loss on the distance of linear scores from the one-hot code.

``loss-geometry new-loss`` copies this file. Read ``losses/huber.py`` first.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over classes and samples.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.REGRESSION
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"\frac{k}{2C}\sum_j r_j^2\qquad r_j=w_j^\top z+b_j-[j=y]"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")
    branches: ClassVar[tuple[str, ...]] = ("entry",)

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    stiffness: float = param(1.0, symbol="k", low=1e-3, high=1e3, slider=(0.1, 10.0), log=True)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(
            classes, dim, rng, bias=self.bias, length=linear_scores.CODE_LENGTH, constant=1 / classes
        )

    # TODO: the value of each sample, in torch; the closed form below is the same in NumPy
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return self.stiffness / 2 * (linear_scores.residuals(self.scores(z, state), y) ** 2).mean(dim=1)

    # TODO: the value and the slope against the residual of one class; finite at both ends
    def profile(self, branch: str = "") -> Profile:
        stiffness = float(self.stiffness)
        return Profile(
            "residual", -2.0, 2.0, value=lambda r: stiffness / 2 * np.square(r), slope=lambda r: stiffness * r
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return linear_scores.one_class(1 + x[None])

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"entry": linear_scores.residuals(self.scores(z, state), y).flatten()}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes, in the plane."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where the codes of so many classes can hardly differ."""
        return linear_scores.regression_advice(classes, dim)
