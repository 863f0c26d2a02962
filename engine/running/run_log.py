"""How a run is recorded: how its recording begins, and what a live run writes and announces."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, final

from engine.config.experiment import Experiment
from engine.frames.codec import encode_points
from engine.recording.file_format import message_to_json
from engine.recording.reader import Recording
from engine.recording.writer import Recorder, initial_meta
from engine.running.checkpoint_policy import MAX_MIB, make_checkpoint, steps_between
from engine.training.trainer import Trainer
from spec import Message

#: Announces something of a run: its kind (``engine.running.worker``) and its values.
Announce = Callable[..., None]


def open_recorder(
    path: Path, experiment: Experiment, trainer: Trainer, device: str, *, checkpoint: bool = True
) -> Recorder:
    """Create the recording of a trainer at its first step, with a first checkpoint unless ``checkpoint`` is false."""
    meta = initial_meta(device) | {
        "experiment": experiment.model_dump(mode="json"),
        "key": experiment.key,
        "classes": list(trainer.classes),
        "image": trainer.image,
        "twins": dict(trainer.twins),
        "mode": experiment.mode,
    }
    recorder = Recorder.create(path, meta, encode_points(trainer.points))
    if checkpoint and (body := make_checkpoint(trainer)) is not None:
        recorder.write_checkpoint(trainer.step, body)
    return recorder


@final
class RunLog:
    """The recording of a live run; whatever is written is announced.

    ``size``: bytes of its frames and checkpoints.
    """

    def __init__(self, path: Path, announce: Announce) -> None:
        self.path = path
        self.size = 0
        self._announce = announce
        self._recorder: Recorder | None = None
        self._checkpoint_step = 0

    @property
    def open(self) -> bool:
        """Whether it takes frames and events."""
        return self._recorder is not None

    @property
    def full(self) -> Message | None:
        """Why the recording takes no more frames, or ``None`` where it does."""
        return Message.of("server.recording_full", limit=MAX_MIB) if self.size > MAX_MIB * 2**20 else None

    def create(self, experiment: Experiment, trainer: Trainer, device: str) -> None:
        """Create the recording of a new run."""
        self._recorder = open_recorder(self.path, experiment, trainer, device)

    def fork(self, source: Recording, frame: int, device: str) -> None:
        """Create the recording of a fork."""
        self._recorder = Recorder.fork(self.path, source, frame, device)

    def reopen(self) -> None:
        """Go on with the recording of a run that was done."""
        self._recorder = Recorder(self.path)
        self._recorder.write_meta(status="open", reason=None)

    def announce_opening(self) -> None:
        """Announce that the recording can be read."""
        self._announce("opened", frames=self._open_recorder().frames)

    def announce_status(self, status: str, reason: Message | None = None) -> None:
        """Announce the status of the run."""
        self._announce("status", status=status, reason=message_to_json(reason))

    def write_frame(self, step: int, body: bytes) -> None:
        """Append a frame."""
        place = self._open_recorder().write_frame(step, body)
        self.size += len(body)
        self._announce("frame", frame=place, step=step)

    def write_event(self, step: int, kind: str, body: Mapping[str, Any]) -> None:
        """Append an event that happened at a step, after the last frame."""
        event = self._open_recorder().append_event(step, kind, body)
        self._announce("event", kind=kind, step=step, frame=event.frame, body=body)

    def write_due_checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint where the last one is long enough ago."""
        if self._recorder is not None and trainer.step - self._checkpoint_step >= steps_between(trainer):
            self.write_checkpoint(trainer)

    def write_checkpoint(self, trainer: Trainer) -> None:
        """Write a checkpoint, unless there was an edit at this step: a fork from its frame goes on without the edit."""
        if trainer.edits and trainer.edits[-1].step == trainer.step:
            return
        self._checkpoint_step = trainer.step
        if (body := make_checkpoint(trainer)) is not None:
            self._open_recorder().write_checkpoint(trainer.step, body)
            self.size += len(body)

    def finish(self, step: int, status: str, reason: Message | None) -> None:
        """Write how the run ended and close the recording."""
        recorder = self._open_recorder()
        body = {} if reason is None else {"reason": message_to_json(reason)}
        try:
            self.write_event(step, status, body)
        finally:
            self._recorder = None
            recorder.finish(status, reason)

    def _open_recorder(self) -> Recorder:
        assert self._recorder is not None, "the recording is closed"
        return self._recorder
