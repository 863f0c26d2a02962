"""A whole step of all panels as one function of tensors, panels of a family side by side."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import final

import torch
from torch import Tensor

from engine.exact import CLIP
from engine.nets import Layout, Net
from engine.weights import LINE, Plan
from losses import Loss

#: Adam's decay of the mean gradient and of its square, and what is added to the root (Kingma & Ba 2015, section 2).
FIRST, SECOND, TINY = 0.9, 0.999, 1e-8


#: Tensors of a panel or a group, in the order of their names.
Parts = tuple[Tensor, ...]


@final
@dataclass(frozen=True)
class Group:
    """Panels whose losses differ in the numbers on their knobs alone; ``loss`` is that of the first.

    ``moving`` are the knobs that become tensors, ``learned`` and ``ruled`` the shapes of what each panel learns
    by gradient and by rule.
    """

    loss: Loss
    panels: tuple[int, ...]
    moving: tuple[str, ...]
    learned: tuple[tuple[str, tuple[int, ...]], ...]
    ruled: tuple[tuple[str, tuple[int, ...]], ...]


@final
@dataclass(frozen=True)
class Shape:
    """All that a program depends on beside its tensors; ``half``: the net is computed in bfloat16, the rest is not."""

    net: Net
    layout: tuple[tuple[str, tuple[int, ...]], ...]
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
class Tensors:
    """What a step reads and moves, ``K`` panels, all on one device.

    ``values``, ``first``, ``second`` are the weights and Adam's memory, ``losses``, ``norms``, ``alive`` ``(K,)``
    what was last seen; ``died`` and ``cause`` ``(K,)`` say in which step a panel stopped (0: it did not) and which
    of ``DIVERGED`` was why. ``ruled`` and ``knobs`` have a tensor ``(K_g, ...)`` by group and name.
    """

    values: Tensor
    first: Tensor
    second: Tensor
    losses: Tensor
    norms: Tensor
    alive: Tensor
    died: Tensor
    cause: Tensor
    ruled: tuple[Parts, ...]
    knobs: tuple[Parts, ...]

    def flat(self) -> list[Tensor]:
        """Return the tensors one after another."""
        seen = [self.values, self.first, self.second, self.losses, self.norms, self.alive, self.died, self.cause]
        return [*seen, *(t for group in (*self.ruled, *self.knobs) for t in group)]

    @classmethod
    def of(cls, flat: Sequence[Tensor], groups: Sequence[Group]) -> "Tensors":
        """Put together again what ``flat`` took apart."""
        rest = iter(flat[8:])
        ruled = tuple(tuple(next(rest) for _ in group.ruled) for group in groups)
        knobs = tuple(tuple(next(rest) for _ in group.moving) for group in groups)
        values, first, second, losses, norms, alive, died, cause = flat[:8]
        return cls(values, first, second, losses, norms, alive, died, cause, ruled, knobs)


def times(step: int) -> list[float]:
    """Return Adam's two corrections for a step (counted from 0), and the step's number, counted from 1."""
    return [1 - FIRST ** (step + 1), 1 - SECOND ** (step + 1), float(step + 1)]


def grouped(losses: Sequence[Loss], learned: Sequence[Layout], ruled: Sequence[Mapping[str, Tensor]]) -> list[Group]:
    """Put panels together whose losses are of one family, with the same choices and the same state."""
    places: dict[tuple[object, ...], list[int]] = {}
    for panel, loss in enumerate(losses):
        fixed = tuple(getattr(loss, knob.name) for knob in loss.knobs() if knob.name not in moving(type(loss)))
        key = (type(loss), fixed, tuple(learned[panel].items()))
        places.setdefault(key, []).append(panel)
    return [
        Group(
            losses[panels[0]].replace(**_defaults(losses[panels[0]])),
            tuple(panels),
            moving(type(losses[panels[0]])),
            tuple(learned[panels[0]].items()),
            tuple((name, tuple(tensor.shape)) for name, tensor in ruled[panels[0]].items()),
        )
        for panels in places.values()
    ]


@cache
def moving(loss: type[Loss]) -> tuple[str, ...]:
    """Return the knobs of a loss that may be tensors: its numbers, but for those that say how large its state is."""
    start, rng = loss(), torch.Generator()

    def sizes(name: str, value: float) -> list[torch.Size]:
        return [tensor.shape for tensor in start.replace(**{name: value}).init(3, 2, rng).values()]

    return tuple(
        knob.name
        for knob in loss.knobs()
        if knob.kind == "number" or (knob.kind == "whole" and sizes(knob.name, knob.low) == sizes(knob.name, knob.high))
    )


def _defaults(loss: Loss) -> dict[str, object]:
    """Return the defaults of the knobs that become tensors, so that their values say nothing about the program."""
    return {knob.name: knob.default for knob in loss.knobs() if knob.name in moving(type(loss))}


@final
class Program:
    """A step as a function of the batch ``x (B, ...)`` and ``y (B,)``, ``rates (K,)`` and ``times``, and what moves.

    ``times`` ``(3,)`` holds Adam's two corrections and the number of the step. Everything else is moved in place.
    No value is looked at, so that it can be traced, compiled and captured.
    """

    def __init__(self, shape: Shape, device: torch.device) -> None:
        self._shape, self._plan, self._groups = shape, shape.plan, shape.groups
        self._count = len(self._plan.states)
        self._nets = self._count * self._plan.row  # where the nets end and what losses learn begins
        self._owners = self._plan.owners().to(device)
        self._members = [torch.tensor(group.panels, device=device) for group in self._groups]
        self._order = torch.argsort(torch.cat(self._members))
        self._places = []
        for group in self._groups:
            starts = torch.tensor([self._plan.starts[panel] - self._nets for panel in group.panels], device=device)
            size = sum(math.prod(form) for _, form in group.learned)
            self._places.append(starts[:, None] + torch.arange(size, device=device))

    def __call__(self, x: Tensor, y: Tensor, rates: Tensor, times: Tensor, *flat: Tensor) -> None:
        """Take a step."""
        own = Tensors.of(flat, self._groups)
        losses, after, lines = self._backward((x.float() - self._shape.offset) * self._shape.factor, y, own)
        norms = self._added((lines * lines).sum(dim=1)).sqrt()
        fine_state = self._ordered([_finite(tensors, self._members[k]) for k, tensors in enumerate(after)])
        alive = own.alive & torch.isfinite(losses) & torch.isfinite(norms) & fine_state
        cause = torch.where(torch.isfinite(losses), torch.where(torch.isfinite(norms), 2.0, 1.0), 0.0)
        died = own.alive & ~alive
        own.losses.copy_(torch.where(alive, losses, own.losses))
        own.norms.copy_(torch.where(alive, norms, own.norms))
        own.died.copy_(torch.where(died, times[2], own.died))
        own.cause.copy_(torch.where(died, cause, own.cause))
        own.alive.copy_(alive)
        for panels, before, tensors in zip(self._members, own.ruled, after, strict=True):
            for old, new in zip(before, tensors, strict=True):
                old.copy_(torch.where(alive[panels].view(-1, *[1] * (new.ndim - 1)), new, old))
        clipped = lines * (CLIP / norms).clamp(max=1.0)[self._owners, None]
        self._move(own, torch.where(alive[self._owners, None], clipped, 0.0), alive, rates, times)

    def _backward(self, x: Tensor, y: Tensor, own: Tensors) -> tuple[Tensor, list[Parts], Tensor]:
        """Return the losses ``(K,)``, what is learned by rule after the step, and the gradient in lines."""
        leaves = {
            name: own.values[: self._nets].view(self._count, -1)[:, start : start + size].view(self._count, *form)
            for name, form, start, size in _pieces(self._shape.layout)
        }
        leaves = {name: view.detach().requires_grad_() for name, view in leaves.items()}
        tail = own.values[self._nets :]
        states = [tail[places].detach().requires_grad_() for places in self._places]
        with torch.autocast(x.device.type, torch.bfloat16, enabled=self._shape.half):
            z = self._shape.net.stacked(leaves, x)
        z = z.float()
        seen = [
            _family(group, z if len(self._groups) == 1 else z[panels], y, state, (ruled, knobs))
            for group, panels, state, ruled, knobs in zip(
                self._groups, self._members, states, own.ruled, own.knobs, strict=True
            )
        ]
        losses = self._ordered([mean for mean, _ in seen])
        wanted = [*leaves.values(), *states]
        gradients = torch.autograd.grad(losses.sum(), wanted, allow_unused=True, materialize_grads=True)
        rows = [gradient.reshape(self._count, -1) for gradient in gradients[: len(leaves)]]
        rows.append(x.new_zeros(self._count, self._plan.row - sum(row.shape[1] for row in rows)))
        rest = torch.zeros_like(tail)
        for places, gradient in zip(self._places, gradients[len(leaves) :], strict=True):
            rest = rest.index_put((places,), gradient)
        lines = torch.cat([torch.cat(rows, dim=1).flatten(), rest]).view(-1, LINE)
        return losses.detach(), [after for _, after in seen], lines

    def _move(self, own: Tensors, lines: Tensor, alive: Tensor, rates: Tensor, times: Tensor) -> None:
        """Let Adam take its step along a gradient."""
        first = own.first.view(-1, LINE).lerp(lines, 1 - FIRST)
        second = own.second.view(-1, LINE) * SECOND + (1 - SECOND) * lines * lines
        unit = (first / times[0]) / ((second / times[1]).sqrt() + TINY)
        moved = torch.where(alive[self._owners, None], rates[self._owners, None] * unit, 0.0)
        own.first.copy_(first.view(-1))
        own.second.copy_(second.view(-1))
        own.values.sub_(moved.view(-1))

    def _added(self, lines: Tensor) -> Tensor:
        """Add up what belongs to each panel ``(K,)``."""
        if self._count == 1:  # which the compiler cannot scatter into on several threads
            return lines.sum()[None]
        return lines.new_zeros(self._count).index_add(0, self._owners, lines)

    def _ordered(self, found: list[Tensor]) -> Tensor:
        """Join what was computed group after group ``(K_g,)``, in the order of the panels."""
        return found[0] if len(found) == 1 else torch.cat(found)[self._order]


def _family(group: Group, z: Tensor, y: Tensor, state: Tensor, moves: tuple[Parts, Parts]) -> tuple[Tensor, Parts]:
    """Return a group's mean losses ``(K_g,)`` and what it learns by rule, after the step."""

    def one(z: Tensor, row: Tensor, moves: tuple[Parts, Parts]) -> tuple[Tensor, Parts]:
        ruled, knobs = moves
        loss = group.loss.replace(**dict(zip(group.moving, knobs, strict=True)))
        learned = {name: row[start : start + size].view(form) for name, form, start, size in _pieces(group.learned)}
        named = learned | dict(zip((name for name, _ in group.ruled), ruled, strict=True))
        mean = loss.per_sample(z, y, named).mean()
        if not group.ruled:
            return mean, ()
        after = loss.update(z.detach(), y, {name: tensor.detach() for name, tensor in named.items()})
        return mean, tuple(after[name] for name, _ in group.ruled)

    seen: tuple[Tensor, Parts] = torch.vmap(one)(z, state, moves)
    return seen


def _finite(moved: Sequence[Tensor], panels: Tensor) -> Tensor:
    """Return for each of the panels ``(K_g,)`` whether all that moved by rule ``(K_g, ...)`` is finite."""
    fine = torch.ones_like(panels, dtype=torch.bool)
    for tensor in moved:
        fine = fine & torch.isfinite(tensor).flatten(1).all(dim=1)
    return fine


def _pieces(layout: Sequence[tuple[str, tuple[int, ...]]]) -> list[tuple[str, tuple[int, ...], int, int]]:
    """Return name, shape, start and size of each piece."""
    found, start = [], 0
    for name, form in layout:
        found.append((name, form, start, math.prod(form)))
        start += math.prod(form)
    return found
