"""N-pair loss: one positive against many negatives at once, by dot product."""

import math
from dataclasses import dataclass
from typing import ClassVar, final

import torch
from torch import Tensor

from losses.base import Advice, Citation, Family, Loss, Profile, Randomness, Setting, State
from losses.toolkit import n_pair_batch
from losses.toolkit.pair_similarity import (
    REACH,
    hardest_lead,
    lead_profile,
    one_by_one,
    over_pairs,
    pairing,
    quartet,
    share_cost,
    similarities,
    softplus,
    together,
)
from losses.toolkit.tuple_mining import Tuples, strongest_triplets
from spec import Message, choice, param


@final
@dataclass(frozen=True, kw_only=True)
class NPair(Loss):
    """A positive against all negatives at once, or the sum over single negatives (Sohn 2016, section 3.2: mc and ovo).

    Embeddings are not normalised; a pair also costs ``regularization / 4`` times the squared lengths of both, which
    sets the size (the paper gives no constant; a quarter is TensorFlow's). ``pairs="class"`` is the batch of
    the paper: the first two samples of each class are anchor and positive, the other classes' positives the
    negatives. ``all`` takes each ordered pair of a class alone against all samples of other classes. The mean is
    over pairs. With ``class`` a step sees two samples of each class, however large the batch: digits in the plane
    reach about 0.84 in as many steps as give 0.95 with ``all``. All negatives at once can drive some classes of the
    plane onto each other for good (two seeds of ten end near 0.62); one by one they do not (the setting ``plane``).
    """

    slug: ClassVar[str] = "n_pair"
    title: ClassVar[str] = "N-pair loss"
    family: ClassVar[Family] = Family.TUPLE
    formula: ClassVar[str] = (
        r"\log\Big(1+\sum_n e^{z_a^\top z_n-z_a^\top z_p}\Big)"
        r"+\frac{\lambda}{4}\big(\lVert z_a\rVert^2+\lVert z_p\rVert^2\big)"
    )
    cite: ClassVar[Citation] = Citation(
        "K. Sohn",
        "Improved Deep Metric Learning with Multi-class N-pair Loss Objective",
        2016,
        "https://papers.nips.cc/paper/6200-improved-deep-metric-learning-with-multi-class-n-pair-loss-objective",
        "section 3.2, N-pair-mc and N-pair-ovo",
    )
    branches: ClassVar[tuple[str, ...]] = ("hardest",)
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting("paper", {"pairs": "class"}, None, "section 3.2: one pair of each class"),
        Setting("plane", {"regularization": 0.02, "variant": "one_vs_one"}, 2, "docs/recipes.md: digits"),
    )

    # TensorFlow's; the larger it is, the more seeds end with classes merged (docs/recipes.md)
    regularization: float = param(0.002, symbol=r"\lambda", low=0.0, high=10.0, slider=(0.0, 0.2))
    variant: str = choice("multi_class", "one_vs_one")
    pairs: str = choice("all", "class")

    def init(self, classes: int, dim: int, rng: Randomness) -> dict[str, Tensor]:
        return {}

    def per_sample(self, z: Tensor, y: Tensor, state: State) -> Tensor:
        several = self.variant == "one_vs_one"
        if self.pairs == "class":
            places, real = n_pair_batch.class_pairs(y)
            anchor, own = z[places].unbind()
            dot = similarities(anchor, own, "dot")
            cost = n_pair_batch.one_by_one(dot, real) if several else n_pair_batch.together(dot, real)
            if isinstance(self.regularization, Tensor) or self.regularization > 0:
                length_cost = self.regularization / 4 * (anchor**2 + own**2).sum(dim=1)
                cost = cost + torch.where(real, length_cost, 0)
            return n_pair_batch.over_samples(cost, y, places, real)
        positive, negative = pairing(y, self.pairs)
        dot, squared = similarities(z, z, "dot"), (z**2).sum(dim=1)
        cost = one_by_one(dot, positive, negative) if several else together(dot, negative)
        return over_pairs(cost + self.regularization / 4 * (squared[:, None] + squared), positive)

    def active(self, z: Tensor, y: Tensor, state: State, most: int = 256) -> Tuples:
        """Return anchor, positive and negative, without the regularisation; the cost is shared by softmax."""
        positive, negative = pairing(y, self.pairs)
        dot, count = similarities(z.detach(), z.detach(), "dot"), positive.sum().clamp_min(1)
        if self.variant == "multi_class":
            return share_cost(together(dot, negative) / count, dot, positive, negative, most)

        def cost(anchor: Tensor, own: Tensor) -> Tensor:
            return softplus(dot[anchor] - dot[anchor, own, None]) / count

        return strongest_triplets(cost, positive, negative, most)[0]

    def profile(self, branch: str = "") -> Profile:
        rivals, length_cost = 1 if self.pairs == "class" else 2, float(self.regularization) / 2
        if self.variant == "multi_class":
            return lead_profile(REACH, 1.0, math.log(rivals), offset=length_cost)
        return lead_profile(REACH, 1.0, 0.0, times=rivals, offset=length_cost)

    def probe(self, x: Tensor, branch: str = "") -> tuple[Tensor, Tensor, State]:
        """Return an anchor and its positive, both of length one, and two negatives at one place.

        With ``pairs="class"`` one of the negatives counts.
        """
        return *quartet(torch.ones_like(x), 1 - x, "dot"), {}

    def observe(self, z: Tensor, y: Tensor, state: State) -> dict[str, Tensor]:
        """Return, for each pair, by how much the positive is more similar than the hardest negative."""
        return {"hardest": hardest_lead(similarities(z, z, "dot"), *pairing(y, self.pairs))}

    def advice(self, classes: int, dim: int) -> tuple[Advice, ...]:
        """Warn where nothing bounds the length of the embeddings."""
        if float(self.regularization) > 0:
            return ()
        smallest = 0.002  # TensorFlow's
        return (Advice("regularization", smallest, Message.of("losses.advice.regularization", smallest=smallest)),)
