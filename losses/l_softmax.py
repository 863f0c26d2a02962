"""L-Softmax: the angle to the label's class vector counts several times, and class vectors keep their lengths."""

from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import linear_scores, scaled_cosines, stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.monotone_cosine import RADIUS, blend_curve, margins, surplus, tightness_advice
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class LSoftmax(Loss):
    """Softmax without bias, the label's score being ``|w| |z| (blend cos(theta) + psi(m theta)) / (1 + blend)``.

    Liu et al. 2016, eq. 4 to 6; ``blend`` is the annealing of their released code (0: the pure loss, without end:
    softmax). Mean over samples. The gradient is the true one, with k constant.
    """

    slug: ClassVar[str] = "l_softmax"
    title: ClassVar[str] = "L-Softmax"
    family: ClassVar[Family] = Family.ANGULAR
    formula: ClassVar[str] = (
        r"-\log\frac{e^{\lVert w_y\rVert\lVert z\rVert f(\theta_y)}}{e^{\lVert w_y\rVert\lVert z\rVert f(\theta_y)}"
        r"+\sum_{j\ne y}e^{w_j^\top z}}"
        r"\qquad f(\theta)=\frac{\lambda\cos\theta+(-1)^k\cos m\theta-2k}{1+\lambda},\ k=\lfloor m\theta/\pi\rfloor"
    )
    cite: ClassVar[Citation] = Citation(
        "W. Liu, Y. Wen, Z. Yu, M. Yang",
        "Large-Margin Softmax Loss for Convolutional Neural Networks",
        2016,
        "https://arxiv.org/abs/1612.02295",
        "eq. 4 to 6",
    )

    margin: float = param(4, symbol="m", low=1, high=10, slider=(1, 4), whole=True)
    blend: float = param(0.0, symbol=r"\lambda", low=0.0, high=1e4, slider=(0.0, 20.0))

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        weight = state["weight"].to(z)
        extra = surplus(stable_ops.label_angle(z, y, weight), y, len(weight), self.margin, self.blend)
        return self.scores(z, state) + stable_ops.length(z)[:, None] * stable_ops.length(weight) * extra

    def scores(self, z: Tensor, state: State) -> Tensor:
        return stable_ops.linear(z, state["weight"])

    def head(self, state: State) -> Head:
        weight = state["weight"]
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
        """The class vectors have length one."""
        return scaled_cosines.profile(RADIUS, self._curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        """The class vectors have length one."""
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
        margin_rays = margins(scene.state["weight"], lambda theta: self._curve(theta)[0])
        return linear_scores.boundaries(scene, bias=False) + margin_rays

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where a class may be wider than the gap to the next, for class vectors of equal length."""
        return tightness_advice(float(self.margin), float(self.blend), classes, dim)
