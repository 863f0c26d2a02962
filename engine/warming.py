"""What a worker makes ready while nobody asks for anything, so that the first knob moves as lightly as the others."""

from collections.abc import Iterator
from pathlib import Path

from engine.experiment import Experiment
from engine.recorded_group import PATIENCE
from engine.recording import SUFFIX, Recording
from engine.trainer import Trainer
from spec import Refusal


def warm(folder: Path, device: str) -> Iterator[None]:
    """Train a few steps of what the recordings of a folder hold, a step at a time, and keep nothing of it.

    Data sets are read then, and steps recorded (``engine.played``). What cannot be trained here is passed over, and
    so are experiments in the fast mode: a program takes longer to compile than a first step without it.
    """
    for path in sorted(folder.glob("*" + SUFFIX)):
        try:
            with Recording(path) as recording:
                experiment = Experiment.parse(recording.meta["experiment"])
            if experiment.mode == "fast":
                continue
            yield
            trainer = Trainer(experiment, device=device)
        except Refusal:
            continue
        while trainer.step < PATIENCE and not trainer.finished:
            yield
            trainer.advance()
