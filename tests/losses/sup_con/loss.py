"""SupCon: each anchor picks all samples of its class out of the batch."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from losses.base import Citation, Family, Loss, Profile, Randomness, State
from losses.toolkit.pair_similarity import hardest_lead, lead_profile, log_sum_exp, quartet, share_cost, similarities
from losses.toolkit.tuple_mining import Tuples, relations
from spec import param


@final
@dataclass(frozen=True, kw_only=True)
class SupCon(Loss):
    """Cross-entropy of each positive among all other samples, averaged over positives (Khosla et al. 2020).

    The mean is over the anchors that have a positive; others cost zero and are not counted. The sum stands outside
    the logarithm (eq. 2). The other positives are rivals too, so the loss stays above zero with three or more
    samples of a class.
    """

    slug: ClassVar[str] = "sup_con"
    title: ClassVar[str] = "SupCon"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"-\frac1{|P(a)|}\sum_{p\in P(a)}\log\frac{e^{s_{ap}/\tau}}{\sum_{b\ne a}e^{s_{ab}/\tau}}"
        r"\qquad s_{ab}=\frac{z_a^\top z_b}{\lVert z_a\rVert\lVert z_b\rVert}"
    )
    cite: ClassVar[Citation] = Citation(
        "P. Khosla, P. Teterwak, C. Wang, A. Sarna, Y. Tian, P. Isola, A. Maschinot, C. Liu, D. Krishnan",
        "Supervised Contrastive Learning",
        2020,
        "https://arxiv.org/abs/2004.11362",
        "eq. 2",
    )
    branches: ClassVar[tuple[str, ...]] = ("hardest",)

    temperature: float = param(0.1, symbol=r"\tau", low=1e-3, high=1e3, slider=(0.03, 1.0), log=True)

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        cost, positive, _ = self._pairs(z, y)
        return len(y) * torch.where(positive, cost, 0).sum(dim=1)

    def _pairs(self, z: Tensor, y: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return what each pair adds to the mean of the batch, and the masks of positives and negatives ``(N, N)``."""
        positive, negative = relations(y)
        scaled = similarities(z, z, "cosine") / self.temperature
        cost = log_sum_exp(scaled, positive | negative)[:, None] - scaled
        anchors, positives = positive.any(dim=1).sum(), positive.sum(dim=1, keepdim=True)
        return cost / (positives.clamp_min(1) * anchors.clamp_min(1)), positive, negative

    def profile(self, branch: str = "") -> Profile:
        return lead_profile(2.0, 1 / float(self.temperature), math.log(2))

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor, its positive, and two negatives at one place."""
        return *quartet(x / 2, -x / 2, "cosine"), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return, for each pair, by how much the positive is more similar than the hardest negative."""
        return {"hardest": hardest_lead(similarities(z, z, "cosine"), *relations(y))}

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return anchor, positive and negative; the cost of a pair is shared among its negatives by softmax."""
        cost, positive, negative = self._pairs(z.detach(), y)
        scaled = similarities(z.detach(), z.detach(), "cosine") / self.temperature
        return share_cost(cost, scaled, positive, negative, most)

    def directional(self) -> bool:
        return True
