"""A whole step of all panels as one function of tensors, panels of a family side by side.

It has no branch that depends on a number, so that it can be traced, compiled, and captured as a graph. It does what
``engine.steps.exact`` does, up to rounding: clipping and the watch for divergence are the same functions.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from engine.nets import Net
from engine.state.adam import AdamBuffers, corrections
from engine.state.families import PanelFamily, gradients_of, mean_losses
from engine.state.weights import LINE, Parts, Pieces, Plan, split_rows
from engine.steps.clipping import divisors
from engine.steps.divergence import FINE, all_finite, first_causes


@final
@dataclass(frozen=True)
class Shape:
    """All that a whole step depends on beside its tensors.

    Samples are scaled by ``offset`` and ``factor``; ``half``: the net is computed in bfloat16, and nothing else.
    """

    net: Net
    layout: Pieces
    families: tuple[PanelFamily, ...]
    offset: float
    factor: float
    half: bool

    @property
    def plan(self) -> Plan:
        """Where the panels' weights lie."""
        learned = {panel: family.learned for family in self.families for panel in family.panels}
        return Plan(dict(self.layout), tuple(dict(learned[panel]) for panel in sorted(learned)))


@final
@dataclass(frozen=True)
class StepTensors:
    """What a whole step reads and changes, of ``K`` panels, all on one device.

    ``nets`` and ``tail`` are the weights of nets and losses with Adam's means. ``losses``, ``norms`` and ``alive``
    ``(K,)`` are those of the last step; ``died`` and ``cause`` ``(K,)`` say in which step a panel stopped (0: it did
    not) and which of ``CAUSES`` was why. ``rule_state`` and ``knobs`` have a tensor ``(K_g, ...)`` by family and name.
    """

    nets: AdamBuffers
    tail: AdamBuffers
    losses: Tensor
    norms: Tensor
    alive: Tensor
    died: Tensor
    cause: Tensor
    rule_state: tuple[Parts, ...]
    knobs: tuple[Parts, ...]

    def flat(self) -> list[Tensor]:
        """Return the tensors one after another."""
        weights = [tensor for own in (self.nets, self.tail) for tensor in (own.values, own.first, own.second)]
        report = [self.losses, self.norms, self.alive, self.died, self.cause]
        return [*weights, *report, *(t for family in (*self.rule_state, *self.knobs) for t in family)]

    @classmethod
    def from_flat(cls, flat: Sequence[Tensor], families: Sequence[PanelFamily]) -> "StepTensors":
        """Return the inverse of ``flat``."""
        rest = iter(flat[11:])
        rule_state = tuple(tuple(next(rest) for _ in family.rule_state) for family in families)
        knobs = tuple(tuple(next(rest) for _ in family.tensor_knobs) for family in families)
        losses, norms, alive, died, cause = flat[6:11]
        nets, tail = AdamBuffers(*flat[:3]), AdamBuffers(*flat[3:6])
        return cls(nets, tail, losses, norms, alive, died, cause, rule_state, knobs)


def times(step: int) -> list[float]:
    """Return what a step counted from 0 reads of time: Adam's two corrections, and the step's number counted from 1."""
    return [*corrections(step), float(step + 1)]


@final
class WholeStep:
    """A step as a function of the batch ``x (B, ...)`` and ``y (B,)``, ``rates (K,)``, ``times (3,)``, and the rest.

    ``times`` are those of the function of this name. The rest are ``StepTensors``, which are changed in place.
    """

    def __init__(self, shape: Shape, device: torch.device) -> None:
        self._shape, self._plan, self._families = shape, shape.plan, shape.families
        self._count = len(self._plan.states)
        nets = self._count * self._plan.row  # where the nets end and what losses learn begins
        self._owners = self._plan.owners()[nets // LINE :].repeat_interleave(LINE).to(device)
        self._members = [torch.tensor(family.panels, device=device) for family in self._families]
        self._order = torch.argsort(torch.cat(self._members))
        self._places = []
        for family in self._families:
            starts = torch.tensor([self._plan.starts[panel] - nets for panel in family.panels], device=device)
            size = sum(math.prod(shape) for _, shape in family.learned)
            self._places.append(starts[:, None] + torch.arange(size, device=device))

    def __call__(self, x: Tensor, y: Tensor, rates: Tensor, times: Tensor, *flat: Tensor) -> None:
        """Take a step."""
        tensors = StepTensors.from_flat(flat, self._families)
        losses, rule_state, nets, tail = self._gradients(
            (x.float() - self._shape.offset) * self._shape.factor, y, tensors
        )
        norms = ((nets * nets).sum(dim=1) + self._sum_by_panel(tail * tail)).sqrt()
        alive = self._watch(tensors, losses, norms, rule_state, times[2])
        tensors.losses.copy_(torch.where(alive, losses, tensors.losses))
        tensors.norms.copy_(torch.where(alive, norms, tensors.norms))
        for panels, before, after in zip(self._members, tensors.rule_state, rule_state, strict=True):
            for old, new in zip(before, after, strict=True):
                old.copy_(torch.where(alive[panels].view(-1, *[1] * (new.ndim - 1)), new, old))
        shares, rates = torch.where(alive, 1 / divisors(norms), 0.0), torch.where(alive, rates, 0.0)
        tensors.nets.move(nets, shares[:, None], rates[:, None], times)
        tensors.tail.move(tail, shares[self._owners], rates[self._owners], times)

    def _watch(
        self, tensors: StepTensors, losses: Tensor, norms: Tensor, rule_state: Sequence[Parts], number: Tensor
    ) -> Tensor:
        """Note which panels stop in this step, and why; return which still move ``(K,)``."""
        finite = self._ordered(
            [
                all_finite(parts, torch.ones_like(members, dtype=torch.bool))
                for parts, members in zip(rule_state, self._members, strict=True)
            ]
        )
        causes = first_causes(losses, norms, finite)
        alive = tensors.alive & (causes == FINE)
        died = tensors.alive & ~alive
        tensors.died.copy_(torch.where(died, number, tensors.died))
        tensors.cause.copy_(torch.where(died, causes, tensors.cause))
        tensors.alive.copy_(alive)
        return alive

    def _gradients(self, x: Tensor, y: Tensor, tensors: StepTensors) -> tuple[Tensor, list[Parts], Tensor, Tensor]:
        """Return the losses ``(K,)``, what is learned by rule after the step, and the gradients of nets and tail."""
        views = split_rows(tensors.nets.values, self._shape.layout)
        by_name = zip(self._plan.net, views, strict=True)
        leaves = {name: view.detach().requires_grad_() for name, view in by_name}
        states = [tensors.tail.values[places].detach().requires_grad_() for places in self._places]
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._shape.half):
            z = self._shape.net.stacked(leaves, x)
        by_family = [_pick(z.detach().float(), family.panels).requires_grad_() for family in self._families]
        results = [
            mean_losses(family, embeddings, y, (split_rows(state, family.learned), rule_state), knobs)
            for family, embeddings, state, rule_state, knobs in zip(
                self._families, by_family, states, tensors.rule_state, tensors.knobs, strict=True
            )
        ]
        losses = self._ordered([mean for mean, _ in results])
        gradients = gradients_of(losses.sum(), [*by_family, *states])
        pull, of_losses = self._join(gradients[: len(by_family)]), gradients[len(by_family) :]
        # samples last, as nets have them: the product with the last layer's input takes a third of the time
        pull = pull.to(z.dtype).mT.clone(memory_format=torch.contiguous_format).mT
        rows = [gradient.reshape(self._count, -1) for gradient in gradients_of(z, list(leaves.values()), pull)]
        rows.append(x.new_zeros(self._count, self._plan.row - sum(row.shape[1] for row in rows)))
        tail = torch.zeros_like(tensors.tail.values)
        for places, gradient in zip(self._places, of_losses, strict=True):
            tail = tail.index_put((places,), gradient)
        return losses.detach(), [rule_state for _, rule_state in results], torch.cat(rows, dim=1), tail

    def _sum_by_panel(self, tail: Tensor) -> Tensor:
        """Sum up what belongs to each panel ``(K,)``."""
        if self._count == 1:  # which the compiler cannot scatter into on several threads
            return tail.sum()[None]
        return tail.new_zeros(self._count).index_add(0, self._owners, tail)

    def _join(self, parts: Sequence[Tensor]) -> Tensor:
        """Join parts of families ``(K_g, ...)`` in the order of the panels, one panel at a time."""
        if len(parts) == 1:
            return parts[0]
        families = zip(self._families, parts, strict=True)
        rows = {
            panel: row for family, part in families for panel, row in zip(family.panels, part.unbind(), strict=True)
        }
        return torch.stack([rows[panel] for panel in range(self._count)])

    def _ordered(self, parts: list[Tensor]) -> Tensor:
        """Join what was computed family after family ``(K_g,)``, in the order of the panels."""
        return parts[0] if len(parts) == 1 else torch.cat(parts)[self._order]


def _pick(z: Tensor, panels: tuple[int, ...]) -> Tensor:
    """Return the embeddings of some panels, without an index tensor, which would keep the compiler from fusing."""
    if panels == tuple(range(len(z))):
        return z
    return torch.stack([z[panel] for panel in panels])
