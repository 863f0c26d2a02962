"""The tensors of a state as the whole step reads and changes them, and what the steps that use them share."""

from abc import abstractmethod
from collections.abc import Iterator
from typing import final

import torch
from torch import Tensor

from engine.state.families import group_by_family, pad_state, trim_state
from engine.state.train_state import TrainState
from engine.steps.base import PendingFunction, Step
from engine.steps.divergence import stop
from engine.steps.exact import ExactStep
from engine.steps.whole_step import Shape, StepTensors, times

#: What a step reads and does not change: samples, labels, learning rates, and what it reads of time.
StepInputs = tuple[Tensor, ...]

#: Of each panel ``(K,)``: loss, norm, whether it is alive, when it died, and why.
Report = tuple[Tensor, Tensor, Tensor, Tensor, Tensor]


def shapes(state: TrainState, size: int | None = None, *, half: bool = False) -> dict[range, Shape]:
    """Return the panels of each part of a step, and the shape of the whole step that computes it.

    ``size`` is the number of panels of a part, which divides that of all panels; ``None`` for all of them. The shape
    is the same for all parts; where it would not be, all panels are one part. ``half`` is that of ``Shape``.
    """
    count = len(state.losses)
    size = size or count
    parts = {part: _shape(state, part, half) for part in (range(at, at + size) for at in range(0, count, size))}
    return parts if len(set(parts.values())) == 1 else {range(count): _shape(state, range(count), half)}


def _shape(state: TrainState, panels: range, half: bool) -> Shape:
    own = slice(panels.start, panels.stop)
    families = group_by_family(state.losses[own], state.weights.plan.states[own], state.rule_state[own])
    layout = tuple(state.weights.plan.net.items())
    return Shape(state.net, layout, tuple(families), state.data.offset, state.data.factor, half)


def new_report(state: TrainState) -> Report:
    """Return what a whole step reports of each panel, as it is before the step."""
    alive = [panel not in state.stopped for panel in range(len(state.losses))]
    zeros = torch.zeros(len(alive), device=state.device)
    alive_ones = torch.tensor(alive, device=state.device)
    return state.last_losses.float(), state.norms.float(), alive_ones, zeros, zeros.clone()


def step_tensors(state: TrainState, parts: dict[range, Shape], report: Report) -> list[StepTensors]:
    """Return what the step of each part changes: the weights themselves, views of a report, and copies of the rest."""
    tensors = []
    for part, shape in parts.items():
        nets, tail = state.weights.plan.split(state.weights.buffers, part)
        families = [(family, [part[place] for place in family.panels]) for family in shape.families]
        rule_state = [
            tuple(
                torch.stack([pad_state(state.rule_state[panel][name], shape) for panel in panels])
                for name, shape in family.rule_state
            )
            for family, panels in families
        ]
        knobs = [
            tuple(
                torch.tensor([float(getattr(state.losses[panel], name)) for panel in panels], device=state.device)
                for name in family.tensor_knobs
            )
            for family, panels in families
        ]
        losses, norms, alive, died, cause = (tensor[part.start : part.stop] for tensor in report)
        tensors.append(StepTensors(nets, tail, losses, norms, alive, died, cause, tuple(rule_state), tuple(knobs)))
    return tensors


def next_inputs(state: TrainState, most: int) -> Iterator[StepInputs]:
    """Return what the next steps read, of at most so many and of one epoch."""
    steps = range(state.step, state.step + min(most, state.batches.left(state.step)))
    x, y = state.data.batch(state.batches.at(state.step, len(steps)))
    rates = torch.tensor([state.rates_at(step) for step in steps], device=state.device)
    moments = torch.tensor([times(step) for step in steps], device=state.device)
    batches = (samples.view(len(steps), -1, *samples.shape[1:]) for samples in (x, y))
    return zip(*batches, rates, moments, strict=True)


@final
class StepBuffers:
    """Tensors that the state and a whole step share, so that nothing is copied between steps.

    ``parts`` are the panels of each part, and the tensors that its step changes.
    """

    def __init__(self, state: TrainState, shapes: dict[range, Shape]) -> None:
        self._shapes = shapes
        self._report = new_report(state)
        self._tensors = step_tensors(state, shapes, self._report)
        self.parts = [(part, own.flat()) for part, own in zip(shapes, self._tensors, strict=True)]
        self._share(state)

    @property
    def shape(self) -> Shape:
        """The shape of the step."""
        return next(iter(self._shapes.values()))

    def refresh(self, state: TrainState, shapes: dict[range, Shape]) -> bool:
        """Copy changed knobs and state into the same tensors; return ``False`` where the shapes are others."""
        if shapes != self._shapes:
            return False
        now = step_tensors(state, shapes, new_report(state))
        for old, new in zip(self._tensors, now, strict=True):
            for before, after in ((old.nets.values, new.nets.values), (old.nets.first, new.nets.first)):
                if before.data_ptr() != after.data_ptr():
                    return False  # other buffers, as after a checkpoint
        for (_, flat), own in zip(self.parts, now, strict=True):
            for before, after in zip(flat, own.flat(), strict=True):
                if before.data_ptr() != after.data_ptr():
                    before.copy_(after)
        self._share(state)
        return True

    def sync(self, state: TrainState) -> None:
        """Note the panels that have stopped."""
        *_, died, causes = (tensor.tolist() for tensor in self._report)
        for panel, step in enumerate(died):
            if step:
                stop(state, panel, causes[panel], int(step))

    def _share(self, state: TrainState) -> None:
        """Let the state see the tensors that the step changes."""
        state.last_losses, state.norms, *_ = self._report
        for (part, shape), own in zip(self._shapes.items(), self._tensors, strict=True):
            for family, stacks in zip(shape.families, own.rule_state, strict=True):
                for place, panel in enumerate(family.panels):
                    before = state.rule_state[part[panel]]
                    by_name = zip((name for name, _ in family.rule_state), stacks, strict=True)
                    state.rule_state[part[panel]] = {
                        name: trim_state(stack[place], before[name]) for name, stack in by_name
                    }


class BufferStep(Step):
    """Steps as the ``exact`` one takes them until a whole step is there, which then changes ``buffers``.

    ``compiled`` is the whole step by a compiler, where it has been asked for.
    """

    def __init__(self, exact: ExactStep) -> None:
        super().__init__()
        self.exact = exact
        self.compiled: PendingFunction | None = None
        self.buffers: StepBuffers | None = None

    @abstractmethod
    def shapes(self, state: TrainState) -> dict[range, Shape]:
        """Return the panels of each part of the whole step, and its shape."""

    def look(self, state: TrainState) -> None:
        """Set the losses and norms of the next batch without a step."""
        self.exact.look(state)

    def sync(self, state: TrainState) -> None:
        """Note the panels that have stopped."""
        if self.buffers is not None:
            self.buffers.sync(state)

    def refresh(self, state: TrainState) -> None:
        """Read the knobs again, or drop the whole step where the losses are no longer of its families."""
        self.exact.refresh(state)
        if self.buffers is None or not self.buffers.refresh(state, self.shapes(state)):
            self.compiled = self.buffers = None
            self.stage, self.precision = "exact", "float32"

    def wait(self) -> None:
        """Wait until the compiled step is there, or never will be."""
        if self.compiled is not None:
            self.compiled.result()
