"""Circle loss: each similarity is pulled harder the farther it is from its optimum."""

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
from losses.toolkit import scaled_cosines, score_plane, stable_ops
from losses.toolkit.class_spread import STIFF, start_vectors, widest_angle
from losses.toolkit.pair_similarity import as_level, lead_at, over_anchors, quartet, strongest
from losses.toolkit.plane_boundaries import exponent_rays
from losses.toolkit.score_plane import NEIGHBOURS, Plane, from_cosines, within
from losses.toolkit.tuple_mining import Tuples
from spec import Message, choice, param


@final
@dataclass(frozen=True, kw_only=True)
class Circle(Loss):
    """Similarities within classes are pulled to one, those between classes to zero (Sun et al. 2020, eq. 4 to 6).

    Each exponent is weighted by how far its similarity is from its optimum: within classes
    ``-gamma [1 + m - s]_+ (s - 1 + m)``, between them ``gamma [s + m]_+ (s - m)``. As in the paper the weights in
    square brackets pass no gradient, so the gradient is not the derivative of the value. At ``level="class"`` the
    similarities are cosines to class vectors; at ``pair`` those to the other samples of the batch, and the mean is
    over the anchors that have both kinds.

    From nine classes on in the plane it costs less to merge classes than to part them (see ``advice``). Class vectors
    start long (``STIFF``), which keeps them from turning into each other: digits reach 0.97 in the plane, and 0.59
    from vectors of length one. Values are the same, and so are the gradients for embeddings. At ``pair``
    nothing holds classes apart: in the plane a small ``gamma`` does (the setting ``pairs``), the paper's does not.
    """

    slug: ClassVar[str] = "circle"
    title: ClassVar[str] = "Circle loss"
    family: ClassVar[Family] = Family.PAIR_SIMILARITY
    formula: ClassVar[str] = (
        r"\log\Big(1+\sum_j e^{\gamma[s_n^j+m]_+(s_n^j-m)}\sum_i e^{-\gamma[1+m-s_p^i]_+(s_p^i-1+m)}\Big)"
    )
    cite: ClassVar[Citation] = Citation(
        "Y. Sun, C. Cheng, Y. Zhang, C. Zhang, L. Zheng, Z. Wang, Y. Wei",
        "Circle Loss: A Unified Perspective of Pair Similarity Optimization",
        2020,
        "https://arxiv.org/abs/2002.10857",
        "eq. 4 to 6",
    )
    branches: ClassVar[tuple[str, ...]] = ("hardest",)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"gamma": 256.0}, None, "section 4.1, faces: m = 0.25, gamma = 256"),
        Setting("pairs", {"margin": 0.4, "gamma": 8.0, "level": "pair"}, 2, "docs/recipes.md: 10 classes in the plane"),
    )

    margin: float = param(0.25, symbol="m", low=0.0, high=2.0, slider=(0.05, 0.7))
    gamma: float = param(32.0, symbol=r"\gamma", low=1e-3, high=1e4, slider=(1.0, 256.0), log=True)
    level: str = choice("class", "pair")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {"weight": STIFF * start_vectors(classes, dim, rng)} if self.level == "class" else {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        logits = self.logits(z, y, state)
        if logits is not None:
            return cross_entropy(logits, y, reduction="none")
        similar, dissimilar = self._exponents(stable_ops.cosines(z, z))
        return over_anchors(-similar, dissimilar, y)

    def _exponents(self, cosine: Tensor) -> tuple[Tensor, Tensor]:
        """Return the exponents of all similarities, once as within a class and once as between classes."""
        within = torch.relu(1 + self.margin - cosine).detach() * (cosine - 1 + self.margin)
        between = torch.relu(cosine + self.margin).detach() * (cosine - self.margin)
        return self.gamma * within, self.gamma * between

    def logits(self, z: Tensor, y: Tensor, state: State) -> Tensor | None:
        if self.level == "pair":
            return None
        within, between = self._exponents(stable_ops.cosines(z, state["weight"]))
        return torch.where(stable_ops.is_label(y, within.shape[1]), within, between)

    def scores(self, z: Tensor, state: State) -> Tensor | None:
        return self.gamma * stable_ops.cosines(z, state["weight"]) if self.level == "class" else None

    def head(self, state: State) -> Head | None:
        """Return the scores without margin: a head has no numbers for a margin on two similarities at once."""
        if self.level == "pair":
            return None
        weight = state["weight"]
        return Head(kind=HeadKind.COSINE, weight=weight, bias=weight.new_zeros(len(weight)))

    def directional(self) -> bool:
        return True

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples | None:
        """Return anchor, positive and negative at the level of pairs; softmax shares the cost of an anchor."""
        if self.level == "class":
            return None
        similar, dissimilar = self._exponents(stable_ops.cosines(z.detach(), z.detach()))
        return strongest(-similar, dissimilar, y, most)

    def profile(self, branch: str = "") -> Profile:
        margin, gamma = float(self.margin), float(self.gamma)

        def both(lead: Array) -> tuple[Array, Array]:
            """Return the weight of both similarities, and the exponent."""
            gap = (1 - lead) / 2
            return gap + margin, 2 * gamma * (gap + margin) * (gap - margin) + math.log(2)

        return Profile(
            "lead",
            -1.0,
            1.0,
            value=lambda lead: np.logaddexp(0, both(lead)[1]),
            slope=lambda lead: -gamma * both(lead)[0] * np.exp(-np.logaddexp(0, -both(lead)[1])),
        )

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        margin = float(self.margin)

        def rule(s_n: Array, s_p: Array) -> Array:
            between = np.maximum(0, s_n + margin) * (s_n - margin)
            lead: Array = np.maximum(0, 1 + margin - s_p) * (s_p - 1 + margin) - between
            return lead

        reachable = from_cosines(omega) if self.level == "class" else within
        return (score_plane.similarities(float(self.gamma), rule, reachable),)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor with one positive and two negatives at one place, on the line ``s_p + s_n = 1``.

        The line leads from ``(s_n, s_p) = (1, 0)`` to the optimum ``(0, 1)``.
        """
        return as_level(self.level, *quartet((1 + x) / 2, (1 - x) / 2, "cosine"))

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return by how much the label (each positive) is more similar than the hardest negative."""
        return {"hardest": lead_at(self.level, stable_ops.cosines(z, state.get("weight", z)), y)}

    def shapes(self, scene: Scene) -> tuple[Shape, ...]:
        """Return boundaries at the level of classes, and, in the plane, where the label's exponent ties with the rest.

        The ties are on the circle ``(1 - s_p)^2 + s_n^2 = 2 m^2`` where ``s_n >= -m``, else on ``s_p = 1 - m``.
        """
        if scene.dim != 2 or self.level == "pair":
            return scaled_cosines.boundaries(scene) if self.level == "class" else ()
        weight, margin = scene.state["weight"], float(self.margin)
        margins = exponent_rays(
            weight,
            own=lambda s_p: margin**2 - (1 - s_p) ** 2,
            other=lambda s_n: np.maximum(0, s_n + margin) * (s_n - margin),
        )
        return scaled_cosines.boundaries(scene) + margins

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where no arrangement of the classes reaches the circle, and of a margin that accepts a tie.

        With ``omega`` between classes the best that can be reached is ``s_p = 1, s_n = cos(omega)``, which lies on
        the circle of radius ``sqrt(2) m`` about the optimum at ``m = cos(omega) / sqrt(2)``. From ``1 / 2`` on the
        circle reaches over the line where ``s_p = s_n``.
        """
        margin, needed = float(self.margin), math.cos(widest_angle(classes, dim)) / math.sqrt(2)
        if margin >= 0.5:
            return (Advice("margin", 0.5, Message.of("losses.advice.circle_tie", margin=margin)),)
        if margin >= needed:
            return ()
        key = "losses.advice.circle_margin" if needed < 0.5 else "losses.advice.circle_crowd"
        return (Advice("margin", needed, Message.of(key, margin=margin, needed=needed, classes=classes, dim=dim)),)
