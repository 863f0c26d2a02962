"""Training straight into a file, without a worker: for the command line and for the runs that come along."""

from collections.abc import Iterator
from pathlib import Path

from engine.codec import encode
from engine.experiment import Experiment
from engine.frame import Frame
from engine.recording import Event
from engine.runs import open_recorder
from engine.threads import spared
from engine.trainer import Trainer

#: Steps between two checkpoints: a fork trains at most so many again. A worker keeps more; a file is to be carried.
_CHECKPOINT_EVERY = 330


def record(experiment: Experiment, path: Path | str, *, device: str = "cpu") -> Iterator[Frame]:
    """Train an experiment into a new recording at ``path`` and yield its frames as they are written.

    A recording that is broken off is left as ``stopped``, with the frames so far.
    Raises ``Refusal`` where the file is there already or the data set is not to be had.
    """
    trainer = Trainer(experiment, device=device)
    recorder = open_recorder(Path(path), experiment, trainer, device)
    status = "stopped"
    try:
        while True:
            if trainer.step % experiment.steps_per_frame == 0 or trainer.finished:
                with spared():
                    frame = trainer.frame()
                recorder.frame(frame.step, encode(frame))
                yield frame
            if trainer.finished:
                break
            with spared():
                trainer.advance()
            if trainer.step % _CHECKPOINT_EVERY == 0 or trainer.finished:
                recorder.checkpoint(trainer.step, trainer.checkpoint())
        status = "done"
    finally:
        recorder.event(Event(trainer.step, recorder.frames - 1, status, {}))
        recorder.finish(status)
