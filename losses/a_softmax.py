"""A-Softmax (SphereFace): the angle to the class vector counts several times, with class vectors of length one."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import scaled_cosines, stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.monotone_cosine import RADIUS, blend_curve, margins, surplus, tightness_advice
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class ASoftmax(Loss):
    """Softmax over ``|z| cos(theta_j)``, the label's being ``|z| (blend cos(theta) + psi(m theta)) / (1 + blend)``.

    Liu et al. 2017, eq. 7; ``blend`` is the annealing of their released code (0: the pure loss, without end: no
    margin). Mean over samples. The gradient is the true one; the authors' code rescales its parts.
    """

    slug: ClassVar[str] = "a_softmax"
    title: ClassVar[str] = "A-Softmax"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = (
        r"-\log\frac{e^{\lVert z\rVert f(\theta_y)}}{e^{\lVert z\rVert f(\theta_y)}"
        r"+\sum_{j\ne y}e^{\lVert z\rVert\cos\theta_j}}"
        r"\qquad f(\theta)=\frac{\lambda\cos\theta+(-1)^k\cos m\theta-2k}{1+\lambda},\ k=\lfloor m\theta/\pi\rfloor"
    )
    cite: ClassVar[Citation] = Citation(
        "W. Liu, Y. Wen, Z. Yu, M. Li, B. Raj, L. Song",
        "SphereFace: Deep Hypersphere Embedding for Face Recognition",
        2017,
        "https://arxiv.org/abs/1704.08063",
        "eq. 7",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("annealed", {"blend": 5.0}, None, "the authors' code: annealing ends at lambda = 5"),
    )

    margin: float = param(4, symbol="m", low=1, high=10, slider=(1, 4), whole=True)
    blend: float = param(0.0, symbol=r"\lambda", low=0.0, high=1e4, slider=(0.0, 20.0))

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        prototype = stable_ops.unit(state["weight"].to(z))
        theta = stable_ops.angle(stable_ops.unit(z), prototype[y])
        extra = surplus(theta, y, len(prototype), self.margin, self.blend)
        return stable_ops.linear(z, prototype) + stable_ops.length(z)[:, None] * extra

    def scores(self, z: Tensor, state: State) -> Tensor:
        return stable_ops.linear(z, stable_ops.unit(state["weight"].to(z)))

    def head(self, state: State) -> Head:
        weight = stable_ops.unit(state["weight"])
        return Head(
            kind=HeadKind.LINEAR,
            weight=weight,
            bias=weight.new_zeros(len(weight)),
            factor=float(self.margin),
            blend=float(self.blend),
        )

    def _curve(self, theta: Array) -> tuple[Array, Array]:
        return blend_curve(theta, float(self.margin), float(self.blend))

    def profile(self, branch: str = "") -> Profile:
        return scaled_cosines.profile(RADIUS, self._curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(RADIUS, lambda theta: self._curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        z, y, state = scaled_cosines.probe(x)
        return RADIUS * z, y, state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries and margins: rays in the plane; in space where the cones cut the unit sphere."""
        if scene.dim > 3:
            return ()
        return scaled_cosines.boundaries(scene) + margins(
            scaled_cosines.directions(scene), lambda theta: self._curve(theta)[0]
        )

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where a class may be wider than the gap to the next."""
        return tightness_advice(float(self.margin), float(self.blend), classes, dim)
