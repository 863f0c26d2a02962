"""Template of a loss on squared distances to a learned centre of each class.

``loss-geometry new-loss`` copies this file. Read ``losses/l_gm.py`` first.
"""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.head import Head, HeadKind
from losses.shape import Array, Scene, Shape
from losses.toolkit import stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.plane_boundaries import linear_boundaries
from spec import param

#: The distance of the two means of the profile, in standard deviations.
APART = 2.0


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over samples.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.DISTRIBUTION
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = (
        r"-\log\frac{e^{-d_y}}{\sum_k e^{-d_k}}+\lambda d_y\qquad d_k=\tfrac12\lVert z-\mu_k\rVert^2"
    )
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    likelihood: float = param(0.1, symbol=r"\lambda", low=0.0, high=100.0, slider=(0.0, 1.0))

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"means": start_vectors(classes, dim, rng)}

    # TODO: the value of each sample, in torch; the closed form below is the same in NumPy
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        half_squared = self._half_squared(z, state)
        own = torch.where(stable_ops.is_label(y, half_squared.shape[1]), half_squared, 0).sum(dim=1)
        return cross_entropy(-half_squared, y, reduction="none") + self.likelihood * own

    def _half_squared(self, z: Tensor, state: State) -> Tensor:
        """Return half the squared distances ``(N, C)`` to the means."""
        return ((z[:, None, :] - state["means"].to(z)) ** 2).sum(dim=2) / 2

    # TODO: the value and the slope against the distance to the sample's own mean; finite at both ends
    def profile(self, branch: str = "") -> Profile:
        """Two classes, two apart; the sample lies on the way from its own mean to the other one."""
        likelihood = float(self.likelihood)

        def lead(d: Array) -> Array:
            return (np.square(d - APART) - np.square(d)) / 2

        def slope(d: Array) -> Array:
            pull: Array = APART * np.exp(-np.logaddexp(0, lead(d))) + likelihood * d
            return pull

        return Profile(
            "distance",
            0.0,
            2 * APART,
            value=lambda d: np.logaddexp(0, -lead(d)) + likelihood / 2 * np.square(d),
            slope=slope,
        )

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        z = torch.stack([x, torch.zeros_like(x)])[None]
        return z, torch.tensor([0], device=x.device), {"means": z.new_tensor([[0, 0], [APART, 0]])}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        return {"sample": stable_ops.length(z - state["means"].to(z)[y])}

    def scores(self, z: Tensor, state: State) -> Tensor:
        return -self._half_squared(z, state)

    def head(self, state: State) -> Head:
        means = state["means"]
        return Head(kind=HeadKind.EUCLIDEAN, weight=means, bias=means.new_zeros(len(means)))

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return where the prediction changes, in the plane."""
        means = scene.state["means"]
        return linear_boundaries(means, -np.square(means).sum(axis=1) / 2) if scene.dim == 2 else ()

    # TODO: ``advice`` where geometry forbids a knob (a method of ``Loss``), or delete this line
