"""Panels whose losses are of one family, side by side: what differs between them is a tensor."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import final

import torch
from torch import Tensor

from engine.nets import Layout
from engine.state.weights import Parts, Pieces
from losses import Loss


@final
@dataclass(frozen=True)
class PanelFamily:
    """Panels whose losses differ in the numbers on their knobs alone; ``loss`` is one of them with default numbers.

    ``tensor_knobs`` are the knobs that become tensors. ``learned`` and ``rule_state`` are the shapes of what each panel
    learns by gradient and by rule; of resizable state, the shape at the largest knobs.
    """

    loss: Loss
    panels: tuple[int, ...]
    tensor_knobs: tuple[str, ...]
    learned: Pieces
    rule_state: Pieces


def group_by_family(
    losses: Sequence[Loss], learned: Sequence[Layout], rule_state: Sequence[Mapping[str, Tensor]]
) -> list[PanelFamily]:
    """Group panels whose losses are of one class, with the same choices and state of the same shapes."""
    places: dict[tuple[type[Loss], object, object], list[int]] = {}
    for panel, loss in enumerate(losses):
        fixed = tuple(getattr(loss, knob.name) for knob in loss.knobs() if knob.name not in tensor_knobs(type(loss)))
        key = (type(loss), fixed, tuple(learned[panel].items()))
        places.setdefault(key, []).append(panel)
    families = []
    for (cls, *_), panels in places.items():
        first, names = losses[panels[0]], tensor_knobs(cls)
        # default numbers, so that the family is the same whatever the numbers are
        loss = first.replace(**{knob.name: knob.default for knob in first.knobs() if knob.name in names})
        shapes = tuple((name, largest_shape(cls, name, own)) for name, own in rule_state[panels[0]].items())
        families.append(PanelFamily(loss, tuple(panels), names, tuple(learned[panels[0]].items()), shapes))
    return families


@cache
def tensor_knobs(loss: type[Loss]) -> tuple[str, ...]:
    """Return the knobs of a loss that may be tensors: its numbers, except those that size a state of fixed room."""

    def shapes(name: str, value: float) -> list[torch.Size]:
        start = _start(loss, **{name: value})
        return [tensor.shape for name, tensor in start.items() if name not in loss.resizable_state]

    return tuple(
        knob.name
        for knob in loss.knobs()
        if knob.kind == "number"
        or (knob.kind == "whole" and shapes(knob.name, knob.low) == shapes(knob.name, knob.high))
    )


def largest_shape(loss: type[Loss], name: str, tensor: Tensor) -> tuple[int, ...]:
    """Return the shape of what a loss learns by rule; of resizable state, the shape at the largest knobs."""
    return _largest_shape(loss, name) if name in loss.resizable_state else tuple(tensor.shape)


@cache
def _largest_shape(loss: type[Loss], name: str) -> tuple[int, ...]:
    highest = {
        knob.name: knob.high for knob in loss.knobs() if knob.kind == "whole" and knob.name in tensor_knobs(loss)
    }
    return tuple(_start(loss, **highest)[name].shape)


def _start(loss: type[Loss], **knobs: float) -> dict[str, Tensor]:
    return loss(**knobs).init(3, 2, torch.Generator())


def pad_state(tensor: Tensor, shape: tuple[int, ...]) -> Tensor:
    """Return a tensor with zeros at its end, in the shape that ``largest_shape`` gives."""
    return tensor if tensor.shape == shape else torch.nn.functional.pad(tensor, (0, shape[0] - len(tensor)))


def trim_state(tensor: Tensor, like: Tensor) -> Tensor:
    """Return a tensor without the zeros that ``pad_state`` added."""
    return tensor if tensor.shape == like.shape else tensor[: len(like)]


def mean_losses(
    family: PanelFamily, z: Tensor, y: Tensor, state: tuple[Parts, Parts], knobs: Parts
) -> tuple[Tensor, Parts]:
    """Return a family's mean losses ``(K_g,)`` and what it learns by rule, after the step.

    ``z`` is ``(K_g, B, D)``; ``state`` is what is learned by gradient and by rule.
    """
    losses: tuple[Tensor, Parts] = torch.vmap(partial(mean_loss, family), in_dims=(0, None, 0, 0))(z, y, state, knobs)
    return losses


def mean_loss(
    family: PanelFamily, z: Tensor, y: Tensor, state: tuple[Parts, Parts], knobs: Parts
) -> tuple[Tensor, Parts]:
    """Return the mean loss ``()`` of one panel of a family and what it learns by rule, after the step."""
    loss = family.loss.replace(**dict(zip(family.tensor_knobs, knobs, strict=True)))
    learned, rule_state = state
    names = [name for name, _ in (*family.learned, *family.rule_state)]
    own = dict(zip(names, (*learned, *rule_state), strict=True))
    mean = loss.per_sample(z, y, own).mean()
    if not family.rule_state:
        return mean, ()
    after = loss.update(z.detach(), y, {name: tensor.detach() for name, tensor in own.items()})
    return mean, tuple(after[name] for name, _ in family.rule_state)


def gradients_of(output: Tensor, leaves: Sequence[Tensor], pull: Tensor | None = None) -> tuple[Tensor, ...]:
    """Return the gradients of leaves, zeros where there are none; ``pull`` is the gradient of the output."""
    gradients: tuple[Tensor, ...] = torch.autograd.grad(output, leaves, pull, allow_unused=True, materialize_grads=True)
    return gradients
