"""Template of a loss on scaled cosines to class vectors, with a margin.

``loss-geometry new-loss`` copies this file. Read ``losses/cosface.py`` first.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import scaled_cosines, stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.score_plane import NEIGHBOURS, Plane, angular
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over samples.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.ANGULAR
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"-\log\frac{e^{s(\cos\theta_y-m)}}{e^{s(\cos\theta_y-m)}+\sum_{j\ne y}e^{s\cos\theta_j}}"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    margin: float = param(0.15, symbol="m", low=0.0, high=2.0, slider=(0.0, 0.6))
    scale: float = param(16.0, symbol="s", low=1e-3, high=1e4, slider=(1.0, 64.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return cross_entropy(self.logits(z, y, state), y, reduction="none")

    # TODO: what the margin makes of the label's cosine, in torch; ``_curve`` below is the same in NumPy
    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        cosine = stable_ops.cosines(z, state["weight"])
        return self.scale * (cosine - self.margin * stable_ops.is_label(y, cosine.shape[1]).to(cosine))

    def _curve(self, theta: Array) -> tuple[Array, Array]:
        """Return the label's changed cosine at angles ``theta`` (radians), and its slope."""
        return np.cos(theta) - float(self.margin), -np.sin(theta)

    def profile(self, branch: str = "") -> Profile:
        return scaled_cosines.profile(float(self.scale), self._curve)

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        return angular(float(self.scale), lambda theta: self._curve(theta)[0], omega)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        return scaled_cosines.probe(x)

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.label_angle(z, y, state["weight"])}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return self.scale * stable_ops.cosines(z, state["weight"])

    # TODO: the margin as numbers of ``Head``: factor, angle, cosine
    def head(self, state: State) -> Head:
        weight = state["weight"]
        return Head(kind=HeadKind.COSINE, weight=weight, bias=weight.new_zeros(len(weight)), cosine=float(self.margin))

    # TODO: add the curves on which the margin ties, or delete this line; ``losses/cosface.py`` has both dimensions
    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries: rays in the plane, arcs of great circles on the unit sphere."""
        return scaled_cosines.boundaries(scene)

    # TODO: warn of a margin that class vectors cannot keep, or delete this line
    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn of a scale that is too small."""
        return scaled_cosines.scale_advice(float(self.scale), classes, dim)
