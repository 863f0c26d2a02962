"""ArcFace: the label must win by an angle."""

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
from losses.toolkit import scaled_cosines, sphere_boundaries, stable_ops
from losses.toolkit.class_spread import start_vectors, widest_angle
from losses.toolkit.plane_boundaries import cosine_margins
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import Message, choice, param


@final
@dataclass(frozen=True, kw_only=True)
class ArcFace(Loss):
    """Softmax over scaled cosines, with an angle added to the label's (Deng et al. 2019, eq. 3); mean over samples.

    ``beyond`` says what happens where angle plus margin exceeds pi and the cosine would rise again:
    ``monotonic`` reflects it, ``raw`` leaves the formula, ``cosface`` subtracts ``m sin m`` there, ``easy`` has a
    margin only where the cosine is positive.
    """

    slug: ClassVar[str] = "arcface"
    title: ClassVar[str] = "ArcFace"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = r"-\log\frac{e^{s\cos(\theta_y+m)}}{e^{s\cos(\theta_y+m)}+\sum_{j\ne y}e^{s\cos\theta_j}}"
    cite: ClassVar[Citation] = Citation(
        "J. Deng, J. Guo, N. Xue, S. Zafeiriou",
        "ArcFace: Additive Angular Margin Loss for Deep Face Recognition",
        2019,
        "https://arxiv.org/abs/1801.07698",
        "eq. 3",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"margin": 0.5, "scale": 64.0}, None, "section 3.1: s = 64, m = 0.5"),
    )

    margin: float = param(0.3, symbol="m", low=0.0, high=math.pi, slider=(0.0, 1.2), unit="rad")
    scale: float = param(16.0, symbol="s", low=1e-3, high=1e4, slider=(1.0, 64.0), log=True)
    beyond: str = choice("monotonic", "raw", "cosface", "easy")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        cosine, theta = stable_ops.cosines_and_label_angle(z, y, state["weight"])
        return self.scale * torch.where(stable_ops.is_label(y, cosine.shape[1]), self._target(theta)[:, None], cosine)

    def scores(self, z: Tensor, state: State) -> Tensor:
        return self.scale * stable_ops.cosines(z, state["weight"])

    def _target(self, theta: Tensor) -> Tensor:
        cosine = torch.cos(theta + self.margin)
        if self.beyond == "raw":
            return cosine
        if self.beyond == "easy":
            return torch.where(theta < math.pi / 2, cosine, torch.cos(theta))
        if self.beyond == "monotonic":
            past = -2 - cosine
        else:
            sine = torch.sin(self.margin) if isinstance(self.margin, Tensor) else math.sin(self.margin)
            past = torch.cos(theta) - self.margin * sine
        return torch.where(theta > math.pi - self.margin, past, cosine)

    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(kind=HeadKind.COSINE, weight=weight, bias=weight.new_zeros(len(weight)), angle=float(self.margin))

    def _curve(self, theta: Array) -> tuple[Array, Array]:
        """Return the label's changed cosine and its slope in NumPy."""
        m = float(self.margin)
        near, near_slope = np.cos(theta + m), -np.sin(theta + m)
        far, far_slope, joint = {
            "monotonic": (-2 - near, -near_slope, math.pi - m),
            "raw": (near, near_slope, math.pi),
            "cosface": (np.cos(theta) - m * math.sin(m), -np.sin(theta), math.pi - m),
            "easy": (np.cos(theta), -np.sin(theta), math.pi / 2),
        }[self.beyond]
        return np.where(theta > joint, far, near), np.where(theta > joint, far_slope, near_slope)

    def profile(self, branch: str = "") -> Profile:
        jumps = {"cosface": (math.pi - float(self.margin),), "easy": (math.pi / 2,)}
        return scaled_cosines.profile(float(self.scale), self._curve, jumps.get(self.beyond, ()))

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(float(self.scale), lambda theta: self._curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return scaled_cosines.probe(x)

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries and margins: rays in the plane, on the unit sphere arcs of great circles and conics.

        Where the label's curve rises again beyond pi, further ties are not drawn.
        """
        weight, margin = scene.state["weight"], float(self.margin)
        margins: tuple[Shape, ...] = ()
        if scene.dim == 2:
            # theta_1 + m = theta_2 and theta_1 + theta_2 = omega
            margins = cosine_margins(weight, lambda theta: self._curve(theta)[0], lambda omega: (omega - margin) / 2)
        if scene.dim == 3:
            margins = sphere_boundaries.angle_margins(weight, margin, acute=self.beyond == "easy")
        return scaled_cosines.boundaries(scene) + margins

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where class vectors cannot stand further apart than the margin, and of a scale that is too small."""
        margin, widest = float(self.margin), widest_angle(classes, dim)
        if margin < widest:
            return scaled_cosines.scale_advice(float(self.scale), classes, dim)
        message = Message.of("losses.advice.arcface_margin", margin=margin, widest=widest, classes=classes, dim=dim)
        return Advice("margin", widest, message), *scaled_cosines.scale_advice(float(self.scale), classes, dim)
