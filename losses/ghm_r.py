"""GHM-R: regress the one-hot code, weighted by the inverse density of gradient norms."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head
from losses.shape import Array, Scene, Shape
from losses.toolkit import gradient_density, linear_scores
from spec import choice, param, switch


@final
@dataclass(frozen=True, kw_only=True)
class GHMR(Loss):
    """``sqrt(d^2 + mu^2) - mu`` over the density of gradient norms, a moving histogram (Li, Liu, Wang 2019).

    d is the residual of the scores against the one-hot code, its gradient norm ``|d| / sqrt(d^2 + mu^2)``; mean over
    classes and samples. ``density`` and the histogram are as in GHM-C; the weights have no gradient. The prediction
    is the class with the largest score. As for Huber loss, the codes of many classes can hardly differ in the plane;
    weights help where the bins separate labels from other classes (see ``mu``): digits reach 0.93 there, 0.97 in space.
    """

    slug: ClassVar[str] = "ghm_r"
    title: ClassVar[str] = "GHM-R"
    family: ClassVar[Family] = Family.REGRESSION
    formula: ClassVar[str] = (
        r"\frac1C\sum_j\frac{N}{M S_{b(g_j)}}\left(\sqrt{d_j^2+\mu^2}-\mu\right)"
        r"\qquad d_j=w_j^\top z+b_j-[j=y],\ g_j=\frac{|d_j|}{\sqrt{d_j^2+\mu^2}}"
    )
    cite: ClassVar[Citation] = Citation(
        "B. Li, Y. Liu, X. Wang",
        "Gradient Harmonized Single-stage Detector",
        2019,
        "https://arxiv.org/abs/1811.05181",
        "section GHM-R Loss",
    )
    branches: ClassVar[tuple[str, ...]] = ("entry",)
    non_gradient_state: ClassVar[frozenset[str]] = frozenset({"histogram"})
    resizable_state: ClassVar[frozenset[str]] = frozenset({"histogram"})
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "paper", {"mu": 0.02, "momentum": 0.7, "density": "all"}, None, "the authors' code: mu = 0.02, a = 0.7"
        ),
    )

    # 0.02 in the paper, for offsets of boxes. Here the first bin ends where a score is 1/2 off its code, between the
    # scores of other classes and those of labels that are not learned yet
    mu: float = param(5.0, symbol=r"\mu", low=1e-6, high=1e3, slider=(0.005, 10.0), log=True)
    bins: int = param(10, symbol="M", low=1, high=1000, slider=(1, 30), whole=True)
    momentum: float = param(0.9, symbol="a", low=0.0, high=0.999, slider=(0.0, 0.9))
    density: str = choice("valid", "all")
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        start = linear_scores.start(
            classes, dim, rng, bias=self.bias, length=linear_scores.CODE_LENGTH, constant=1 / classes
        )
        return start | {"histogram": torch.zeros(self.bins)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        error, norm = self._errors(z, y, state)
        weight = gradient_density.weights(
            norm, state["histogram"], self.bins, self.momentum, valid=self.density == "valid"
        )
        return (weight * error).mean(dim=1)

    def _errors(self, z: Tensor, y: Tensor, state: State) -> tuple[Tensor, Tensor]:
        """Return each entry's error and gradient norm ``(N, C)``."""
        off = linear_scores.residuals(self.scores(z, state), y)
        root = torch.sqrt(off**2 + self.mu**2)
        return off**2 / (root + self.mu), (off.abs() / root).detach()  # the root less mu, without cancellation

    def update(self, z: Tensor, y: Tensor, state: State) -> State:
        """Return the histogram after the gradient norms of one more batch."""
        histogram = state["histogram"]
        after = gradient_density.update_counts(self._errors(z, y, state)[1], histogram, self.bins, self.momentum)
        return {**state, "histogram": after.to(histogram)}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def profile(self, branch: str = "") -> Profile:
        """The error with the weight that it has in a batch of ``gradient_density.companions``."""
        mu, bins, valid = float(self.mu), int(self.bins), self.density == "valid"

        def norm(d: Array) -> Array:
            size: Array = np.abs(d) / np.sqrt(np.square(d) + mu**2)
            return size

        edges = _residual(np.arange(1, bins) / bins, mu)
        return Profile(
            "residual",
            -2.0,  # where all scores are within one of the code and beyond
            2.0,
            value=lambda d: gradient_density.profile_weights(norm(d), bins, valid=valid) * (np.hypot(d, mu) - mu),
            slope=lambda d: gradient_density.profile_weights(norm(d), bins, valid=valid) * np.sign(d) * norm(d),
            kinks=(*(-edges[::-1]).tolist(), *edges.tolist()),
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        others = torch.from_numpy(_residual(gradient_density.companions(), float(self.mu))).to(x)
        z, y, state = linear_scores.one_class(1 + torch.cat([x[None], others]))
        return z, y, {**state, "histogram": z.new_zeros(int(self.bins))}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"entry": linear_scores.residuals(self.scores(z, state), y).flatten()}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return the boundaries in the plane: weights do not move them."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where the codes of so many classes can hardly differ."""
        return linear_scores.regression_advice(classes, dim)


def _residual(norm: Array, mu: float) -> Array:
    """Return the residual at a gradient norm."""
    residual: Array = mu * norm / np.sqrt(1 - norm**2)
    return residual
