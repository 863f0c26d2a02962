"""Triplet loss: an anchor must be nearer to its positive than to any negative, by a margin."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.shape import Array, Scene, Shape
from losses.toolkit import score_plane, stable_ops
from losses.toolkit.class_spread import widest_angle
from losses.toolkit.score_plane import NEIGHBOURS, Plane
from losses.toolkit.triplet_sums import triplet_count, triplet_sums
from losses.toolkit.tuple_mining import Tuples, circles, distances, extremes, relations, strongest_triplets
from spec import Message, choice, param, switch

#: Samples whose triplets are observed: 64 of ten classes give about 20,000, more than enough for 48 bins.
OBSERVED = 64


@final
@dataclass(frozen=True, kw_only=True)
class Triplet(Loss):
    """How far an anchor is from being nearer to a positive than to a negative by a margin (Schroff et al. 2015, eq. 3).

    ``mining`` takes ``all`` triplets of the batch, those that are ``semi_hard`` (the negative is farther than the
    positive, but within the margin), or for each anchor its farthest positive and nearest negative (``batch_hard``,
    Hermans et al. 2017, eq. 5); the choice passes no gradient. ``average`` divides by the number of these triplets,
    or of those that cost anything. An anchor's value is the cost of its triplets, scaled so that the mean over
    samples is the mean over triplets; a batch without triplets costs zero. From scratch ``batch_hard`` collapses the
    digits almost to a point, in the plane and in space; ``semi_hard`` and ``all`` do not.
    """

    slug: ClassVar[str] = "triplet"
    title: ClassVar[str] = "Triplet loss"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"\max(0,\,D_{ap}-D_{an}+\alpha)\qquad D_{ab}=\lVert z_a-z_b\rVert^2\;\text{or}\;\lVert z_a-z_b\rVert"
    )
    cite: ClassVar[Citation] = Citation(
        "F. Schroff, D. Kalenichenko, J. Philbin",
        "FaceNet: A Unified Embedding for Face Recognition and Clustering",
        2015,
        "https://arxiv.org/abs/1503.03832",
        "eq. 3",
    )
    branches: ClassVar[tuple[str, ...]] = ("triplet",)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"margin": 0.2, "normalize": True}, None, "length one, alpha = 0.2, semi-hard"),
    )

    margin: float = param(0.5, symbol=r"\alpha", low=0.0, high=1e3, slider=(0.01, 5.0), log=True)
    distance: str = choice("squared", "euclidean")
    normalize: bool = switch(False)
    mining: str = choice("semi_hard", "all", "batch_hard")
    average: str = choice("active", "all")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        distance, (positive, negative) = self._distances(z), relations(y)
        if self.mining == "batch_hard":
            farthest, nearest = extremes(distance, positive, negative)
            gap = distance.gather(1, farthest[:, None]) - distance.gather(1, nearest[:, None])
            valid = positive.any(dim=1) & negative.any(dim=1)
            cost = torch.where(valid, torch.relu(gap[:, 0] + self.margin), 0)
            return len(y) * cost / self._count(valid.sum(), (cost > 0).sum())
        semi_hard = self.mining == "semi_hard"
        cost, active = triplet_sums(distance, positive, negative, self.margin, semi_hard=semi_hard)
        valid = active if semi_hard else triplet_count(positive, negative)
        return len(y) * cost / self._count(valid, active)

    def _distances(self, z: Tensor) -> Tensor:
        return distances(stable_ops.unit(z) if self.normalize else z, squared=self.distance == "squared")

    def _count(self, valid: Tensor, active: Tensor) -> Tensor:
        return (active if self.average == "active" else valid).clamp_min(1)

    def _cost(self, lead: Tensor) -> Tensor:
        """Return the cost of triplets whose negative is farther than the positive by ``lead``."""
        cost = torch.relu(self.margin - lead)
        return torch.where(lead > 0, cost, 0) if self.mining == "semi_hard" else cost

    def directional(self) -> bool:
        return self.normalize

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        distance, (positive, negative) = self._distances(z.detach()), relations(y)
        if self.mining == "batch_hard":
            farthest, nearest = extremes(distance, positive, negative)
            indices = torch.stack([torch.arange(len(y), device=y.device), farthest, nearest], dim=1)
            return Tuples.of(indices, self.per_sample(z, y, state) / len(y), most)

        def cost(anchor: Tensor, own: Tensor) -> Tensor:
            return self._cost(distance[anchor] - distance[anchor, own, None])

        strongest, count = strongest_triplets(cost, positive, negative, most)
        whole = self.mining == "all" and self.average == "all"
        return strongest.over(max(int(triplet_count(positive, negative)) if whole else count, 1))

    def _range(self) -> tuple[float, float, float]:
        """Return the radius of the probe's sphere, and the leads between which it reaches; see ``probe``."""
        margin = float(self.margin)
        if self.distance == "squared":
            radius = 1.0 if self.normalize else math.sqrt(margin) or 1.0
            return radius, -2 * radius**2, 4 * radius**2
        radius = 1.0 if self.normalize else 2 * margin or 1.0
        return radius, (math.sqrt(2) - 2) * radius, 2 * radius

    def profile(self, branch: str = "") -> Profile:
        margin, semi_hard = float(self.margin), self.mining == "semi_hard"
        _, low, high = self._range()

        def active(lead: Array) -> Array:
            return np.where((lead < margin) & ((lead > 0) | (not semi_hard)), 1.0, 0.0)

        return Profile(
            "lead",
            low,
            high,
            value=lambda lead: active(lead) * (margin - lead),
            slope=lambda lead: -active(lead),
            kinks=tuple(kink for kink in ((0.0, margin) if semi_hard else (margin,)) if low < kink < high),
        )

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        """The loss is that of the triplet alone; the strip below the rule's line is where triplets are semi-hard."""
        squared = self.distance == "squared"
        most = (4.0 if squared else 2.0) if self.normalize else None
        return (score_plane.distances("triplet", float(self.margin), self.profile().value, squared=squared, most=most),)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Two pairs across each other on opposite sides of a sphere: all eight triplets have the lead ``x``.

        At ``(+-u, 0, v)`` and ``(0, +-u, -v)`` on the unit sphere, ``D_ap^2 = 4 u^2`` and ``D_an^2 = 4 - 2 u^2``.
        """
        radius, _, _ = self._range()
        if self.distance == "squared":
            u = torch.sqrt((4 - x / radius**2) / 6)
        else:
            u = (torch.sqrt(24 - 2 * (x / radius) ** 2) - 2 * x / radius) / 6
        v, nought = torch.sqrt(1 - u**2), torch.zeros_like(x)
        corners = ([u, nought, v], [-u, nought, v], [nought, u, -v], [nought, -u, -v])
        z = radius * torch.stack([torch.stack(corner) for corner in corners])
        return z, torch.tensor([0, 0, 1, 1], device=x.device), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return by how much the negative is farther, for the triplets of the first 64 samples, mined or not."""
        distance, (positive, negative) = self._distances(z[:OBSERVED]), relations(y[:OBSERVED])
        lead = distance[:, None, :] - distance[:, :, None]
        return {"triplet": lead[positive[:, :, None] & negative[:, None, :]]}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return about each class mean the circle (the sphere) outside which negatives cost nothing.

        This holds for an anchor with its positive at the same place; another positive makes the circle wider.
        """
        margin = float(self.margin)
        return () if self.normalize else circles(scene, math.sqrt(margin) if self.distance == "squared" else margin)

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where, on the unit sphere, the nearest classes cannot be as far apart as the margin asks."""
        if not self.normalize:
            return ()
        chord = 2 * math.sin(widest_angle(classes, dim) / 2)
        widest, margin = chord**2 if self.distance == "squared" else chord, float(self.margin)
        if margin < widest:
            return ()
        message = Message.of("losses.advice.triplet_margin", margin=margin, widest=widest, classes=classes, dim=dim)
        return (Advice("margin", widest, message),)
