"""A moving histogram that starts from empty bins, so that the first weights are too large."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from losses.ghm_c import GHMC
from losses.toolkit import gradient_density
from museum.exhibit import Exhibit
from museum.picture import Curves

Moved = Callable[[Tensor, Tensor, int, float], Tensor]

LOSS = GHMC(momentum=0.75)

#: The gradient norms of a batch as they are late in training: many small, few large.
NORMS = torch.from_numpy(gradient_density.companions())


def wrong(g: Tensor, histogram: Tensor, bins: int, momentum: float) -> Tensor:
    new = gradient_density.counts(g, bins, len(histogram))
    return momentum * histogram + (1 - momentum) * new  # also for the first batch, after nothing


def _weights(rule: Moved, batches: int) -> list[float]:
    """Return the average weight in each of several equal batches."""
    histogram = torch.zeros(LOSS.bins, dtype=torch.float64)
    counts = gradient_density.counts(NORMS, LOSS.bins, LOSS.bins)
    averages = []
    for _ in range(batches):
        histogram = rule(NORMS, histogram, LOSS.bins, LOSS.momentum)
        # entries over bins over those in a bin, averaged over entries
        averages.append(float((counts / histogram)[counts > 0].mean()))
    return averages


def measure(rule: Moved) -> float:
    """Return the average weight in the first batch."""
    return _weights(rule, 1)[0]


def picture(rule: Moved) -> Curves:
    """Return the average weight in the first twenty batches."""
    return Curves(
        x=np.arange(1.0, 21.0), lines={"weights": np.array(_weights(rule, 20))}, across="batches", up="weight"
    )


EXHIBIT = Exhibit(
    slug="cold_histogram",
    loss=LOSS,
    right=gradient_density.update_counts,
    wrong=wrong,
    expected=1.0,
    measure=measure,
    picture=picture,
)
