"""A whole step of all panels as one function of tensors, panels of a family side by side."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor

from engine.nets import Net
from engine.state.families import Group, Parts, Pieces, apart, means, pieces, pulled
from engine.state.weights import FIRST, LINE, SECOND, TINY, Plan
from engine.steps.base import CLIP


@final
@dataclass(frozen=True)
class Shape:
    """All that a program depends on beside its tensors; ``half``: the net is computed in bfloat16, the rest is not."""

    net: Net
    layout: Pieces
    groups: tuple[Group, ...]
    offset: float
    factor: float
    half: bool

    @property
    def plan(self) -> Plan:
        """Where the panels' weights lie."""
        learned = {panel: group.learned for group in self.groups for panel in group.panels}
        return Plan(dict(self.layout), tuple(dict(learned[panel]) for panel in sorted(learned)))


@final
@dataclass(frozen=True)
class Part:
    """What Adam moves, of one shape: weights, and the running means of their gradient and of its square."""

    values: Tensor
    first: Tensor
    second: Tensor

    @classmethod
    def parts(cls, buffers: Sequence[Tensor], plan: Plan, panels: range) -> "tuple[Part, Part]":
        """Return the nets ``(K, row)`` and what losses learn ``(T,)``, one panel after another, of values and means."""
        ends = (*plan.starts, plan.size)
        nets = (own[: ends[0]].view(-1, plan.row)[panels.start : panels.stop] for own in buffers)
        return cls(*nets), cls(*(own[ends[panels.start] : ends[panels.stop]] for own in buffers))


@final
@dataclass(frozen=True)
class Tensors:
    """What a step reads and moves, ``K`` panels, all on one device.

    ``nets`` and ``tail`` are the weights with Adam's memory, ``losses``, ``norms``, ``alive`` ``(K,)`` what was last
    seen; ``died`` and ``cause`` ``(K,)`` say in which step a panel stopped (0: it did not) and which of ``DIVERGED``
    was why. ``rule_state`` and ``knobs`` have a tensor ``(K_g, ...)`` by group and name.
    """

    nets: Part
    tail: Part
    losses: Tensor
    norms: Tensor
    alive: Tensor
    died: Tensor
    cause: Tensor
    rule_state: tuple[Parts, ...]
    knobs: tuple[Parts, ...]

    def flat(self) -> list[Tensor]:
        """Return the tensors one after another."""
        moved = [tensor for part in (self.nets, self.tail) for tensor in (part.values, part.first, part.second)]
        seen = [self.losses, self.norms, self.alive, self.died, self.cause]
        return [*moved, *seen, *(t for group in (*self.rule_state, *self.knobs) for t in group)]

    @classmethod
    def of(cls, flat: Sequence[Tensor], groups: Sequence[Group]) -> "Tensors":
        """Put together again what ``flat`` took apart."""
        rest = iter(flat[11:])
        rule_state = tuple(tuple(next(rest) for _ in group.rule_state) for group in groups)
        knobs = tuple(tuple(next(rest) for _ in group.moving) for group in groups)
        losses, norms, alive, died, cause = flat[6:11]
        return cls(Part(*flat[:3]), Part(*flat[3:6]), losses, norms, alive, died, cause, rule_state, knobs)


def times(step: int) -> list[float]:
    """Return Adam's two corrections for a step (counted from 0), and the step's number, counted from 1.

    The corrections are factors, of the mean gradient and of the root of its square: where all weights are moved,
    divisions and roots take most of the time.
    """
    number = step + 1
    return [1 / (1 - FIRST**number), 1 / math.sqrt(1 - SECOND**number), float(number)]


@final
class Program:
    """A step as a function of the batch ``x (B, ...)`` and ``y (B,)``, ``rates (K,)`` and ``times``, and what moves.

    ``times`` ``(3,)`` holds Adam's two corrections and the number of the step. Everything else is moved in place.
    No value is looked at, so that it can be traced, compiled and captured.
    """

    def __init__(self, shape: Shape, device: torch.device) -> None:
        self._shape, self._plan, self._groups = shape, shape.plan, shape.groups
        self._count = len(self._plan.states)
        nets = self._count * self._plan.row  # where the nets end and what losses learn begins
        self._owners = self._plan.owners()[nets // LINE :].repeat_interleave(LINE).to(device)
        self._members = [torch.tensor(group.panels, device=device) for group in self._groups]
        self._order = torch.argsort(torch.cat(self._members))
        self._places = []
        for group in self._groups:
            starts = torch.tensor([self._plan.starts[panel] - nets for panel in group.panels], device=device)
            size = sum(math.prod(form) for _, form in group.learned)
            self._places.append(starts[:, None] + torch.arange(size, device=device))

    def __call__(self, x: Tensor, y: Tensor, rates: Tensor, times: Tensor, *flat: Tensor) -> None:
        """Take a step."""
        own = Tensors.of(flat, self._groups)
        losses, after, nets, tail = self._backward((x.float() - self._shape.offset) * self._shape.factor, y, own)
        norms = ((nets * nets).sum(dim=1) + self._added(tail * tail)).sqrt()
        fine_state = self._ordered([_finite(tensors, self._members[k]) for k, tensors in enumerate(after)])
        alive = own.alive & torch.isfinite(losses) & torch.isfinite(norms) & fine_state
        cause = torch.where(torch.isfinite(losses), torch.where(torch.isfinite(norms), 2.0, 1.0), 0.0)
        died = own.alive & ~alive
        own.losses.copy_(torch.where(alive, losses, own.losses))
        own.norms.copy_(torch.where(alive, norms, own.norms))
        own.died.copy_(torch.where(died, times[2], own.died))
        own.cause.copy_(torch.where(died, cause, own.cause))
        own.alive.copy_(alive)
        for panels, before, tensors in zip(self._members, own.rule_state, after, strict=True):
            for old, new in zip(before, tensors, strict=True):
                old.copy_(torch.where(alive[panels].view(-1, *[1] * (new.ndim - 1)), new, old))
        shares, rates = torch.where(alive, (CLIP / norms).clamp(max=1.0), 0.0), torch.where(alive, rates, 0.0)
        _move(own.nets, nets, shares[:, None], rates[:, None], times)
        _move(own.tail, tail, shares[self._owners], rates[self._owners], times)

    def _backward(self, x: Tensor, y: Tensor, own: Tensors) -> tuple[Tensor, list[Parts], Tensor, Tensor]:
        """Return the losses ``(K,)``, what is learned by rule after the step, and the gradients of nets and tail."""
        leaves = {
            name: own.nets.values[:, start : start + size].view(self._count, *form)
            for name, form, start, size in pieces(self._shape.layout)
        }
        leaves = {name: view.detach().requires_grad_() for name, view in leaves.items()}
        states = [own.tail.values[places].detach().requires_grad_() for places in self._places]
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._shape.half):
            z = self._shape.net.stacked(leaves, x)
        seen = [_picked(z.detach().float(), group.panels).requires_grad_() for group in self._groups]
        told = [
            means(group, part, y, (apart(state, group.learned), rule_state), knobs)
            for group, part, state, rule_state, knobs in zip(
                self._groups, seen, states, own.rule_state, own.knobs, strict=True
            )
        ]
        losses = self._ordered([mean for mean, _ in told])
        found = pulled(losses.sum(), [*seen, *states])
        pull, slopes = self._together(found[: len(seen)]), found[len(seen) :]
        # samples last, as nets have them: the product with the last layer's input takes a third of the time
        pull = pull.to(z.dtype).mT.clone(memory_format=torch.contiguous_format).mT
        gradients = pulled(z, list(leaves.values()), pull)
        rows = [gradient.reshape(self._count, -1) for gradient in gradients]
        rows.append(x.new_zeros(self._count, self._plan.row - sum(row.shape[1] for row in rows)))
        tail = torch.zeros_like(own.tail.values)
        for places, gradient in zip(self._places, slopes, strict=True):
            tail = tail.index_put((places,), gradient)
        return losses.detach(), [after for _, after in told], torch.cat(rows, dim=1), tail

    def _added(self, tail: Tensor) -> Tensor:
        """Add up what belongs to each panel ``(K,)``."""
        if self._count == 1:  # which the compiler cannot scatter into on several threads
            return tail.sum()[None]
        return tail.new_zeros(self._count).index_add(0, self._owners, tail)

    def _together(self, parts: Sequence[Tensor]) -> Tensor:
        """Join parts of groups ``(K_g, ...)`` in the order of the panels, by their numbers as well."""
        if len(parts) == 1:
            return parts[0]
        found = zip(self._groups, parts, strict=True)
        each = {panel: row for group, part in found for panel, row in zip(group.panels, part.unbind(), strict=True)}
        return torch.stack([each[panel] for panel in range(self._count)])

    def _ordered(self, found: list[Tensor]) -> Tensor:
        """Join what was computed group after group ``(K_g,)``, in the order of the panels."""
        return found[0] if len(found) == 1 else torch.cat(found)[self._order]


def _picked(z: Tensor, panels: tuple[int, ...]) -> Tensor:
    """Return what panels of all ``(K, ...)`` have, by their numbers: a look-up by a tensor would hold up each loop."""
    if panels == tuple(range(len(z))):
        return z
    return torch.stack([z[panel] for panel in panels])


def _move(own: Part, gradient: Tensor, share: Tensor, rate: Tensor, times: Tensor) -> None:
    """Let Adam take its step along a share of a gradient, at a rate; a share of zero takes none of it, NaN or not."""
    gradient = torch.where(share > 0, share * gradient, 0.0)
    first = own.first.lerp(gradient, 1 - FIRST)
    second = own.second * SECOND + (1 - SECOND) * gradient * gradient
    moved = rate * times[0] * first / (second.sqrt() * times[1] + TINY)
    own.first.copy_(first)
    own.second.copy_(second)
    own.values.sub_(moved)


def _finite(moved: Sequence[Tensor], panels: Tensor) -> Tensor:
    """Return for each of the panels ``(K_g,)`` whether all that moved by rule ``(K_g, ...)`` is finite."""
    fine = torch.ones_like(panels, dtype=torch.bool)
    for tensor in moved:
        fine = fine & torch.isfinite(tensor).flatten(1).all(dim=1)
    return fine
