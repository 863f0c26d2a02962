"""Template of a loss on the pairs or triplets of a batch.

``loss-geometry new-loss`` copies this file. Read ``losses/info_nce.py`` first, or ``losses/triplet.py``.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, final

from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.toolkit.pair_similarity import (
    hardest_lead,
    lead_profile,
    over_pairs,
    pairing,
    quartet,
    share_cost,
    similarities,
    together,
)
from losses.toolkit.tuple_mining import Tuples
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class Template(Loss):
    """TODO: what it computes, with paper and equation, and what its mean is over; then what surprises.

    The mean is over pairs; a sample without a positive or a negative costs zero and is not counted.
    """

    slug: ClassVar[str] = "template"
    title: ClassVar[str] = "Template"
    family: ClassVar[Family] = Family.TUPLE
    # TODO: the formula in LaTeX, in the symbols of the knobs
    formula: ClassVar[str] = (
        r"\log\Big(1+\sum_n e^{(s_{an}-s_{ap})/\tau}\Big)"
        r"\qquad s_{ab}=\frac{z_a^\top z_b}{\lVert z_a\rVert\lVert z_b\rVert}"
    )
    # TODO: authors, title, year, link (https://) and the equation that is meant
    cite: ClassVar[Citation] = Citation("A. Author", "Title", 2000, "https://example.org", "eq. 1")
    branches: ClassVar[tuple[str, ...]] = ("hardest",)

    # TODO: the knobs with symbol, allowed range and slider; a choice or a switch for each variant of the paper
    temperature: float = param(0.1, symbol=r"\tau", low=1e-3, high=1e3, slider=(0.03, 1.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    # TODO: the share of each sample, in torch. Its tuples' costs are added up and scaled by N over the number of
    # tuples (or anchors) that count, so that the mean over samples is the mean over these; where none counts, divide
    # by one. No branch and no shape may depend on labels: masks do. The closed form below is the same in NumPy.
    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        positive, negative = pairing(y, "all")
        return over_pairs(together(similarities(z, z, "cosine") / self.temperature, negative), positive)

    # TODO: the value and the slope against the one number of the probe's tuples, here the lead of the positive's
    # similarity over that of two negatives: log(1 + 2 exp(-lead / tau))
    def profile(self, branch: str = "") -> Profile:
        return lead_profile(2.0, 1 / float(self.temperature), math.log(2))

    # TODO: a small batch in which each tuple of the first sample has the number ``x``, and its scaling is one
    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor, its positive, and two negatives at one place."""
        return *quartet(x / 2, -x / 2, "cosine"), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return, for each pair, by how much the positive is more similar than the hardest negative."""
        return {"hardest": hardest_lead(similarities(z, z, "cosine"), *pairing(y, "all"))}

    # TODO: the tuples that cost something, strongest first; their weights add up to the mean of the batch
    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return anchor, positive and negative; the cost of a pair is shared among its negatives by softmax."""
        positive, negative = pairing(y, "all")
        scaled = similarities(z.detach(), z.detach(), "cosine") / self.temperature
        cost = together(scaled, negative) / positive.sum().clamp_min(1)
        return share_cost(cost, scaled, positive, negative, most)

    # TODO: true where only the directions of embeddings count
    def directional(self) -> bool:
        return True

    # TODO: ``shapes`` and ``advice`` (methods of ``Loss``), or delete this line
