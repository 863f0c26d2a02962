"""Quadruplet loss: pairs of one class must be closer than pairs of different classes, with or without an anchor."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.shape import Scene, Shape
from losses.toolkit import score_plane
from losses.toolkit.score_plane import NEIGHBOURS, Plane
from losses.toolkit.triplet_sums import quadruplet_count, quadruplet_sums, triplet_count, triplet_sums
from losses.toolkit.tuple_mining import (
    Tuples,
    circles,
    closest_strangers,
    distances,
    extremes,
    nearest_strangers,
    relations,
    strongest_triplets,
)
from spec import Message, choice, param

#: Samples whose tuples are observed: 64 of ten classes give about 20,000 triplets, more than enough for 48 bins.
OBSERVED = 64

#: Classes that a quadruplet is made of: the anchor's, and the two of the other pair.
FEWEST = 3


@final
@dataclass(frozen=True, kw_only=True)
class Quadruplet(Loss):
    """Triplets with ``margin`` and quadruplets with ``second_margin``, on squared distances (Chen et al. 2017).

    The paper learns its distance; here it is that of the embeddings. A quadruplet is a pair of one class beside a pair
    of two other classes. Each of the two terms is the mean over its own tuples: ``all`` of the batch, or for each
    anchor the ``hard`` ones with its farthest positive, its nearest negative and the nearest pair of two other
    classes; the choice passes no gradient. An anchor's value is the cost of its tuples, scaled so that the mean over
    samples is the sum of both means; a term without tuples costs zero. From scratch ``hard`` collapses the digits
    almost to a point, in the plane and in space; ``all`` does not.
    """

    slug: ClassVar[str] = "quadruplet"
    title: ClassVar[str] = "Quadruplet loss"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"\max(0,\,D_{ij}^2-D_{ik}^2+\alpha_1)+\max(0,\,D_{ij}^2-D_{lk}^2+\alpha_2)"
        r"\qquad y_i=y_j,\;y_k\ne y_i,\;y_l\ne y_i,y_k"
    )
    cite: ClassVar[Citation] = Citation(
        "W. Chen, X. Chen, J. Zhang, K. Huang",
        "Beyond Triplet Loss: A Deep Quadruplet Network for Person Re-identification",
        2017,
        "https://arxiv.org/abs/1704.01719",
        "section 3.3, the quadruplet loss",
    )
    branches: ClassVar[tuple[str, ...]] = ("triplet", "quadruplet")

    margin: float = param(1.0, symbol=r"\alpha_1", low=0.0, high=1e3, slider=(0.05, 5.0), log=True)
    second_margin: float = param(0.5, symbol=r"\alpha_2", low=0.0, high=1e3, slider=(0.0, 2.0))
    mining: str = choice("all", "hard")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        distance, (positive, negative) = distances(z, squared=True), relations(y)
        if self.mining == "hard":
            parts = [cost / valid.sum().clamp_min(1) for _, cost, valid in self._hard(distance, y)]
            return len(y) * (parts[0] + parts[1])
        first, _ = triplet_sums(distance, positive, negative, self.margin, semi_hard=False)
        second = quadruplet_sums(distance, y, positive, negative, self.second_margin)
        first = first / triplet_count(positive, negative).clamp_min(1)
        return len(y) * (first + second / quadruplet_count(positive, negative).clamp_min(1))

    def _hard(self, distance: Tensor, y: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Yield for each term the tuple of each anchor ``(N, 4)``, what it costs ``(N,)``, and whether there is one."""
        positive, negative = relations(y)
        anchor, (farthest, nearest) = torch.arange(len(y), device=y.device), extremes(distance, positive, negative)
        third, fourth, some = nearest_strangers(distance, y, negative)
        for margin, (k, m, other) in (
            (self.margin, (nearest, anchor, negative.any(dim=1))),
            (self.second_margin, (third, fourth, some)),
        ):
            gap = distance[anchor, farthest] - distance[k, m]
            valid = positive.any(dim=1) & other
            cost = torch.where(valid, torch.relu(gap + margin), 0)
            yield torch.stack([anchor, farthest, k, m], dim=1), cost, valid

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return quadruplets; a triplet is one whose second pair is the negative and the anchor."""
        distance, (positive, negative) = distances(z.detach(), squared=True), relations(y)
        if self.mining == "hard":
            hard = [(tuples, cost / valid.sum().clamp_min(1)) for tuples, cost, valid in self._hard(distance, y)]
            return Tuples.join([Tuples.of(tuples, weights, most) for tuples, weights in hard], most)

        def cost(anchor: Tensor, own: Tensor) -> Tensor:
            return torch.relu(distance[anchor, own, None] - distance[anchor] + self.margin)

        triplets, _ = strongest_triplets(cost, positive, negative, most)
        triplets = triplets.over(max(int(triplet_count(positive, negative)), 1))
        parts = [Tuples(torch.cat([triplets.indices, triplets.indices[:, :1]], dim=1), triplets.weights)]
        count = (
            max(int(quadruplet_count(positive, negative)), 1) / 4
        )  # one tuple stands for the four orders of its pairs
        parts += [part.over(count) for part in closest_strangers(distance, y, self.second_margin, most)]
        return Tuples.join(parts, most)

    def _margin(self, branch: str) -> float:
        return float(self.margin if self._branch(branch) == "triplet" else self.second_margin)

    def profile(self, branch: str = "") -> Profile:
        margin = self._margin(branch)
        size = margin or 1.0
        return Profile(
            "lead",
            -2 * size,
            4 * size,
            value=lambda lead: np.maximum(0, margin - lead),
            slope=lambda lead: np.where(lead < margin, -1.0, 0.0),
            kinks=(margin,),
        )

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        """The loss is that of a triplet, or of a quadruplet, alone."""
        return tuple(score_plane.distances(b, self._margin(b), self.profile(b).value) for b in self.branches)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return a pair on the first axis, and above it one other class, or far away two other classes.

        The pair is ``2 u`` wide; each other class has two samples at one place.
        """
        size = self._margin(branch) or 1.0
        u, nought = torch.full_like(x, math.sqrt(size)), torch.zeros_like(x)
        if self._branch(branch) == "triplet":
            others = [[nought, torch.sqrt(x + 3 * size)]] * 2
        else:
            half, far = torch.sqrt(x + 4 * size) / 2, 2 * u + 2 * math.sqrt(size + float(self.margin))
            others = [[far, half]] * 2 + [[far, -half]] * 2
        z = torch.stack([torch.stack(point) for point in ([u, nought], [-u, nought], *others)])
        return z, torch.arange(len(z), device=x.device) // 2, {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return by how much the negative pair is wider, for tuples of the first 64 samples, mined or not.

        Of quadruplets, which are too many, each positive pair with the nearest pair of two other classes.
        """
        distance, y = distances(z[:OBSERVED], squared=True), y[:OBSERVED]
        positive, negative = relations(y)
        lead = distance[:, None, :] - distance[:, :, None]
        third, fourth, some = nearest_strangers(distance, y, negative)
        return {
            "triplet": lead[positive[:, :, None] & negative[:, None, :]],
            "quadruplet": (distance[third, fourth][:, None] - distance)[positive & some[:, None]],
        }

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return about each class mean the circle (the sphere) of squared radius ``margin``.

        A negative outside it costs an anchor nothing whose positive is at the same place.
        """
        return circles(scene, math.sqrt(float(self.margin)))

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where the second margin is not below the first, and of two classes, which make no quadruplets."""
        if classes < FEWEST:
            return (Advice("", FEWEST, Message.of("losses.advice.quadruplets", classes=classes, fewest=FEWEST)),)
        if float(self.second_margin) < float(self.margin):
            return ()
        message = Message.of("losses.advice.second_margin", second=float(self.second_margin), first=float(self.margin))
        return (Advice("second_margin", float(self.margin), message),)
