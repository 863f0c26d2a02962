"""Training straight into a file, without a worker: for the command line and for the runs that come along."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.config.experiment import Experiment, one_of
from engine.frames.frame import Frame
from engine.machine.threads import leave_one_core
from engine.running.checkpoint_policy import checkpoint_of, steps_between
from engine.running.frame_sampler import FRAMES, Filming, Frames
from engine.running.run import open_recorder
from engine.running.run_events import RunEvents
from engine.training.trainer import Trainer
from spec import Refusal

#: Steps between two checkpoints: a fork trains at most so many again. A worker keeps more; a file is to be carried.
_CHECKPOINT_EVERY = 330


def record(experiment: Experiment, path: Path | str, *, device: str = "cpu", frames: Frames = "all") -> Iterator[Frame]:
    """Train an experiment into a new recording at ``path`` and yield its frames as they are written.

    ``frames`` are ``all`` of them and whole, or ``adapted`` to what they cost: some are left out, and others look at
    fewer samples, so that they take at most a fifth of the time.
    A recording that is broken off is left as ``stopped``, with the frames so far.
    Raises ``Refusal`` before the first step where the file is there already, or cannot be written, or the data set is
    not to be had; and later where the disk takes no more.
    """
    path = Path(path)
    one_of("frames", frames, dict.fromkeys(FRAMES))
    trainer = Trainer(experiment, device=device)
    filming = Filming(trainer, experiment.steps_per_frame, adapted=frames == "adapted")
    spacing = max(_CHECKPOINT_EVERY, steps_between(trainer))
    with leave_one_core(), _writing(path):
        recorder = open_recorder(path, experiment, trainer, device)
    status, told = "stopped", RunEvents()
    try:
        while True:
            if filming.due(trainer):
                with leave_one_core():
                    made = filming.frame(trainer)
                if made is not None:
                    frame, written = made
                    with _writing(path):
                        recorder.frame(frame.step, written)
                        for kind, body in told.diverged(trainer.stopped):
                            recorder.happened(trainer.step, kind, body)
                    yield frame
            if trainer.finished:
                break
            with leave_one_core():
                filming.advance(trainer, spacing - trainer.step % spacing)
            with _writing(path):
                for kind, body in told.stage(trainer):
                    recorder.happened(trainer.step, kind, body)
                if trainer.finished or trainer.step % spacing == 0:
                    saved = checkpoint_of(trainer)
                    if saved is not None:
                        recorder.checkpoint(trainer.step, saved)
        status = "done"
    finally:
        with _writing(path):
            recorder.end(trainer.step, status)


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    """Put what the disk refuses into one sentence."""
    try:
        yield
    except OSError as error:
        raise Refusal("errors.recording_disk", name=path, reason=error.strerror or type(error).__name__) from error
    except sqlite3.Error as error:
        raise Refusal("errors.recording_disk", name=path, reason=str(error)) from error
