"""L-GM: every class is a Gaussian; the label's must win by a margin, and samples must be likely under it."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.head import Head, HeadKind
from losses.shape import Array, Ellipse, Role, Scene, Shape
from losses.toolkit import apollonius, stable_ops
from losses.toolkit.class_spread import start_vectors
from losses.toolkit.plane_boundaries import linear_boundaries
from spec import choice, param

#: The least logarithm of a variance: below it the likelihood of a tight cluster would grow without end.
FLOOR = -6.0

#: The distance of the profile's two means, in standard deviations: where two equal Gaussians begin to part in two.
APART = 2.0

#: The level of a Gaussian that is drawn, in standard deviations: in the plane it holds 1 - exp(-2) = 86 % of it.
LEVEL = 2.0


@final
@dataclass(frozen=True, kw_only=True)
class LGM(Loss):
    """Large-margin Gaussian mixture: cross-entropy with margin plus ``likelihood`` times ``-log p(z|y)`` of the label.

    Wan et al. 2018, section 3, with equal priors and without constants; mean over samples. With d half the squared
    Mahalanobis distance the scores are ``-d - log|S| / 2``; the margin multiplies d of the label by ``1 + margin``,
    not the determinant. The loss may be negative. Means and log-variances follow the gradient; below -6 a
    log-variance counts as -6 and has none. ``covariance`` is of each class: along the axes (``diagonal``), the
    same in all directions (``isotropic``, the mean of the log-variances) or one (``identity``).
    """

    slug: ClassVar[str] = "l_gm"
    title: ClassVar[str] = "L-GM"
    family: ClassVar[Family] = Family.DISTRIBUTION
    formula: ClassVar[str] = (
        r"-\log\frac{|\Sigma_y|^{-1/2}e^{-(1+\alpha)d_y}}"
        r"{|\Sigma_y|^{-1/2}e^{-(1+\alpha)d_y}+\sum_{k\ne y}|\Sigma_k|^{-1/2}e^{-d_k}}"
        r"+\lambda\left(d_y+\tfrac12\log|\Sigma_y|\right)\qquad d_k=\tfrac12(z-\mu_k)^\top\Sigma_k^{-1}(z-\mu_k)"
    )
    cite: ClassVar[Citation] = Citation(
        "W. Wan, Y. Zhong, T. Li, J. Chen",
        "Rethinking Feature Distribution for Loss Functions in Image Classification",
        2018,
        "https://arxiv.org/abs/1803.02988",
        "section 3",
    )
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "paper",
            {"margin": 1.0, "covariance": "identity"},
            None,
            "the authors' code for MNIST in the plane: alpha = 1, lambda = 0.1, identity",
        ),
    )

    margin: float = param(0.3, symbol=r"\alpha", low=0.0, high=100.0, slider=(0.0, 4.0))
    likelihood: float = param(0.1, symbol=r"\lambda", low=0.0, high=100.0, slider=(0.0, 1.0))
    covariance: str = choice("diagonal", "identity", "isotropic")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        means = start_vectors(classes, dim, rng)
        return {"means": means} | ({} if self.covariance == "identity" else {"log_variance": torch.zeros_like(means)})

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        half_squared, offset = self._parts(z, state)
        own = stable_ops.is_label(y, half_squared.shape[1])
        negative_log_likelihood = torch.where(own, half_squared + offset, 0).sum(dim=1)
        return cross_entropy(self.logits(z, y, state), y, reduction="none") + self.likelihood * negative_log_likelihood

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        half_squared, offset = self._parts(z, state)
        own = stable_ops.is_label(y, half_squared.shape[1]).to(z)
        return -half_squared * (1 + self.margin * own) - offset

    def scores(self, z: Tensor, state: State) -> Tensor:
        half_squared, offset = self._parts(z, state)
        return -half_squared - offset

    def _parts(self, z: Tensor, state: State) -> tuple[Tensor, Tensor]:
        """Return half the squared distances ``(N, C)`` and half the log-determinants ``(C,)``."""
        means, log_variance = state["means"].to(z), self._log_variance(state).to(z)
        squared = (z[:, None, :] - means) ** 2 * torch.exp(-log_variance)
        return squared.sum(dim=2) / 2, log_variance.sum(dim=1) / 2

    def _log_variance(self, state: State) -> Tensor:
        if self.covariance == "identity":
            return torch.zeros_like(state["means"])
        free = state["log_variance"].clamp_min(FLOOR)
        return free if self.covariance == "diagonal" else free.mean(dim=1, keepdim=True).expand_as(free)

    def head(self, state: State) -> Head:
        plain = self.covariance == "identity"
        return Head(
            kind=HeadKind.EUCLIDEAN if plain else HeadKind.MAHALANOBIS,
            weight=state["means"],
            bias=state["means"].new_zeros(len(state["means"])),
            log_variance=None if plain else self._log_variance(state),
            distance=float(self.margin),
        )

    def profile(self, branch: str = "") -> Profile:
        """Two classes of variance one, two apart; the sample lies on the way from its own to the other mean."""
        factor, likelihood = 1 + float(self.margin), float(self.likelihood)

        def lead(d: Array) -> Array:
            return (np.square(d - APART) - factor * np.square(d)) / 2

        def slope(d: Array) -> Array:
            wrong = np.exp(-np.logaddexp(0, lead(d)))
            pull: Array = wrong * (factor * d - d + APART) + likelihood * d
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
        state = {"means": z.new_tensor([[0, 0], [APART, 0]]), "log_variance": z.new_zeros(2, 2)}
        return z, torch.tensor([0], device=x.device), state

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        scaled = (z - state["means"].to(z)[y]) * torch.exp(-self._log_variance(state).to(z)[y] / 2)
        return {"sample": stable_ops.length(scaled)}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return levels of the classes' Gaussians, and, for the identity in the plane, boundaries and margins.

        The boundaries are straight, the margins are arcs. With learned variances both are quadrics, and in space
        surfaces, for which there is no shape.
        """
        if scene.dim > 3:
            return ()
        means = scene.state["means"]
        variance = np.exp(self._log_variance({k: torch.from_numpy(v) for k, v in scene.state.items()}).numpy())
        levels = tuple(
            Ellipse(role=Role.LEVEL, owner=k, center=mean, radii=LEVEL * np.sqrt(variance[k]))
            for k, mean in enumerate(means)
        )
        if scene.dim != 2 or self.covariance != "identity":
            return levels
        lines = linear_boundaries(means, -np.square(means).sum(axis=1) / 2)
        return (*lines, *apollonius.margins(means, float(self.margin)), *levels)
