"""Contrastive loss: springs pull pairs of one class together and push other pairs a margin apart."""

from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.shape import Scene, Shape
from losses.toolkit import stable_ops
from losses.toolkit.tuple_mining import Tuples, circles, distances, relations
from spec import param, switch

#: Samples whose pairs are observed: 512 give 130,816 pairs, more than enough for 48 bins.
OBSERVED = 512


@final
@dataclass(frozen=True, kw_only=True)
class Contrastive(Loss):
    """Half the squared distance of similar pairs, half the squared shortfall from the margin of dissimilar ones.

    Hadsell, Chopra, LeCun 2006, eq. 4, over the ``N (N - 1) / 2`` unordered pairs of a batch: their mean, or with
    ``balanced`` the mean of the similar pairs plus that of the dissimilar ones. A sample's value is half of what
    its pairs cost, scaled so that the mean over samples is that number; a batch without pairs costs zero.
    """

    slug: ClassVar[str] = "contrastive"
    title: ClassVar[str] = "Contrastive loss"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"\begin{cases}\frac12 D^2&\text{same class}\\\frac12\max(0,m-D)^2&\text{otherwise}\end{cases}"
        r"\qquad D=\lVert z_a-z_b\rVert"
    )
    cite: ClassVar[Citation] = Citation(
        "R. Hadsell, S. Chopra, Y. LeCun",
        "Dimensionality Reduction by Learning an Invariant Mapping",
        2006,
        "https://doi.org/10.1109/CVPR.2006.100",
        "eq. 4",
    )
    branches: ClassVar[tuple[str, ...]] = ("dissimilar", "similar")

    margin: float = param(1.0, symbol="m", low=0.0, high=1e3, slider=(0.25, 5.0))
    balanced: bool = switch(False)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        samples = len(y)
        parts, count = self._parts(z, y)
        if not self.balanced:
            # a pair counts twice in the double sum, so N / 2 over the number of pairs is 1 / (N - 1)
            return (parts[0] + parts[1]).sum(dim=1) / max(samples - 1, 1)
        return samples * (parts[0].sum(dim=1) / count[0].clamp_min(1) + parts[1].sum(dim=1) / count[1].clamp_min(1))

    def _parts(self, z: Tensor, y: Tensor) -> tuple[tuple[Tensor, Tensor], tuple[Tensor, Tensor]]:
        """Return what similar and dissimilar pairs cost ``(N, N)`` (zero elsewhere), and the count of each."""
        squares = distances(z, squared=True)
        pull, push = squares / 2, torch.relu(self.margin - stable_ops.root(squares)) ** 2 / 2
        similar, dissimilar = relations(y)
        costs = torch.where(similar, pull, 0), torch.where(dissimilar, push, 0)
        return costs, (similar.sum(), dissimilar.sum())

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return each pair once."""
        (pull, push), (similar, dissimilar) = self._parts(z.detach(), y)
        if not self.balanced:
            similar = dissimilar = similar + dissimilar
        weights = pull / similar.clamp_min(1) + push / dissimilar.clamp_min(1)
        return Tuples.from_grid(2 * weights.triu(), most)

    def profile(self, branch: str = "") -> Profile:
        margin = float(self.margin)
        high = 4 * margin or 1.0  # ten classes a margin apart round a circle span three margins
        if self._branch(branch) == "similar":
            return Profile("distance", 0.0, high, value=lambda d: np.square(d) / 2, slope=lambda d: 1.0 * d)

        def shortfall(distance: np.ndarray) -> np.ndarray:
            return np.maximum(0, margin - distance)

        return Profile("distance", 0.0, high, value=lambda d: shortfall(d) ** 2 / 2, slope=lambda d: -shortfall(d))

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """One pair, a distance ``x`` apart."""
        nought = torch.zeros_like(x)
        z = torch.stack([torch.stack([nought, nought]), torch.stack([x, nought])])
        return z, torch.tensor([0, int(self._branch(branch) == "dissimilar")], device=x.device), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return the distances of the pairs among the first 512 samples."""
        first, second = torch.triu_indices(min(len(y), OBSERVED), min(len(y), OBSERVED), offset=1, device=y.device)
        distance, same = stable_ops.length(z[first] - z[second]), y[first] == y[second]
        return {"dissimilar": distance[~same], "similar": distance[same]}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return the circle (the sphere) of radius ``margin`` about each class mean; it pushes other classes out."""
        return circles(scene, float(self.margin))
