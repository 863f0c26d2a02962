"""A trainer's tensors as its program sees them."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.compiled.parts import sized
from engine.state.families import grouped, narrowed, widened
from engine.steps.base import DIVERGED, Step
from engine.steps.whole_step import Part, Shape, Tensors, times

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: What a step reads and does not move: samples, labels, learning rates, and Adam's corrections.
Read = tuple[Tensor, ...]


def shapes(trainer: "Trainer") -> dict[range, Shape]:
    """Return the panels of each part, and the shape of its program, for a trainer as it is.

    The shape is the same for all parts; where it would not be, there is one part, of all panels.
    """
    count, size = len(trainer.losses), sized(trainer)
    found = {part: _shape(trainer, part) for part in (range(start, start + size) for start in range(0, count, size))}
    return found if len(set(found.values())) == 1 else {range(count): _shape(trainer, range(count))}


def _shape(trainer: "Trainer", panels: range) -> Shape:
    own = slice(panels.start, panels.stop)
    rule_state = [trainer.rule_state[panel] for panel in panels]
    groups = tuple(grouped(trainer.losses[own], trainer.weights.plan.states[own], rule_state))
    layout = tuple(trainer.weights.plan.net.items())
    # where a CPU has instructions for it; a GPU has TF32 for the same purpose, and keeps the range of the numbers
    half = trainer.net.half and trainer.device.type == "cpu" and torch.ops.mkldnn._is_mkldnn_bf16_supported()
    return Shape(trainer.net, layout, groups, trainer.data.offset, trainer.data.factor, half)


def seen(trainer: "Trainer") -> tuple[Tensor, ...]:
    """Return what a program tells of each panel ``(K,)``: loss, norm, whether it is alive, when it died, and why."""
    alive = [panel not in trainer.stopped for panel in range(len(trainer.losses))]
    nothing = torch.zeros(len(alive), device=trainer.device)
    there = torch.tensor(alive, device=trainer.device)
    return trainer.last_losses.float(), trainer.norms.float(), there, nothing, nothing.clone()


def stacked(trainer: "Trainer", told: tuple[Tensor, ...]) -> list[Tensors]:
    """Return what the program of each part moves: the weights themselves, views of ``told``, and copies of the rest."""
    found = []
    for part, shape in shapes(trainer).items():
        nets, tail = Part.parts([trainer.weights.values, *trainer.weights.moments], trainer.weights.plan, part)
        groups = [(group, [part[place] for place in group.panels]) for group in shape.groups]
        rule_state = [
            tuple(
                torch.stack([widened(trainer.rule_state[panel][name], form) for panel in panels])
                for name, form in group.rule_state
            )
            for group, panels in groups
        ]
        knobs = [
            tuple(
                torch.tensor([float(getattr(trainer.losses[panel], name)) for panel in panels], device=trainer.device)
                for name in group.moving
            )
            for group, panels in groups
        ]
        losses, norms, alive, died, cause = (tensor[part.start : part.stop] for tensor in told)
        found.append(Tensors(nets, tail, losses, norms, alive, died, cause, tuple(rule_state), tuple(knobs)))
    return found


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
    """Tensors that trainer and program both see, so that nothing is copied between steps.

    ``parts`` are the panels of each part, and what its program moves.
    """

    def __init__(self, trainer: "Trainer") -> None:
        self._shapes = shapes(trainer)
        self._seen = seen(trainer)
        self._tensors = stacked(trainer, self._seen)
        self.parts = [(part, own.flat()) for part, own in zip(self._shapes, self._tensors, strict=True)]
        self._link(trainer)

    @property
    def shape(self) -> Shape:
        """The shape of the program."""
        return next(iter(self._shapes.values()))

    def refreshed(self, trainer: "Trainer") -> bool:
        """Bring moved knobs and state into the same tensors; return whether that can be: the shape is the same."""
        if shapes(trainer) != self._shapes:
            return False
        now = stacked(trainer, seen(trainer))
        for old, new in zip(self._tensors, now, strict=True):
            for before, after in ((old.nets.values, new.nets.values), (old.nets.first, new.nets.first)):
                if before.data_ptr() != after.data_ptr():
                    return False  # put together anew, as from a checkpoint
        for (_, flat), own in zip(self.parts, now, strict=True):
            for before, after in zip(flat, own.flat(), strict=True):
                if before.data_ptr() != after.data_ptr():
                    before.copy_(after)
        self._link(trainer)
        return True

    def settle(self, trainer: "Trainer") -> None:
        """Bring panels that stopped, and Adam's count of steps, to the trainer."""
        *_, died, cause = (tensor.tolist() for tensor in self._seen)
        for panel, step in enumerate(died):
            if step:
                Step.stop(trainer, panel, DIVERGED[int(cause[panel])], int(step))
        trainer.weights.count(trainer.step)

    def _link(self, trainer: "Trainer") -> None:
        trainer.last_losses, trainer.norms, *_ = self._seen
        for (part, shape), own in zip(self._shapes.items(), self._tensors, strict=True):
            for group, stacks in zip(shape.groups, own.rule_state, strict=True):
                for place, panel in enumerate(group.panels):
                    before = trainer.rule_state[part[panel]]
                    named = zip((name for name, _ in group.rule_state), stacks, strict=True)
                    trainer.rule_state[part[panel]] = {
                        name: narrowed(stack[place], before[name]) for name, stack in named
                    }
