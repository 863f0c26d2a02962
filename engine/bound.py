"""A trainer's tensors as its program sees them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.groups import grouped, narrowed, widened
from engine.program import Part, Shape, Tensors, times
from engine.step import DIVERGED, Step

if TYPE_CHECKING:
    from engine.trainer import Trainer

#: What a step reads and does not move: samples, labels, learning rates, and Adam's corrections.
Read = tuple[Tensor, ...]


def shape_of(trainer: "Trainer") -> Shape:
    """Return the shape of the program for a trainer as it is."""
    groups = tuple(grouped(trainer.losses, trainer.weights.plan.states, trainer.ruled))
    layout = tuple(trainer.weights.plan.net.items())
    # where a CPU has instructions for it; a GPU has TF32 for the same purpose, and keeps the range of the numbers
    half = trainer.net.half and trainer.device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return Shape(trainer.net, layout, groups, trainer.data.offset, trainer.data.factor, half)


def stacked(trainer: "Trainer", shape: Shape) -> Tensors:
    """Return what a program of the shape moves: the weights themselves, and copies of the rest."""
    count = len(trainer.losses)
    nets, tail = Part.parts([trainer.weights.values, *trainer.weights.moments], trainer.weights.plan)

    def numbers(values: list[float]) -> Tensor:
        return torch.tensor(values, device=trainer.device)

    ruled = [
        tuple(
            torch.stack([widened(trainer.ruled[panel][name], form) for panel in group.panels])
            for name, form in group.ruled
        )
        for group in shape.groups
    ]
    knobs = [
        tuple(numbers([float(getattr(trainer.losses[panel], name)) for panel in group.panels]) for name in group.moving)
        for group in shape.groups
    ]
    return Tensors(
        nets=nets,
        tail=tail,
        losses=trainer.last_losses.float(),
        norms=trainer.norms.float(),
        alive=torch.tensor([panel not in trainer.stopped for panel in range(count)], device=trainer.device),
        died=numbers([0.0] * count),
        cause=numbers([0.0] * count),
        ruled=tuple(ruled),
        knobs=tuple(knobs),
    )


def ahead(trainer: "Trainer", most: int) -> Iterator[Read]:
    """Return what the next steps read, of at most so many and of one epoch."""
    own = trainer
    steps = range(own.step, own.step + min(most, own.batches.left(own.step)))
    x, y = own.data.batch(own.batches.at(own.step, len(steps)))
    rates = torch.tensor([own.rates_at(step) for step in steps], device=own.device)
    corrections = torch.tensor([times(step) for step in steps], device=own.device)
    batches = (samples.view(len(steps), -1, *samples.shape[1:]) for samples in (x, y))
    return zip(*batches, rates, corrections, strict=True)


@final
class Bound:
    """Tensors that trainer and program both see, so that nothing is copied between steps."""

    def __init__(self, trainer: "Trainer") -> None:
        self.shape = shape_of(trainer)
        self.tensors = stacked(trainer, self.shape)
        self.flat = self.tensors.flat()
        self._link(trainer)

    def refreshed(self, trainer: "Trainer") -> bool:
        """Bring moved knobs and state into the same tensors; return whether that can be: the shape is the same."""
        if shape_of(trainer) != self.shape:
            return False
        now = stacked(trainer, self.shape)
        for old, new in ((self.tensors.nets.values, now.nets.values), (self.tensors.nets.first, now.nets.first)):
            if old.data_ptr() != new.data_ptr():
                return False  # put together anew, as from a checkpoint
        for old, new in zip(self.flat, now.flat(), strict=True):
            if old.data_ptr() != new.data_ptr():
                old.copy_(new)
        self._link(trainer)
        return True

    def settle(self, trainer: "Trainer") -> None:
        """Bring panels that stopped, and Adam's count of steps, to the trainer."""
        died, cause = self.tensors.died.tolist(), self.tensors.cause.tolist()
        for panel, step in enumerate(died):
            if step:
                Step.stop(trainer, panel, DIVERGED[int(cause[panel])], int(step))
        trainer.weights.count(trainer.step)

    def _link(self, trainer: "Trainer") -> None:
        trainer.last_losses, trainer.norms = self.tensors.losses, self.tensors.norms
        for group, stacks in zip(self.shape.groups, self.tensors.ruled, strict=True):
            for place, panel in enumerate(group.panels):
                own = trainer.ruled[panel]
                named = zip((name for name, _ in group.ruled), stacks, strict=True)
                trainer.ruled[panel] = {name: narrowed(stack[place], own[name]) for name, stack in named}
