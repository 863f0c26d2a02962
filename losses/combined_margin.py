"""The combined margin: angles multiplied as in SphereFace, added as in ArcFace, cosines as in CosFace."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import scaled_cosines, stable_ops
from losses.toolkit.class_spread import start_vectors, widest_angle
from losses.toolkit.monotone_cosine import margins, monotone_cosine, monotone_curve
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import Message, param


@final
@dataclass(frozen=True, kw_only=True)
class CombinedMargin(Loss):
    """Softmax over scaled cosines, the label's being ``psi(m1 theta + m2) - m3`` (Deng et al. 2019, eq. 4).

    psi is the cosine up to pi and keeps falling beyond, where the paper lets it rise again. (1, m, 0) is
    ArcFace, (1, 0, m) CosFace, (m, 0, 0) SphereFace with embeddings of fixed length. Mean over samples.
    """

    slug: ClassVar[str] = "combined_margin"
    title: ClassVar[str] = "Combined margin"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = (
        r"-\log\frac{e^{s(\psi(m_1\theta_y+m_2)-m_3)}}{e^{s(\psi(m_1\theta_y+m_2)-m_3)}+\sum_{j\ne y}e^{s\cos\theta_j}}"
        r"\qquad\psi(u)=(-1)^k\cos u-2k,\ k=\lfloor u/\pi\rfloor"
    )
    cite: ClassVar[Citation] = Citation(
        "J. Deng, J. Guo, N. Xue, S. Zafeiriou",
        "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
        2019,
        "https://arxiv.org/abs/1801.07698",
        "eq. 4",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"m3": 0.2, "scale": 64.0}, None, "the authors' code: CM1, s = 64"),
    )

    m1: float = param(1.0, symbol="m_1", low=0.1, high=10.0, slider=(0.8, 2.0))
    m2: float = param(0.3, symbol="m_2", low=0.0, high=math.pi, slider=(0.0, 1.2), unit="rad")
    m3: float = param(0.1, symbol="m_3", low=0.0, high=2.0, slider=(0.0, 0.6))
    scale: float = param(16.0, symbol="s", low=1e-3, high=1e4, slider=(1.0, 64.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        cosine, theta = stable_ops.cosines_and_label_angle(z, y, state["weight"])
        target = monotone_cosine(self.m1 * theta + self.m2) - self.m3
        return self.scale * torch.where(stable_ops.is_label(y, cosine.shape[1]), target[:, None], cosine)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return self.scale * stable_ops.cosines(z, state["weight"])

    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(
            kind=HeadKind.COSINE,
            weight=weight,
            bias=weight.new_zeros(len(weight)),
            factor=float(self.m1),
            angle=float(self.m2),
            cosine=float(self.m3),
        )

    def _curve(self, theta: Array) -> tuple[Array, Array]:
        """Return the label's changed cosine and its slope in NumPy."""
        value, slope = monotone_curve(float(self.m1) * np.asarray(theta, dtype=np.float64) + float(self.m2))
        return value - float(self.m3), float(self.m1) * slope

    def profile(self, branch: str = "") -> Profile:
        return scaled_cosines.profile(float(self.scale), self._curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(float(self.scale), lambda theta: self._curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return scaled_cosines.probe(x)

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries and margins: rays in the plane, arcs that follow them closely on the unit sphere."""
        if scene.dim > 3:
            return ()
        return scaled_cosines.boundaries(scene) + margins(
            scaled_cosines.directions(scene), lambda theta: self._curve(theta)[0]
        )

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where even on its class vector a sample cannot win by the margins, and of a scale that is too small."""
        angle, widest = float(self.m2), widest_angle(classes, dim)
        room = math.cos(angle) - math.cos(widest)  # psi is the cosine up to pi
        scale = scaled_cosines.scale_advice(float(self.scale), classes, dim)
        if angle >= widest:
            limit, values = ("m2", widest), {"margin": angle, "widest": widest}
            key = "losses.advice.arcface_margin"
        elif float(self.m3) > room:
            limit, values = ("m3", room), {"margin": float(self.m3), "added": angle, "widest": room}
            key = "losses.advice.combined_margin"
        else:
            return scale
        return Advice(*limit, Message.of(key, **values, classes=classes, dim=dim)), *scale
