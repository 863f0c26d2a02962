"""The gradients of a family's panels, as a function of tensors: of one panel, or of several side by side."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum, auto
from typing import final

import torch
from torch import Tensor

from engine.nets import Net
from engine.state.families import Group, Pieces, apart, mean, means, pulled
from engine.steps.simd_padding import Filled


class Way(Enum):
    """What of several panels is computed side by side, the most first."""

    STACKED = auto()
    LOSSES = auto()
    NOTHING = auto()


@final
@dataclass(frozen=True)
class Gradients:
    """A function of samples and weights, for panels of one family; ``layout`` is that of a net.

    ``filled``: registers are filled up where a processor would round by how many numbers there are. To look out for
    that doubles the time of a small net's step in Python; it may be left out where it is known to make no difference.
    """

    net: Net
    layout: Pieces
    group: Group
    way: Way = Way.STACKED
    filled: bool = True

    def __call__(self, x: Tensor, y: Tensor, nets: Tensor, rows: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Return the losses, the gradients of nets and of what losses learn, then what is learned by rule.

        Of one panel: ``nets (row,)``, ``rows (S,)``, the loss ``()``; or of all ``K_g`` of a group, which have one
        dimension more in front. ``rest`` is what is learned by rule, then the knobs that move.
        """
        group, alone = self.group, nets.ndim == 1
        rule_state, knobs = rest[: len(group.rule_state)], rest[len(group.rule_state) :]
        with torch.enable_grad(), Filled() if self.filled else nullcontext():
            weights, learned = (
                [part.detach().requires_grad_() for part in apart(*own)]
                for own in ((nets, self.layout), (rows, group.learned))
            )
            named = {name: weight for (name, _), weight in zip(self.layout, weights, strict=True)}
            if alone:
                z = self.net.one(named, x)
            else:
                z = self.net.stacked(named, x) if self.way is Way.STACKED else torch.stack(self.net.forward(named, x))
            # in the same order in memory, alone or not: products of matrices round differently in another
            seen = z.detach().contiguous().requires_grad_()
            losses, after = (mean if alone else means)(group, seen, y, (tuple(learned), rule_state), knobs)
            pull, *slopes = pulled(losses.sum(), [seen, *learned])
            parts = pulled(z, weights, pull.contiguous())
        return losses.detach(), _row(parts, nets), _row(slopes, rows), *after


def _row(parts: Sequence[Tensor], like: Tensor) -> Tensor:
    """Put gradients together as the row is whose parts they belong to; what is left of it is zero."""
    flat = [part.flatten(like.ndim - 1) for part in parts]
    left = like.shape[-1] - sum(part.shape[-1] for part in flat)
    return torch.cat([*flat, like.new_zeros(*like.shape[:-1], left)], dim=-1)
