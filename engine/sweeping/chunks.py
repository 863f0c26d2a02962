"""Chunks of a sweep: settings that are trained together, as many as fit into memory."""

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, final

import torch

from engine.config.experiment import NUMBERS, Experiment, Panel
from engine.config.seeds import generator
from engine.frames.frame import Frame
from engine.machine.saved_bytes import saved_tensor_sizes
from engine.machine.threads import leave_one_core
from engine.running.frame_sampler import Filming
from engine.running.run import open_recorder
from engine.running.run_events import RunEvents
from engine.training.trainer import Trainer
from spec.knobs import Value
from toy_data import Samples

#: Panels of one experiment at most (``Experiment.panels``), and on a processor, whose cache more of them leave: a step
#: of the small net then takes 0.32 ms a panel rather than 0.28, and more panels learn before a program is there.
PANELS, CACHED = 64, 16

#: Steps between two frames at most, which an experiment allows.
_FAR = int(NUMBERS["steps_per_frame"].high)

#: Tensors of the size of all parameters: the weights, their gradient, Adam's two means, and the step it makes.
_COPIES = 5

#: What a step needs beside the parameters, in terms of what autograd keeps of it.
_AROUND = 2


@final
@dataclass(frozen=True, eq=False)
class Setting:
    """One point of the grid: a loss with all its knobs, its learning rate, and what the experiment is besides.

    ``learning_rate`` is ``None`` where it is the experiment's. ``numbers`` are the experiment's that a grid may have:
    dimension, batch, steps.
    """

    number: int
    loss: str
    knobs: Mapping[str, Value]
    learning_rate: float | None
    dials: Mapping[str, Value]
    net_knobs: Mapping[str, Value]
    numbers: Mapping[str, int]

    @property
    def panel(self) -> Panel:
        """The panel that is trained."""
        return Panel(loss=self.loss, knobs=self.knobs, learning_rate=self.learning_rate)

    @property
    def shared(self) -> tuple[Any, ...]:
        """What settings that are trained together have in common."""
        return tuple(tuple(each.items()) for each in (self.dials, self.net_knobs, self.numbers))

    @property
    def identity(self) -> tuple[Any, ...]:
        """What tells it from the others, beside its number."""
        return self.loss, tuple(self.knobs.items()), self.learning_rate, self.shared

    def experiment(self, base: Experiment, **settings: Any) -> Experiment:
        """Return the base with this data, net and numbers, and with what else is said; alone unless ``panels`` are."""
        own = {"panels": (self.panel,), "dials": self.dials, "net_knobs": self.net_knobs, **self.numbers}
        return Experiment.parse(dict(base) | own | settings)


@final
@dataclass(frozen=True, eq=False)
class Trial:
    """A setting under a seed: one row of the table, at the place ``number``."""

    number: int
    setting: Setting
    seed: int


@final
@dataclass(frozen=True, eq=False)
class Chunk:
    """Trials of one seed, the same data, net and numbers, and the experiment whose panels they are.

    ``film`` says that frames of ``base`` are recorded, and not the first and the last alone.
    """

    trials: tuple[Trial, ...]
    base: Experiment
    film: bool

    @property
    def name(self) -> str:
        """The name of its files: the place of its first row."""
        return f"{self.trials[0].number:06}"

    def without(self, done: frozenset[tuple[int, int]]) -> "Chunk":
        """Return it without trials that are done, which go by the numbers of setting and seed."""
        left = (trial for trial in self.trials if (trial.setting.number, trial.seed) not in done)
        return replace(self, trials=tuple(left))

    @cached_property
    def experiment(self) -> Experiment:
        """The base with these panels, data, net, numbers and seed."""
        first = self.trials[0]
        every = self.base.steps_per_frame if self.film else min(first.setting.numbers["steps"], _FAR)
        panels = tuple(trial.setting.panel for trial in self.trials)
        return first.setting.experiment(self.base, panels=panels, seed=first.seed, steps_per_frame=every)


def cut(trials: Iterable[Trial], base: Experiment, panels: int, *, film: bool) -> list[Chunk]:
    """Cut trials, whose order is kept, into chunks of at most so many panels, those of a seed about equally large."""
    together: dict[tuple[Any, ...], list[Trial]] = {}
    for trial in trials:
        together.setdefault((trial.seed, trial.setting.shared), []).append(trial)
    chunks: list[Chunk] = []
    for group in together.values():
        count = -(-len(group) // panels)
        ends = [-(-len(group) * place // count) for place in range(count + 1)]
        chunks += [Chunk(tuple(group[start:end]), base, film) for start, end in pairwise(ends)]
    return chunks


def footprint(base: Experiment, panel: Panel, samples: Samples) -> int:
    """Estimate the bytes that one more panel takes: its parameters, and what autograd keeps of a batch.

    The latter is counted in a forward pass of one net and its loss. Raises ``Refusal`` where the net cannot
    take the samples.
    """
    loss, net = panel.make(), base.make_net()
    classes, sample = len(samples.classes), samples.train_x.shape[1:]
    size = min(base.batch, len(samples.train_y))
    weights = {name: torch.zeros(shape) for name, shape in net.layout(sample, base.dim).items()}
    state = loss.init(classes, base.dim, generator(base.seed, "loss"))
    learned = [*weights.values(), *(tensor for name, tensor in state.items() if name not in loss.non_gradient_state)]
    for tensor in learned:
        tensor.requires_grad_()
    with leave_one_core(), saved_tensor_sizes() as kept:
        z = net.one(weights, torch.zeros(size, *sample))
        loss.per_sample(z, torch.arange(size) % classes, state).mean()
    return _COPIES * sum(tensor.nbytes for tensor in learned) + _AROUND * sum(kept)


def train_chunk(
    experiment: Experiment,
    path: Path | None,
    *,
    device: str,
    tick: Callable[[int], object],
    worth: Callable[[], bool] = lambda: True,
    adapted: bool = False,
) -> tuple[Frame, float]:
    """Train all panels to the end; return the last frame, and the seconds that it took.

    Where there is a ``path``, the frames are written there (``adapted``: as many as their share of the time allows),
    without checkpoints, which would be most of the file.
    ``tick`` is told the steps as they are done, and ``worth`` says whether a program is to be compiled
    (``engine.training.trainer``).
    """
    began = time.perf_counter()
    trainer = Trainer(experiment, device=device, worth=worth)
    filming = Filming(trainer, experiment.steps_per_frame, adapted=adapted)
    recorder = None if path is None else open_recorder(path, experiment, trainer, device, checkpoint=False)
    status, told = "stopped", RunEvents()
    try:
        while True:
            if trainer.finished or (recorder is not None and filming.due(trainer)):
                made = filming.frame(trainer)
                if made is not None:
                    frame, written = made
                    if recorder is not None:
                        recorder.frame(frame.step, written)
                        for kind, body in (*told.stage(trainer), *told.diverged(trainer.stopped)):
                            recorder.happened(trainer.step, kind, body)
            if trainer.finished:
                break
            step = trainer.step
            if recorder is None:
                trainer.advance(experiment.steps - step)
            else:
                filming.advance(trainer, experiment.steps - step)
            tick(trainer.step - step)
        status = "done"
    finally:
        if recorder is not None:
            recorder.end(trainer.step, status)
    tick(experiment.steps - frame.step)  # those that were left when no panel was
    return frame, time.perf_counter() - began
