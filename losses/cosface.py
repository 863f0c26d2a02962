"""CosFace (AM-Softmax): the label must win by a cosine."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import scaled_cosines, sphere_boundaries, stable_ops
from losses.toolkit.class_spread import start_vectors, widest_angle
from losses.toolkit.plane_boundaries import cosine_margins
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import Message, param


@final
@dataclass(frozen=True, kw_only=True)
class CosFace(Loss):
    """Softmax over scaled cosines, with a margin off the label's (Wang et al. 2018, eq. 4); mean over samples.

    The same as AM-Softmax (Wang, Cheng, Liu, Liu 2018). The margin stands inside the scale.
    """

    slug: ClassVar[str] = "cosface"
    title: ClassVar[str] = "CosFace"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = r"-\log\frac{e^{s(\cos\theta_y-m)}}{e^{s(\cos\theta_y-m)}+\sum_{j\ne y}e^{s\cos\theta_j}}"
    cite: ClassVar[Citation] = Citation(
        "H. Wang, Y. Wang, Z. Zhou, X. Ji, D. Gong, J. Zhou, Z. Li, W. Liu",
        "CosFace: Large Margin Cosine Loss for Deep Face Recognition",
        2018,
        "https://arxiv.org/abs/1801.09414",
        "eq. 4",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"margin": 0.35, "scale": 64.0}, None, "section 4.1: s = 64, m = 0.35"),
    )

    margin: float = param(0.15, symbol="m", low=0.0, high=2.0, slider=(0.0, 0.6))
    scale: float = param(16.0, symbol="s", low=1e-3, high=1e4, slider=(1.0, 64.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        cosine = stable_ops.cosines(z, state["weight"])
        return self.scale * (cosine - self.margin * stable_ops.is_label(y, cosine.shape[1]).to(cosine))

    def scores(self, z: Tensor, state: State) -> Tensor:
        return self.scale * stable_ops.cosines(z, state["weight"])

    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(kind=HeadKind.COSINE, weight=weight, bias=weight.new_zeros(len(weight)), cosine=float(self.margin))

    def _curve(self, theta: Array) -> tuple[Array, Array]:
        """Return the label's changed cosine and its slope in NumPy."""
        return np.cos(theta) - float(self.margin), -np.sin(theta)

    def profile(self, branch: str = "") -> Profile:
        return scaled_cosines.profile(float(self.scale), self._curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(float(self.scale), lambda theta: self._curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return scaled_cosines.probe(x)

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries and margins: rays in the plane, arcs of circles on the unit sphere."""
        margin = float(self.margin)
        if scene.dim != 2:
            margins = sphere_boundaries.lead_margins(scaled_cosines.directions(scene), margin) if scene.dim == 3 else ()
            return scaled_cosines.boundaries(scene) + margins

        def split(omega: Array) -> Array:
            """Solve ``cos(t) - cos(omega - t) = 2 sin(omega / 2) sin(omega / 2 - t) = m`` for t."""
            sine = margin / (2 * np.sin(omega / 2))
            return omega / 2 - np.arcsin(np.where(np.abs(sine) <= 1, sine, np.nan))

        margins = cosine_margins(scene.state["weight"], lambda theta: self._curve(theta)[0], split)
        return scaled_cosines.boundaries(scene) + margins

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where class vectors cannot stand further apart than the margin, and of a scale that is too small."""
        margin, widest = float(self.margin), 1 - math.cos(widest_angle(classes, dim))
        if margin <= widest:
            return scaled_cosines.scale_advice(float(self.scale), classes, dim)
        message = Message.of("losses.advice.cosface_margin", margin=margin, widest=widest, classes=classes, dim=dim)
        return Advice("margin", widest, message), *scaled_cosines.scale_advice(float(self.scale), classes, dim)
