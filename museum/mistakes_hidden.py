"""A picture without the samples that the net gets wrong."""

import math
from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from losses.softmax import Softmax
from museum.exhibit import Exhibit
from museum.picture import Samples
from museum.trial import cloud, samples, spokes

Shown = Callable[[Tensor, Tensor], Tensor]

LOSS = Softmax(bias=False)

#: How far borders are drawn: past the farthest sample.
REACH = 3.0

#: Three classes that overlap, on the class vectors that separate them best.
Z, Y = cloud(3, 80, 0.8, 1.0, seed=5)


def right(scores: Tensor, y: Tensor) -> Tensor:
    """Return which samples ``(N,)`` are drawn: all."""
    return torch.ones_like(y, dtype=torch.bool)


def wrong(scores: Tensor, y: Tensor) -> Tensor:
    return scores.argmax(dim=1) == y  # only what the net gets right


def _nearest() -> np.ndarray:
    """Return the class whose third of the circle each sample lies in, from its angle alone."""
    turn = np.arctan2(Z[:, 1].numpy(), Z[:, 0].numpy())
    whole: np.ndarray = np.round(turn / (2 * np.pi / 3)).astype(np.int64) % 3
    return whole


def picture(rule: Shown) -> Samples:
    """Return the samples that a rule draws, with rings about those that the net gets wrong."""
    scores = LOSS.scores(Z, {"weight": spokes(3)})
    visible = rule(scores, Y)
    mistaken = (scores.argmax(dim=1) != Y)[visible].numpy()
    borders = tuple(np.outer([0, REACH], [math.cos(turn), math.sin(turn)]) for turn in np.deg2rad([60, 180, 300]))
    return samples(Z[visible], Y[visible], mistaken=mistaken, borders=borders, hidden=int((~visible).sum()))


def measure(rule: Shown) -> float:
    """Return the accuracy that the picture shows."""
    return float(1 - picture(rule).mistaken.mean())


EXHIBIT = Exhibit(
    slug="mistakes_hidden",
    loss=LOSS,
    right=right,
    wrong=wrong,
    expected=float((_nearest() == Y.numpy()).mean()),
    measure=measure,
    picture=picture,
)
