"""Template of a loss on similarities within a class against those between classes.

``loss-geometry new-loss`` copies this file. Read ``losses/unified.py`` first.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.toolkit import score_plane
from losses.toolkit.pair_similarity import lead_at, lead_profile, over_anchors, quartet, similarities, strongest
from losses.toolkit.score_plane import NEIGHBOURS, Plane, within
from losses.toolkit.tuple_mining import Tuples
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over the anchors that have a positive and a negative; others cost zero and are not counted.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.PAIR_SIMILARITY
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = r"\log\Big(1+\sum_i\sum_j e^{\gamma(s_n^j-s_p^i+m)}\Big)"
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")
    branches: ClassVar[tuple[str, ...]] = ("hardest",)

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    margin: float = param(0.1, symbol="m", low=0.0, high=2.0, slider=(0.0, 0.6))
    gamma: float = param(4.0, symbol=r"\gamma", low=1e-3, high=1e4, slider=(1.0, 256.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        return over_anchors(*self._exponents(z), y)

    # TODO: the exponents in torch; ``over_anchors`` scales by N over the number of anchors that have both kinds of
    # pairs, so that the mean over samples is the mean over these. The closed form below is the same in NumPy.
    def _exponents(self, z: Tensor) -> tuple[Tensor, Tensor]:
        """Return the exponents of pairs within a class and of pairs between classes, ``(N, N)`` each."""
        similarity = similarities(z, z, "cosine")
        return -self.gamma * similarity, self.gamma * (similarity + self.margin)

    # TODO: the value and the slope against the one number of the probe's tuples, here the lead of the positive's
    # similarity over that of two negatives: log(1 + 2 exp(gamma (m - lead)))
    def profile(self, branch: str = "") -> Profile:
        gamma = float(self.gamma)
        return lead_profile(2.0, gamma, math.log(2) + gamma * float(self.margin))

    def planes(self, omega: float = NEIGHBOURS) -> tuple[Plane, ...]:
        margin = float(self.margin)
        return (score_plane.similarities(float(self.gamma), lambda s_n, s_p: s_p - s_n - margin, within),)

    # TODO: a small batch in which each tuple of the first sample has the number ``x``, and its scaling is one
    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor, its positive, and two negatives at one place."""
        return *quartet(x / 2, -x / 2, "cosine"), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return by how much each positive is more similar than the hardest negative."""
        return {"hardest": lead_at("pair", similarities(z, z, "cosine"), y)}

    # TODO: the tuples that cost something, strongest first; their weights add up to the mean of the batch
    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return anchor, positive and negative; the cost of an anchor is shared by softmax."""
        return strongest(*self._exponents(z.detach()), y, most)

    # TODO: true where only the directions of embeddings count
    def directional(self) -> bool:
        return True

    # TODO: ``shapes`` and ``advice`` (methods of ``Loss``), or delete this line
