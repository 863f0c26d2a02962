"""A group of panels whose gradients are computed side by side, and played from one record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.compiled.background import Job, Made, is_made, made, sizes
from engine.compiled.records import Record
from engine.state.families import Group, narrowed, widened
from engine.state.weights import Rows
from engine.steps.gradients import Gradients, Way
from engine.steps.parity import settled

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: Steps that are taken in Python before records are made: a run of a few steps is not worth them.
PATIENCE = 40


@final
@dataclass(frozen=True)
class Asked:
    """Of one panel: the mean loss ``()``, the gradients of net and state, and the state moved without a gradient."""

    loss: Tensor
    gradients: Rows
    rule_state: dict[str, Tensor]


@final
class RecordedGroup:
    """A group, with its record where it is there. It does not hold its trainer, which holds it."""

    def __init__(self, group: Group, trainer: "Trainer") -> None:
        self.group, self.panels = group, group.panels
        self._gradients = Gradients(trainer.net, tuple(trainer.weights.plan.net.items()), group)
        self._steps = 0
        self._possible = trainer.device.type == "cpu"  # on a GPU TorchScript fuses, and rounds otherwise
        self._python: Gradients | None = None  # as Python computes them, once that is known
        self._record: Made | None = None
        self.read(trainer)

    def read(self, trainer: "Trainer") -> None:
        """Read the knobs: they are tensors, so that records stay what they are when one is moved."""
        precise = torch.float32 if trainer.device.type == "mps" else torch.float64  # as in Python, where there is any
        losses = [trainer.losses[panel] for panel in self.panels]
        knobs = [[float(getattr(loss, name)) for loss in losses] for name in self.group.moving]
        self._knobs = [torch.tensor(own, dtype=precise, device=trainer.device) for own in knobs]
        self._each_knobs = [[knob[place].clone() for knob in self._knobs] for place in range(len(losses))]

    def asked(self, own: "Trainer", x: Tensor, y: Tensor, *, recording: bool) -> list[Asked]:
        """Return what each panel's loss asks for, by scaled samples ``(B, ...)`` and labels ``(B,)``."""
        self._steps += 1
        if recording and self._possible and self._record is None and (self._steps == 1 or self._steps >= PATIENCE):
            self._ask(own, x, y, known=self._steps == 1)
        played = None if self._record is None else self._record.function
        count = len(self.panels)
        if played is None:
            seen = self._in_python(own, x, y)
        elif count == 1:
            seen = [played(x, y, *self._of(0, own)) or ()]
        else:
            seen = zip(*(played(x, y, *self._stacks(own)) or ()), strict=True)
        return [self._told(parts, own.rule_state[panel]) for panel, parts in zip(self.panels, seen, strict=True)]

    def _in_python(self, own: "Trainer", x: Tensor, y: Tensor) -> Iterable[Sequence[Tensor]]:
        """Return what there is of each panel, computed side by side where that gives each what it gets alone."""
        count = len(self.panels)
        given = [x, y, *(self._of(0, own) if count == 1 else self._stacks(own))]
        if self._python is None:
            self._python = settled(self._job(given), self._gradients, given)
        if count == 1:
            return [self._python(*given)]
        if self._python.way is not Way.NOTHING:
            return zip(*self._python(*given), strict=True)
        return [self._python(x, y, *self._of(place, own)) for place in range(count)]

    def wait(self) -> None:
        """Wait until the record is there, if it was asked for."""
        if self._record is not None:
            self._record.ended.wait()

    def _ask(self, own: "Trainer", x: Tensor, y: Tensor, *, known: bool = False) -> None:
        """Ask for a record, which is used from the step on in which it is there; ``known``: only if it is."""
        count = len(self.panels)
        example = [x, y, *(self._of(0, own) if count == 1 else self._stacks(own))]
        job = self._job(example)
        if not known or is_made(job):
            self._record = made(job, example)

    def _job(self, example: list[Tensor]) -> Job:
        group = replace(self.group, panels=tuple(range(len(self.panels))))  # which ones they are makes no difference
        return Record(
            sizes=sizes(example),
            device=str(example[0].device),
            threads=torch.get_num_threads(),
            gradients=replace(self._gradients, group=group),
        )

    def _stacks(self, own: "Trainer") -> list[Tensor]:
        states = torch.stack([own.weights.rows(panel)[1] for panel in self.panels])
        rule_state = zip(*(self._rule_state(own, panel) for panel in self.panels), strict=True)
        return [own.weights.net_rows(self.panels), states, *(torch.stack(each) for each in rule_state), *self._knobs]

    def _of(self, place: int, own: "Trainer") -> list[Tensor]:
        panel = self.panels[place]
        return [*own.weights.rows(panel), *self._rule_state(own, panel), *self._each_knobs[place]]

    def _rule_state(self, own: "Trainer", panel: int) -> list[Tensor]:
        return [widened(own.rule_state[panel][name], form) for name, form in self.group.rule_state]

    def _told(self, seen: Sequence[Tensor], before: Mapping[str, Tensor]) -> Asked:
        loss, nets, rows, *moved = seen
        named = zip((name for name, _ in self.group.rule_state), moved, strict=True)
        return Asked(loss, (nets, rows), {name: narrowed(tensor, before[name]) for name, tensor in named})
