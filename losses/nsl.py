"""NSL, the normalised softmax: only directions count, and no margin."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import scaled_cosines, stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class NSL(Loss):
    """Cross-entropy of the softmax over scaled cosines (Wang et al. 2018, eq. 3); mean over samples.

    The same as NormFace (Wang, Xiang, Cheng, Yuille 2017) with a fixed scale. The gradient is at right angles to
    the embedding, so only rounding and the net change its length.
    """

    slug: ClassVar[str] = "nsl"
    title: ClassVar[str] = "NSL"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = r"-\log\frac{e^{s\cos\theta_y}}{\sum_j e^{s\cos\theta_j}}"
    cite: ClassVar[Citation] = Citation(
        "H. Wang, Y. Wang, Z. Zhou, X. Ji, D. Gong, J. Zhou, Z. Li, W. Liu",
        "CosFace: Large Margin Cosine Loss for Deep Face Recognition",
        2018,
        "https://arxiv.org/abs/1801.09414",
        "eq. 3",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"scale": 64.0}, None, "Wang et al. 2018 (CosFace), section 4.1: s = 64"),
    )

    scale: float = param(16.0, symbol="s", low=1e-3, high=1e4, slider=(1.0, 64.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.scores(z, state), y, reduction="none")

    def scores(self, z: Tensor, state: State) -> Tensor:
        return self.scale * stable_ops.cosines(z, state["weight"])

    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(kind=HeadKind.COSINE, weight=weight, bias=weight.new_zeros(len(weight)))

    def profile(self, branch: str = "") -> Profile:
        return scaled_cosines.profile(float(self.scale), _curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(float(self.scale), lambda theta: _curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return scaled_cosines.probe(x)

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return the boundaries, in the plane or on the unit sphere."""
        return scaled_cosines.boundaries(scene)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn of a scale at which even perfect samples have a low probability."""
        return scaled_cosines.scale_advice(float(self.scale), classes, dim)


def _curve(theta: Array) -> tuple[Array, Array]:
    return np.cos(theta), -np.sin(theta)
