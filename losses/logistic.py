"""Logistic loss: each class has a line of its own against the rest."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from torch import Tensor
from torch.nn.functional import softplus

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores
from spec import switch


@final
@dataclass(frozen=True, kw_only=True)
class Logistic(Loss):
    """Binary cross-entropy of each class against the rest (Bishop 2006, eq. 4.90): sum over classes, mean over samples.

    The prediction is the class with the largest score. From class vectors of length one, classes merge in the
    plane, as the other samples push first; from the start of ``linear_scores.one_vs_rest`` they do not.
    """

    slug: ClassVar[str] = "logistic"
    title: ClassVar[str] = "Logistic"
    family: ClassVar[Family] = Family.SOFTMAX
    formula: ClassVar[str] = (
        r"\sum_j\log\left(1+e^{-t_j f_j}\right)\qquad f_j=w_j^\top z+b_j,\ t_j=\begin{cases}1&j=y\\-1&j\ne y\end{cases}"
    )
    cite: ClassVar[Citation] = Citation(
        "C. M. Bishop",
        "Pattern Recognition and Machine Learning",
        2006,
        "https://www.microsoft.com/en-us/research/publication/pattern-recognition-machine-learning/",
        "eq. 4.90",
    )
    branches: ClassVar[tuple[str, ...]] = ("entry",)

    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return linear_scores.start(classes, dim, rng, bias=self.bias, **linear_scores.one_vs_rest(classes, dim))

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return softplus(-linear_scores.with_sign(self.scores(z, state), y)).sum(dim=1)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def profile(self, branch: str = "") -> Profile:
        return Profile(
            "margin",
            -8.0,  # up to a probability of 0.9997
            8.0,
            value=lambda f: np.logaddexp(0, -f),
            slope=lambda f: -np.exp(-np.logaddexp(0, f)),
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return linear_scores.one_class(x[None])

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"entry": linear_scores.with_sign(self.scores(z, state), y).flatten()}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes, in the plane."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where a class cannot be separated from the rest without a bias."""
        return linear_scores.bias_advice(classes, dim, bias=self.bias)
