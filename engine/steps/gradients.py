"""Embeddings, losses and gradients of a family's panels as a function of tensors: of one panel, or several at once."""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from enum import Enum, auto
from typing import final

import torch
from torch import Tensor

from engine.nets import Net
from engine.state.families import PanelFamily, gradients_of, mean_loss, mean_losses
from engine.state.weights import Pieces, split_rows
from engine.steps.simd_padding import PadToRegisters


class SideBySide(Enum):
    """What of several panels is computed side by side, the most first."""

    ALL = auto()
    LOSSES = auto()
    NOTHING = auto()


@final
@dataclass(frozen=True)
class Gradients:
    """A function of samples and weights, for panels of one family; ``layout`` is that of a net.

    ``padding``: what does not fill the processor's registers is padded where it would round by how many numbers there
    are. To look out for that doubles the time of a small net's step in Python; it is left out where it makes no
    difference (``engine.steps.parity``).
    """

    net: Net
    layout: Pieces
    family: PanelFamily
    side_by_side: SideBySide = SideBySide.ALL
    padding: bool = True

    def __call__(self, x: Tensor, y: Tensor, nets: Tensor, rows: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Return the losses, the gradients of nets and of what losses learn, then what is learned by rule.

        Of one panel: ``nets (row,)``, ``rows (S,)``, the loss ``()``; or of all ``K_g`` of a family, which have one
        dimension more in front. ``rest`` is what is learned by rule, then the knobs that are tensors.
        """
        family, alone = self.family, nets.ndim == 1
        rule_state, knobs = rest[: len(family.rule_state)], rest[len(family.rule_state) :]
        with torch.enable_grad(), PadToRegisters() if self.padding else nullcontext():
            weights, learned = (
                [part.detach().requires_grad_() for part in split_rows(*own)]
                for own in ((nets, self.layout), (rows, family.learned))
            )
            by_name = {name: weight for (name, _), weight in zip(self.layout, weights, strict=True)}
            z = self._embed(by_name, x, alone=alone)
            # in the same order in memory, alone or not: products of matrices round differently in another
            leaf = z.detach().contiguous().requires_grad_()
            loss = mean_loss if alone else mean_losses
            losses, rule_state = loss(family, leaf, y, (tuple(learned), rule_state), knobs)
            pull, *of_losses = gradients_of(losses.sum(), [leaf, *learned])
            of_nets = gradients_of(z, weights, pull.contiguous())
        return losses.detach(), _row(of_nets, nets), _row(of_losses, rows), *rule_state

    def _embed(self, weights: dict[str, Tensor], x: Tensor, *, alone: bool) -> Tensor:
        """Return the embeddings of one panel ``(B, D)`` or of all ``(K_g, B, D)``."""
        if alone:
            return self.net.one(weights, x)
        if self.side_by_side is SideBySide.ALL:
            return self.net.stacked(weights, x)
        return torch.stack(self.net.forward(weights, x))


def _row(parts: Sequence[Tensor], like: Tensor) -> Tensor:
    """Join gradients as the row is to whose parts they belong; the rest of it is zero."""
    flat = [part.flatten(like.ndim - 1) for part in parts]
    rest = like.shape[-1] - sum(part.shape[-1] for part in flat)
    return torch.cat([*flat, like.new_zeros(*like.shape[:-1], rest)], dim=-1)
