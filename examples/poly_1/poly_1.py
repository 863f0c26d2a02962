"""Poly-1: cross-entropy with the first term of its expansion in the probability that is missing made larger."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses import Citation, Family, Head, HeadKind, Loss, Profile, Randomness, Scene, Shape, State
from losses.toolkit.linear_scores import boundaries, scores, start
from spec import param, switch


@final
@dataclass(frozen=True, kw_only=True)
class Poly1(Loss):
    """Cross-entropy plus ``epsilon`` times the probability that the label does not get; sure samples pull on.

    Leng et al. 2022, the Poly-1 loss; mean over samples.
    """

    slug: ClassVar[str] = "poly_1"
    title: ClassVar[str] = "Poly-1"
    family: ClassVar[Family] = Family.WEIGHTING
    formula: ClassVar[str] = r"-\log p+\epsilon\,(1-p)"
    cite: ClassVar[Citation] = Citation(
        "Z. Leng, M. Tan, C. Liu, E. D. Cubuk, X. Shi, S. Cheng, D. Anguelov",
        "PolyLoss: A Polynomial Expansion Perspective of Classification Loss Functions",
        2022,
        "https://arxiv.org/abs/2204.12511",
        "the Poly-1 loss",
    )

    # below -1 the first term would turn over, and sure samples would be pushed away
    epsilon: float = param(
        2.0,
        symbol=r"\epsilon",
        low=-1.0,
        high=100.0,
        slider=(-1.0, 6.0),
        about="How much the first term is raised: above 0 sure samples keep pulling, below 0 they fade. 0 is softmax.",
    )
    bias: bool = switch(True, about="Whether each class has a constant of its own in its score.")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        """Start with class vectors of length one, as far apart as they go."""
        return start(classes, dim, rng, bias=self.bias)

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        """Return the loss of each sample; ``expm1`` keeps ``1 - p`` exact where p is nearly one."""
        entropy = cross_entropy(self.scores(z, state), y, reduction="none")
        return entropy - self.epsilon * torch.expm1(-entropy)

    def scores(self, z: Tensor, state: State) -> Tensor:
        """Return the scores that decide: those of softmax."""
        return scores(z, state, bias=self.bias)

    def head(self, state: State) -> Head:
        """Return the same scores as numbers for the picture."""
        weight = state["weight"]
        bias = state["bias"] if self.bias else weight.new_zeros(len(weight))
        return Head(kind=HeadKind.LINEAR, weight=weight, bias=bias)

    def profile(self, branch: str = "") -> Profile:
        """Return the loss against the probability of the label, in closed form."""
        epsilon = float(self.epsilon)
        return Profile(
            "p",
            1e-3,  # where the curve is still on the page
            1.0,
            value=lambda p: -np.log(p) + epsilon * (1 - p),
            slope=lambda p: -1 / p - epsilon,
            weight=lambda p: 1 + epsilon * p,
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return one sample between two opposite classes, whose probability for its label is ``x``."""
        z = torch.stack([torch.logit(x) / 2, torch.zeros_like(x)])[None]
        state = {"weight": z.new_tensor([[1, 0], [-1, 0]]), "bias": z.new_zeros(2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return the probability of each label."""
        return {"sample": torch.exp(-cross_entropy(self.scores(z, state), y, reduction="none"))}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes, in the plane."""
        return boundaries(scene, bias=self.bias)
