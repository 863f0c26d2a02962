"""Huber loss: regress the one-hot code, quadratically near it and linearly far away."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Array, Scene, Shape
from losses.toolkit import linear_scores
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Huber(Loss):
    """Half the squared residual up to ``delta``, the tangent beyond (Huber 1964), of scores against the one-hot code.

    Mean over classes and samples. The prediction is the class with the largest score. In the plane the codes of many
    classes can hardly differ (``linear_scores.regression_advice``): digits reach 0.89 there, and 0.97 in space.
    """

    slug: ClassVar[str] = "huber"
    title: ClassVar[str] = "Huber"
    family: ClassVar[Family] = Family.REGRESSION
    formula: ClassVar[str] = (
        r"\frac1C\sum_j\begin{cases}\frac12 r_j^2&|r_j|\le\delta\\"
        r"\delta(|r_j|-\frac12\delta)&\text{otherwise}\end{cases}\qquad r_j=w_j^\top z+b_j-[j=y]"
    )
    cite: ClassVar[Citation] = Citation(
        "P. J. Huber",
        "Robust Estimation of a Location Parameter",
        1964,
        "https://doi.org/10.1214/aoms/1177703732",
        "section 1",
    )
    branches: ClassVar[tuple[str, ...]] = ("entry",)

    delta: float = param(1.0, symbol=r"\delta", low=1e-3, high=1e3, slider=(0.05, 5.0), log=True)
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(
            classes, dim, rng, bias=self.bias, length=linear_scores.CODE_LENGTH, constant=1 / classes
        )

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        size = linear_scores.residuals(self.scores(z, state), y).abs()
        near = torch.minimum(size, self.delta * torch.ones_like(size))
        return (near * (size - near / 2)).mean(dim=1)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def profile(self, branch: str = "") -> Profile:
        delta = float(self.delta)
        reach = max(2.0, 2 * delta)  # where all scores are within one of the code and beyond

        def value(r: Array) -> Array:
            size = np.abs(r)
            return np.where(size <= delta, np.square(r) / 2, delta * (size - delta / 2))

        return Profile("residual", -reach, reach, value=value, slope=lambda r: np.clip(r, -delta, delta))

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return linear_scores.one_class(1 + x[None])

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"entry": linear_scores.residuals(self.scores(z, state), y).flatten()}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes, in the plane."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where the codes of so many classes can hardly differ."""
        return linear_scores.regression_advice(classes, dim)
