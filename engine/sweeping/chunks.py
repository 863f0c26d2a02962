"""Chunks of a sweep: trials that are trained side by side, as the panels of one experiment."""

import time
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, final, get_args

from engine.config.experiment import NUMBERS, Experiment
from engine.frames.frame import Frame
from engine.running.frame_sampler import FrameSampler
from engine.running.record_to_file import train_into
from engine.running.run_log import open_recorder
from engine.sweeping.expansion import Trial
from engine.training.trainer import Trainer

#: What is recorded of each chunk: its first and last frame, all frames of the experiment, as many of them as a fifth of
#: the time allows (``engine.running.frame_sampler``), or nothing.
RecordMode = Literal["last", "all", "adapted", "none"]
RECORD_MODES: tuple[RecordMode, ...] = get_args(RecordMode)

#: Panels of a chunk at most: as many as an experiment may have, and on a processor as many as fit into its cache.
MAX_PANELS, MAX_CPU_PANELS = 64, 16

#: Steps between two frames at most, in an experiment.
_MAX_SPACING = int(NUMBERS["steps_per_frame"].high)


@final
@dataclass(frozen=True, eq=False)
class Chunk:
    """Trials with the same seed, data, net and numbers, and the experiment ``base`` that the sweep varies.

    ``all_frames``: frames are ``base.steps_per_frame`` apart, and not just at the first and the last step.
    """

    trials: tuple[Trial, ...]
    base: Experiment
    all_frames: bool

    @property
    def name(self) -> str:
        """The name of its files: the number of its first row."""
        return f"{self.trials[0].number:06}"

    def without(self, done: frozenset[tuple[int, int]]) -> "Chunk":
        """Return the chunk without the trials that are done, given as pairs of a setting's number and a seed."""
        left = (trial for trial in self.trials if (trial.setting.number, trial.seed) not in done)
        return replace(self, trials=tuple(left))

    @cached_property
    def experiment(self) -> Experiment:
        """The experiment whose panels are the trials."""
        first = self.trials[0]
        every = self.base.steps_per_frame if self.all_frames else min(first.setting.numbers["steps"], _MAX_SPACING)
        panels = tuple(trial.setting.panel for trial in self.trials)
        return first.setting.experiment(self.base, panels=panels, seed=first.seed, steps_per_frame=every)


def cut_into_chunks(trials: Iterable[Trial], base: Experiment, panels: int, *, all_frames: bool) -> list[Chunk]:
    """Return the trials, in their order, as chunks of at most ``panels`` panels, about equally large for each seed."""
    groups: dict[tuple[Any, ...], list[Trial]] = {}
    for trial in trials:
        groups.setdefault((trial.seed, trial.setting.common), []).append(trial)
    chunks: list[Chunk] = []
    for group in groups.values():
        count = -(-len(group) // panels)
        ends = [-(-len(group) * place // count) for place in range(count + 1)]
        chunks += [Chunk(tuple(group[start:end]), base, all_frames) for start, end in pairwise(ends)]
    return chunks


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

    With a ``path``, frames are recorded there (``adapted``: as many as a fifth of the time allows), without
    checkpoints, which would be most of the file. ``tick`` is called with the number of steps as they are done.
    ``worth`` tells whether it is worth compiling the steps (``engine.training.trainer``).
    """
    began = time.perf_counter()
    trainer = Trainer(experiment, device=device, worth=worth)
    if path is None:
        while not trainer.finished:
            step = trainer.step
            trainer.advance(experiment.steps - step)
            tick(trainer.step - step)
        frame = trainer.frame()
    else:
        recorder = open_recorder(path, experiment, trainer, device, checkpoint=False)
        sampler = FrameSampler(trainer, experiment.steps_per_frame, adapted=adapted)
        (frame,) = deque(train_into(recorder, trainer, sampler, tick=tick), maxlen=1)
    tick(experiment.steps - frame.step)  # the steps that are left where all panels have stopped
    return frame, time.perf_counter() - began
