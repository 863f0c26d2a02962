"""GHM-C: cross-entropy weighted by the inverse density of gradient norms."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy, softplus

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head
from losses.shape import Array, Scene, Shape
from losses.toolkit import gradient_density, linear_scores
from spec import choice, param, switch


@final
@dataclass(frozen=True, kw_only=True)
class GHMC(Loss):
    """Cross-entropy over the density of gradient norms g, a moving histogram (Li, Liu, Wang 2019).

    With ``activation="sigmoid"``, as in the paper, each class is separated from the rest, g is ``|p - t|`` and the
    mean is over classes and samples; ``"softmax"`` is an adaptation with ``g = 1 - p`` of the label.
    ``density="valid"`` divides by the number of bins that the batch reaches, as the authors' code, ``"all"`` by all,
    as the paper. The weights have no gradient. The histogram counts a batch before it gives the weights, and the
    first batch starts it.
    The start for ``sigmoid`` is that of ``linear_scores.one_vs_rest``.
    """

    slug: ClassVar[str] = "ghm_c"
    title: ClassVar[str] = "GHM-C"
    family: ClassVar[Family] = Family.WEIGHTING
    formula: ClassVar[str] = (
        r"-\frac{N}{M S_{b(g)}}\log p\qquad g=1-p,\ b(g)=\lfloor Mg\rfloor,\ S_b\leftarrow aS_b+(1-a)R_b"
    )
    cite: ClassVar[Citation] = Citation(
        "B. Li, Y. Liu, X. Wang",
        "Gradient Harmonized Single-stage Detector",
        2019,
        "https://arxiv.org/abs/1811.05181",
        "section GHM-C Loss",
    )
    non_gradient_state: ClassVar[frozenset[str]] = frozenset({"histogram"})
    resizable_state: ClassVar[frozenset[str]] = frozenset({"histogram"})
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"density": "all", "activation": "sigmoid"}, None, "section GHM-C Loss"),
    )

    bins: int = param(30, symbol="M", low=1, high=1000, slider=(1, 50), whole=True)
    momentum: float = param(0.75, symbol="a", low=0.0, high=0.999, slider=(0.0, 0.9))
    density: str = choice("valid", "all")
    activation: str = choice("softmax", "sigmoid")
    bias: bool = switch(True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        special = linear_scores.one_vs_rest(classes, dim) if self.activation == "sigmoid" else {}
        start = linear_scores.start(classes, dim, rng, bias=self.bias, **special)
        return start | {"histogram": torch.zeros(self.bins)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        entropy = self._entropy(z, y, state)
        weight = gradient_density.weights(
            _norm(entropy), state["histogram"], self.bins, self.momentum, valid=self.density == "valid"
        )
        return (weight * entropy).mean(dim=1)

    def _entropy(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return the plain cross-entropy of each entry: ``(N, 1)`` for softmax, ``(N, C)`` for sigmoid."""
        scores = self.scores(z, state)
        if self.activation == "softmax":
            return cross_entropy(scores, y, reduction="none")[:, None]
        return softplus(-linear_scores.with_sign(scores, y))

    def update(self, z: Tensor, y: Tensor, state: State) -> State:
        """Return the histogram after the gradient norms of one more batch."""
        histogram = state["histogram"]
        after = gradient_density.update_counts(_norm(self._entropy(z, y, state)), histogram, self.bins, self.momentum)
        return {**state, "histogram": after.to(histogram)}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return linear_scores.scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        return linear_scores.head(state, bias=self.bias)

    def profile(self, branch: str = "") -> Profile:
        """Cross-entropy with the weight that it has in a batch of ``gradient_density.companions``."""
        bins, valid = int(self.bins), self.density == "valid"

        def weight(p: Array) -> Array:
            return gradient_density.profile_weights(1 - np.asarray(p, dtype=np.float64), bins, valid=valid)

        return Profile(
            "p",
            1e-3,  # where the curve is still on the page
            1.0,
            value=lambda p: -weight(p) * np.log(p),
            slope=lambda p: -weight(p) / p,
            kinks=tuple(1 - k / bins for k in range(1, bins)),
            weight=weight,
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """The sample and its companions; two opposite classes for softmax, one class alone for sigmoid."""
        score = torch.logit(torch.cat([x[None], 1 - torch.from_numpy(gradient_density.companions()).to(x)]))
        z, y, state = linear_scores.one_class(score if self.activation == "sigmoid" else score / 2)
        if self.activation == "softmax":
            state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, y, {**state, "histogram": z.new_zeros(int(self.bins))}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return the probability of the label."""
        entropy = self._entropy(z, y, state)
        if self.activation == "sigmoid":
            entropy = entropy.gather(1, y[:, None])
        return {"sample": torch.exp(-entropy[:, 0])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return the boundaries in the plane: weights do not move them."""
        return linear_scores.boundaries(scene, bias=self.bias)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where a class cannot be separated from the rest without a bias."""
        return () if self.activation == "softmax" else linear_scores.bias_advice(classes, dim, bias=self.bias)


def _norm(entropy: Tensor) -> Tensor:
    """Return ``1 - exp(-entropy)``, the size of the gradient of cross-entropy."""
    return -torch.expm1(-entropy.detach())
