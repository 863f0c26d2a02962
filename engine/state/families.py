"""Panels whose losses are of one family, side by side: what differs between them is a tensor."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import final

import torch
from torch import Tensor

from engine.nets import Layout
from losses import Loss

#: Tensors of a panel or a group, in the order of their names.
Parts = tuple[Tensor, ...]

#: What lies one after another in a row: names and shapes.
Pieces = tuple[tuple[str, tuple[int, ...]], ...]


@final
@dataclass(frozen=True)
class Group:
    """Panels whose losses differ in the numbers on their knobs alone; ``loss`` is that of the first.

    ``moving`` are the knobs that become tensors, ``learned`` and ``rule_state`` the shapes of what each panel learns
    by gradient and by rule; of what may be padded, the shape at the largest knobs.
    """

    loss: Loss
    panels: tuple[int, ...]
    moving: tuple[str, ...]
    learned: Pieces
    rule_state: Pieces


def grouped(
    losses: Sequence[Loss], learned: Sequence[Layout], rule_state: Sequence[Mapping[str, Tensor]]
) -> list[Group]:
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
            tuple(
                (name, room(type(losses[panels[0]]), name, tensor)) for name, tensor in rule_state[panels[0]].items()
            ),
        )
        for panels in places.values()
    ]


@cache
def moving(loss: type[Loss]) -> tuple[str, ...]:
    """Return the knobs of a loss that may be tensors: its numbers, but for those that say how large its state is.

    What may be padded has room for all.
    """

    def sizes(name: str, value: float) -> list[torch.Size]:
        start = _start(loss, **{name: value})
        return [tensor.shape for name, tensor in start.items() if name not in loss.resizable_state]

    return tuple(
        knob.name
        for knob in loss.knobs()
        if knob.kind == "number" or (knob.kind == "whole" and sizes(knob.name, knob.low) == sizes(knob.name, knob.high))
    )


def room(loss: type[Loss], name: str, tensor: Tensor) -> tuple[int, ...]:
    """Return the shape of what a loss learns by rule, where knobs move: of what may be padded, the largest."""
    return _room(loss, name) if name in loss.resizable_state else tuple(tensor.shape)


@cache
def _room(loss: type[Loss], name: str) -> tuple[int, ...]:
    ends = {knob.name: knob.high for knob in loss.knobs() if knob.kind == "whole" and knob.name in moving(loss)}
    return tuple(_start(loss, **ends)[name].shape)


def _start(loss: type[Loss], **knobs: float) -> dict[str, Tensor]:
    return loss(**knobs).init(3, 2, torch.Generator())


def widened(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor with zeros at its end, in a shape that ``room`` gave."""
    return tensor if tensor.shape == shape else torch.nn.functional.pad(tensor, (0, shape[0] - len(tensor)))


def narrowed(tensor: Tensor, like: Tensor) -> Tensor:
    """Return what a tensor was before it was widened."""
    return tensor if tensor.shape == like.shape else tensor[: len(like)]


def _defaults(loss: Loss) -> dict[str, object]:
    """Return the defaults of the knobs that become tensors, so that their values say nothing about the program."""
    return {knob.name: knob.default for knob in loss.knobs() if knob.name in moving(type(loss))}


def means(group: Group, z: Tensor, y: Tensor, state: tuple[Parts, Parts], knobs: Parts) -> tuple[Tensor, Parts]:
    """Return a group's mean losses ``(K_g,)`` and what it learns by rule, after the step.

    ``state`` is what is learned by gradient and by rule.
    """
    seen: tuple[Tensor, Parts] = torch.vmap(partial(mean, group), in_dims=(0, None, 0, 0))(z, y, state, knobs)
    return seen


def mean(group: Group, z: Tensor, y: Tensor, state: tuple[Parts, Parts], knobs: Parts) -> tuple[Tensor, Parts]:
    """Return the mean loss ``()`` of one panel of a group and what it learns by rule, after the step."""
    loss = group.loss.replace(**dict(zip(group.moving, knobs, strict=True)))
    learned, rule_state = state
    names = [name for name, _ in (*group.learned, *group.rule_state)]
    named = dict(zip(names, (*learned, *rule_state), strict=True))
    own = loss.per_sample(z, y, named).mean()
    if not group.rule_state:
        return own, ()
    after = loss.update(z.detach(), y, {name: tensor.detach() for name, tensor in named.items()})
    return own, tuple(after[name] for name, _ in group.rule_state)


def apart(rows: Tensor, layout: Pieces) -> Parts:
    """Return the tensors ``(..., *shape)`` that rows ``(..., S)`` begin with."""
    return tuple(
        rows[..., start : start + size].view(*rows.shape[:-1], *form) for _, form, start, size in pieces(layout)
    )


def pieces(layout: Pieces) -> list[tuple[str, tuple[int, ...], int, int]]:
    """Return name, shape, start and size of each piece."""
    found, start = [], 0
    for name, form in layout:
        found.append((name, form, start, math.prod(form)))
        start += math.prod(form)
    return found


def pulled(what: Tensor, leaves: Sequence[Tensor], pull: Tensor | None = None) -> tuple[Tensor, ...]:
    """Return the gradients of leaves, zeros where there are none, given that of what they lead to."""
    found: tuple[Tensor, ...] = torch.autograd.grad(what, leaves, pull, allow_unused=True, materialize_grads=True)
    return found
