"""Clipping: a panel's gradient is at most so long. The exact and the whole step both clip by it."""

from collections.abc import Sequence

import torch
from torch import Tensor

from engine.state.weights import Rows

#: The longest gradient of a panel: with it every loss trains at the default learning rate.
LONGEST = 1.0


def norms(gradients: Sequence[Rows]) -> Tensor:
    """Return the length of each panel's gradient ``(K,)``, net and loss together."""
    rows = [torch.linalg.vector_norm(row) for own in gradients for row in own]
    lengths: Tensor = torch.linalg.vector_norm(torch.stack(rows).view(len(gradients), -1), dim=1)
    return lengths


def divisors(lengths: Tensor) -> Tensor:
    """Return what each panel's gradient is divided by ``(K,)``, so that it is no longer than ``LONGEST``."""
    return (lengths / LONGEST).clamp(min=1.0)


def clip(gradients: Sequence[Rows], lengths: Tensor) -> list[Rows]:
    """Return gradients that are no longer than ``LONGEST``, given their lengths ``(K,)``."""
    by = divisors(lengths).tolist()
    return [own if one == 1 else (own[0] / one, own[1] / one) for own, one in zip(gradients, by, strict=True)]
