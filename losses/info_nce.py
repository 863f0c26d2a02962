"""InfoNCE: which of the keys is the positive?"""

import math
from dataclasses import dataclass
from functools import cache
from typing import ClassVar, final

import numpy as np
import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, State
from losses.toolkit import n_pair_batch
from losses.toolkit.pair_similarity import (
    REACH,
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
from spec import Message, choice, param

#: The relative growth of the negatives' mean that keeps classes of the plane from merging two and two. A smaller one
#: is lost in the noise of a batch.
KEPT_APART = 1e-3


@final
@dataclass(frozen=True, kw_only=True)
class InfoNCE(Loss):
    """Cross-entropy of the positive among the negatives by similarity (van den Oord et al. 2018, eq. 4).

    Cosine and temperature are those of MoCo and SimCLR. ``pairs="class"`` is the batch of N-pair losses: the first
    two samples of each class are query and positive, the other classes' positives the negatives. ``all`` takes each
    ordered pair of a class alone against all samples of other classes. The mean is over pairs; a query's
    value is the cost of its pairs. Information between query and positive is at least ``log N`` minus the loss.
    """

    slug: ClassVar[str] = "info_nce"
    title: ClassVar[str] = "InfoNCE"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"-\log\frac{e^{s(z_a,z_p)/\tau}}{e^{s(z_a,z_p)/\tau}+\sum_n e^{s(z_a,z_n)/\tau}}"
        r"\qquad s(a,b)=\frac{a^\top b}{\lVert a\rVert\lVert b\rVert}\;\text{or}\;a^\top b"
    )
    cite: ClassVar[Citation] = Citation(
        "A. van den Oord, Y. Li, O. Vinyals",
        "Representation Learning with Contrastive Predictive Coding",
        2018,
        "https://arxiv.org/abs/1807.03748",
        "eq. 4",
    )
    branches: ClassVar[tuple[str, ...]] = ("hardest",)

    temperature: float = param(0.1, symbol=r"\tau", low=1e-3, high=1e3, slider=(0.03, 1.0), log=True)
    similarity: str = choice("cosine", "dot")
    pairs: str = choice("all", "class")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        if self.pairs == "class":
            places, real = n_pair_batch.class_pairs(y)
            query, own = z[places].unbind()
            scaled = similarities(query, own, self.similarity) / self.temperature
            return n_pair_batch.over_samples(n_pair_batch.together(scaled, real), y, places, real)
        positive, negative = pairing(y, self.pairs)
        scaled = similarities(z, z, self.similarity) / self.temperature
        return over_pairs(together(scaled, negative), positive)

    def directional(self) -> bool:
        return self.similarity == "cosine"

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return query, positive and negative; the cost of a pair is shared among its negatives by softmax."""
        positive, negative = pairing(y, self.pairs)
        scaled = similarities(z.detach(), z.detach(), self.similarity) / self.temperature
        cost = together(scaled, negative) / positive.sum().clamp_min(1)
        return share_cost(cost, scaled, positive, negative, most)

    def profile(self, branch: str = "") -> Profile:
        high = 2.0 if self.similarity == "cosine" else REACH
        return lead_profile(high, 1 / float(self.temperature), math.log(1 if self.pairs == "class" else 2))

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return a query, its positive, and two negatives at one place; with ``pairs="class"`` one of them counts."""
        s_p, s_n = (x / 2, -x / 2) if self.similarity == "cosine" else (torch.ones_like(x), 1 - x)
        return *quartet(s_p, s_n, self.similarity), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return, for each pair, by how much the positive is more similar than the hardest negative."""
        return {"hardest": hardest_lead(similarities(z, z, self.similarity), *pairing(y, self.pairs))}

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn of a temperature at which, in the plane, classes may as well merge two and two."""
        if self.similarity != "cosine" or dim != 2 or classes < 4:
            return ()
        highest, temperature = _highest_temperature(classes), float(self.temperature)
        if temperature <= highest:
            return ()
        message = Message.of("losses.advice.temperature", temperature=temperature, highest=highest, classes=classes)
        return (Advice("temperature", highest, message),)


@cache
def _highest_temperature(classes: int) -> float:
    """Return the temperature at which merging classes of the plane two and two costs ``KEPT_APART``.

    What a query pays for its negatives is the logarithm of the sum of ``exp(cos(angle) / tau)``. Over places even
    round the circle its mean hardly depends on how many they are, unless they are fewer than one over ``tau`` tells
    apart. The share falls as the temperature rises, so that bisection finds where.
    """
    low, high = math.log(1e-3), math.log(1e3)
    for _ in range(60):
        middle = (low + high) / 2
        dear = _mean(classes // 2, math.exp(middle)) / _mean(classes, math.exp(middle)) - 1 > KEPT_APART
        low, high = (middle, high) if dear else (low, middle)
    return math.exp(low)


def _mean(places: int, temperature: float) -> float:
    """Return the mean of ``exp((cos(angle) - 1) / tau)`` over places even round the circle."""
    return float(np.exp((np.cos(2 * np.pi * np.arange(places) / places) - 1) / temperature).mean())
