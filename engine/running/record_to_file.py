"""Training straight into a file, without a worker: for the command line and for the shipped presets."""

from collections.abc import Callable, Iterator
from pathlib import Path

from engine.config.experiment import Experiment, one_of
from engine.frames.frame import Frame
from engine.machine.threads import leave_one_core
from engine.recording.writer import Recorder
from engine.running.checkpoint_policy import make_checkpoint, steps_between
from engine.running.failures import disk_refusals
from engine.running.frame_sampler import FRAME_MODES, FrameMode, FrameSampler
from engine.running.run_events import RunEvents
from engine.running.run_log import open_recorder
from engine.training.trainer import Trainer

#: Steps between two checkpoints at least. A live run has more of them; a file that is passed on stays small.
_CHECKPOINT_STEPS = 330


def record(
    experiment: Experiment, path: Path | str, *, device: str = "cpu", frames: FrameMode = "all"
) -> Iterator[Frame]:
    """Train an experiment into a new recording at ``path`` and yield its frames as they are written.

    ``frames`` are ``all`` of them, each with all samples, or ``adapted`` to what they cost: some are left out, and
    others look at fewer samples, so that they take at most a fifth of the time.
    Where the caller stops early, the recording ends as ``stopped`` with the frames so far.
    Raises ``Refusal`` before the first step where the file exists, where it cannot be written, or where the data set is
    missing; and later where the disk is full.
    """
    path = Path(path)
    one_of("frames", frames, dict.fromkeys(FRAME_MODES))
    trainer = Trainer(experiment, device=device)
    sampler = FrameSampler(trainer, experiment.steps_per_frame, adapted=frames == "adapted")
    with disk_refusals("errors.recording_disk", name=path):
        with leave_one_core():
            recorder = open_recorder(path, experiment, trainer, device)
        spacing = max(_CHECKPOINT_STEPS, steps_between(trainer))
        yield from train_into(recorder, trainer, sampler, checkpoint_steps=spacing)


def train_into(
    recorder: Recorder,
    trainer: Trainer,
    sampler: FrameSampler,
    *,
    checkpoint_steps: int | None = None,
    tick: Callable[[int], object] = lambda _: None,
) -> Iterator[Frame]:
    """Train to the end into an open recording, which is ended then, and yield the frames as they are written.

    ``checkpoint_steps`` are the steps between two checkpoints; without it there are none. ``tick`` is called with the
    number of steps as they are done. Where the caller stops early, the recording ends as ``stopped``.
    """
    status, events = "stopped", RunEvents()
    most = checkpoint_steps or trainer.experiment.steps
    try:
        while True:
            if sampler.has_frame(trainer):
                with leave_one_core():
                    pair = sampler.make_frame(trainer)
                if pair is not None:
                    frame, body = pair
                    recorder.write_frame(frame.step, body)
                    for event in events.divergence_events(trainer.stopped):
                        recorder.append_event(trainer.step, *event)
                    yield frame
            if trainer.finished:
                break
            before = trainer.step
            with leave_one_core():
                sampler.advance(trainer, most - before % most)
            for event in events.stage_events(trainer.stage, trainer.stepper.precision):
                recorder.append_event(trainer.step, *event)
            if checkpoint_steps is not None and (trainer.finished or trainer.step % checkpoint_steps == 0):
                checkpoint = make_checkpoint(trainer)
                if checkpoint is not None:
                    recorder.write_checkpoint(trainer.step, checkpoint)
            tick(trainer.step - before)
        status = "done"
    finally:
        recorder.end(trainer.step, status)
