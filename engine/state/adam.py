"""Adam (Kingma and Ba 2015, algorithm 1): its constants, and its step by PyTorch's kernel and by formula.

The exact step calls the kernel. The whole step is traced, which the kernel does not allow, and uses the formula. A test
holds both against each other and against ``torch.optim.Adam``.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.optim.adam import adam

#: The decay of the mean gradient and of the mean square, and what is added to the root (section 2 of the paper).
BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


@final
@dataclass(frozen=True)
class AdamBuffers:
    """Weights and the two means that Adam keeps of them, all of one shape: of gradients and of their squares."""

    values: Tensor
    first: Tensor
    second: Tensor

    def move(self, gradient: Tensor, share: Tensor, rate: Tensor, corrections: Tensor) -> None:
        """Take one step along a share of the gradient, by formula and in place; where the share is zero, by none of it.

        ``corrections`` ``(>= 2,)`` begin with the two factors of ``corrections``.
        """
        gradient = torch.where(share > 0, share * gradient, 0.0)
        first = self.first.lerp(gradient, 1 - BETA1)
        second = self.second * BETA2 + (1 - BETA2) * gradient * gradient
        change = rate * corrections[0] * first / (second.sqrt() * corrections[1] + EPSILON)
        self.first.copy_(first)
        self.second.copy_(second)
        self.values.sub_(change)


def corrections(step: int) -> list[float]:
    """Return the factors that correct the mean gradient and the root of the mean square in a step counted from 0.

    They are factors because divisions and roots take most of the time where all weights move.
    """
    number = step + 1
    return [1 / (1 - BETA1**number), 1 / math.sqrt(1 - BETA2**number)]


def move_rows(
    buffers: Sequence[AdamBuffers], gradients: Sequence[Tensor], steps: Sequence[Tensor], rate: float
) -> None:
    """Take one step with rows of weights by PyTorch's fused kernel, in place.

    ``steps`` count the steps of each row, as float32 scalars, and are one more afterwards.
    """
    adam(
        [row.values for row in buffers],
        list(gradients),
        [row.first for row in buffers],
        [row.second for row in buffers],
        [],
        list(steps),
        fused=True,
        amsgrad=False,
        beta1=BETA1,
        beta2=BETA2,
        lr=rate,
        weight_decay=0.0,
        eps=EPSILON,
        maximize=False,
    )
