"""Unified loss: similarities within classes against those between classes, by one margin."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.cosface import CosFace
from losses.head import Head, HeadKind
from losses.shape import Scene, Shape
from losses.toolkit import linear_scores, score_plane, stable_ops
from losses.toolkit.class_spread import needed_scale, start_vectors, widest_angle
from losses.toolkit.pair_similarity import (
    REACH,
    as_level,
    lead_at,
    lead_profile,
    over_anchors,
    quartet,
    similarities,
    strongest,
)
from losses.toolkit.score_plane import NEIGHBOURS, Plane, everywhere, from_cosines, within
from losses.toolkit.tuple_mining import Tuples
from spec import Message, choice, param


@final
@dataclass(frozen=True, kw_only=True)
class Unified(Loss):
    """All of an anchor's similarities within its class against all between classes (Sun et al. 2020, eq. 1).

    At ``level="class"`` the similarities are those to class vectors: with cosines this is CosFace, and with dot
    products, no margin and ``gamma`` one, softmax without bias. At ``pair`` they are those to the other samples of
    the batch, and the mean is over the anchors that have both kinds. The double sum over ``K`` and ``L``
    similarities is never below ``log(1 + K L)`` at a tie, so values of the two levels cannot be compared. In the
    plane ``pair`` needs a ``gamma`` of about 4 (the setting ``pairs``): at 16 only the hardest pairs
    pull, and digits reach 0.78 instead of 0.96.
    """

    slug: ClassVar[str] = "unified"
    title: ClassVar[str] = "Unified loss"
    family: ClassVar[Family] = Family.PAIR_SIMILARITY
    formula: ClassVar[str] = r"\log\Big(1+\sum_i\sum_j e^{\gamma(s_n^j-s_p^i+m)}\Big)"
    cite: ClassVar[Citation] = Citation(
        "Y. Sun, C. Cheng, Y. Zhang, C. Zhang, L. Zheng, Z. Wang, Y. Wei",
        "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
        2020,
        "https://arxiv.org/abs/2002.10857",
        "eq. 1",
    )
    branches: ClassVar[tuple[str, ...]] = ("hardest",)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("pairs", {"gamma": 4.0, "level": "pair"}, 2, "docs/recipes.md: 10 classes in the plane"),
    )

    margin: float = param(0.1, symbol="m", low=0.0, high=2.0, slider=(0.0, 0.6))
    gamma: float = param(16.0, symbol=r"\gamma", low=1e-3, high=1e4, slider=(1.0, 256.0), log=True)
    level: str = choice("class", "pair")
    similarity: str = choice("cosine", "dot")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": start_vectors(classes, dim, rng)} if self.level == "class" else {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        logits = self.logits(z, y, state)
        return over_anchors(*self._exponents(z), y) if logits is None else cross_entropy(logits, y, reduction="none")

    def _exponents(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the exponents of similarities within classes and between classes, ``(N, N)`` each."""
        similarity = similarities(z, z, self.similarity)
        return -self.gamma * similarity, self.gamma * (similarity + self.margin)

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor | None:
        if self.level == "pair":
            return None
        similarity = similarities(z, state["weight"], self.similarity)
        return self.gamma * (similarity - self.margin * stable_ops.is_label(y, similarity.shape[1]).to(similarity))

    def scores(self, z: Tensor, state: State) -> Tensor | None:
        return self.gamma * similarities(z, state["weight"], self.similarity) if self.level == "class" else None

    def head(self, state: State) -> Head | None:
        if self.level == "pair":
            return None
        weight, gamma, margin = state["weight"], float(self.gamma), float(self.margin)
        bias = weight.new_zeros(len(weight))
        if self.similarity == "cosine":
            return Head(kind=HeadKind.COSINE, weight=weight, bias=bias, cosine=margin)
        return Head(kind=HeadKind.LINEAR, weight=gamma * weight, bias=bias, score=gamma * margin)

    def directional(self) -> bool:
        return self.similarity == "cosine"

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples | None:
        """Return anchor, positive and negative at the level of pairs; the cost is shared by softmax."""
        return None if self.level == "class" else strongest(*self._exponents(z.detach()), y, most)

    def profile(self, branch: str = "") -> Profile:
        gamma, high = float(self.gamma), 2.0 if self.similarity == "cosine" else REACH
        return lead_profile(high, gamma, math.log(2) + gamma * float(self.margin))

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        margin, dot = float(self.margin), self.similarity == "dot"
        reachable = everywhere if dot else from_cosines(omega) if self.level == "class" else within
        reach = REACH if dot else 1.0
        return (score_plane.similarities(float(self.gamma), lambda s_n, s_p: s_p - s_n - margin, reachable, reach),)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor with one positive and two negatives at one place: samples, or class vectors."""
        s_p, s_n = (x / 2, -x / 2) if self.similarity == "cosine" else (torch.ones_like(x), 1 - x)
        return as_level(self.level, *quartet(s_p, s_n, self.similarity))

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return by how much the label (each positive) is more similar than the hardest negative."""
        return {"hardest": lead_at(self.level, similarities(z, state.get("weight", z), self.similarity), y)}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries and margins in the plane at the level of classes, where scores tie along lines."""
        if self.level == "pair":
            return ()
        if self.similarity == "cosine":
            return CosFace(margin=float(self.margin)).shapes(scene)
        return linear_scores.boundaries(scene, bias=False) + linear_scores.margins(
            scene, bias=False, lead=float(self.margin)
        )

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where class vectors cannot stand further apart than the margin, and of a gamma that is too small."""
        if self.similarity == "dot":
            return ()
        margin, widest = float(self.margin), 1 - math.cos(widest_angle(classes, dim))
        gamma, needed = float(self.gamma), needed_scale(classes, dim)
        advice = []
        if margin > widest:
            text = Message.of("losses.advice.cosface_margin", margin=margin, widest=widest, classes=classes, dim=dim)
            advice.append(Advice("margin", widest, text))
        if gamma < needed and self.level == "class":
            text = Message.of("losses.advice.gamma", gamma=gamma, needed=needed, classes=classes, dim=dim)
            advice.append(Advice("gamma", needed, text))
        return tuple(advice)
