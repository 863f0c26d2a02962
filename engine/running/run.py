"""One open run inside the worker: a trainer, its recording, and its pace."""

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any, final

from engine.config.edits import Edit
from engine.config.experiment import Experiment
from engine.frames.background import BackgroundFrames, Picture
from engine.frames.build import CHUNK
from engine.frames.codec import encode_points
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.machine.threads import cores
from engine.recording.reader import Event, Recording, to_json
from engine.recording.writer import Recorder, begun
from engine.running.checkpoint_policy import LIMIT_MIB, checkpoint_of, steps_between
from engine.running.pacing import BESIDE, SHARE, Pace
from engine.running.run_events import RunEvents
from engine.training.trainer import Trainer
from spec import Message, Refusal

Say = Callable[..., None]


def open_recorder(
    path: Path, experiment: Experiment, trainer: Trainer, device: str, *, checkpoint: bool = True
) -> Recorder:
    """Begin the recording of a trainer that has made no step, with its first checkpoint unless none is wanted."""
    meta = begun(device) | {
        "experiment": experiment.model_dump(mode="json"),
        "key": experiment.key,
        "classes": list(trainer.classes),
        "image": trainer.image,
        "twins": dict(trainer.twins),
        "mode": experiment.mode,
    }
    recorder = Recorder.create(path, meta, encode_points(trainer.points))
    if checkpoint and (saved := checkpoint_of(trainer)) is not None:
        recorder.checkpoint(trainer.step, saved)
    return recorder


@final
class Run:
    """A run that is trained a little at a time; times are monotonic seconds."""

    def __init__(self, path: Path, device: str, say: Say, background_frames: BackgroundFrames) -> None:
        self.path = path
        self.status = "open"
        self.paused = False
        self._device = device
        self._say = say
        self._background_frames = background_frames
        self._frame: Future[Picture] | None = None  # that is being made
        self._preparing: Iterator[None] = iter(())
        self._ready = False
        self._made: Trainer | None = None
        self._recorder: Recorder | None = None
        self._waiting: list[Callable[[], None]] = []
        self._pace: Pace | None = None
        self._singles = 0
        self._kept = 0
        self._plain = 0  # frames since the last one with all metrics
        self._bytes = 0
        self._told = RunEvents()

    @property
    def due(self) -> float:
        """When the next frame may begin."""
        return 0.0 if self._pace is None else self._pace.due

    @property
    def wanted(self) -> bool:
        """Whether there is work to do now or later."""
        return self.status == "open" and (not self.paused or not self._ready or self._singles > 0)

    @property
    def editable(self) -> bool:
        """Whether an edit makes it go on."""
        return self.status in {"open", "done"}

    def start(self, experiment: Experiment) -> None:
        """Train an experiment from its beginning."""
        self._preparing = self._begin(experiment)

    def fork(self, source: Path, frame: int, edit: Mapping[str, Any] | None) -> None:
        """Go on from a frame of another recording, with an edit."""
        if edit is not None:
            self._waiting.append(partial(self.edit, edit))
        self._preparing = self._branch(source, frame)

    def work(self) -> bool:
        """Do one piece of work, a step or less than a second; return whether the turn is over."""
        if not self._ready:
            if next(self._preparing, self) is self:
                self._ready = True
                waiting, self._waiting = self._waiting, []  # they hold the run, which must be gone when it is let go
                for command in waiting:
                    command()
            return True
        self.deliver()
        if self._trainer.finished:  # forked at its end, and nothing was moved
            self.end("done")
            return True
        assert self._pace is not None
        began, step = time.perf_counter(), self._trainer.step
        self._trainer.advance(self._pace.left)
        ended = self._pace.stepped(self._trainer.step - step, time.perf_counter() - began)
        for kind, body in self._told.stage(self._trainer):
            self._note(kind, body)
        if not ended and not self._trainer.finished:
            return False
        self._snapshot(self._pace)
        if self._trainer.finished:
            self.end("done")
        elif self._bytes > LIMIT_MIB * 2**20:
            self.end("stopped", Message.of("server.recording_full", limit=LIMIT_MIB))
        return True

    def deliver(self, *, wait: bool = False) -> None:
        """Record the frame that was being made, if it is there, or wait for it."""
        frame = self._frame
        if frame is None or not (wait or frame.done()):
            return
        self._frame = None
        made, recorder = frame.result(), self._recorder
        if recorder is None:  # the run has ended meanwhile
            return
        step = made.inputs.step
        place = recorder.frame(step, made.body)
        self._bytes += len(made.body)
        if self._pace is not None:
            self._pace.made(made.seconds)
        self._say("frame", frame=place, step=step)
        for kind, body in self._told.diverged(made.inputs.stopped):
            self._event(recorder, kind, body)

    def edit(self, edit: Mapping[str, Any]) -> None:
        """Move a knob before the next step; a run that was done goes on."""
        if self._later(partial(self.edit, edit)):
            return
        if not self.editable:
            raise Refusal("server.run_let_go")
        self.deliver(wait=True)
        self._trainer.apply(Edit(self._trainer.step, edit["panel"], edit["knob"], edit["value"]))
        if self._pace is not None:
            self._pace.hasten()
        if self.status == "done":
            self._recorder = Recorder(self.path)
            self._recorder.note(status="open", reason=None)
            self._tell_status("open")
        self._note("edit", {"panel": edit["panel"], "knob": edit["knob"], "value": edit["value"]})

    def pause(self, paused: bool) -> None:
        """Halt, or go on."""
        if self._later(partial(self.pause, paused)):
            return
        if self.status == "open" and paused != self.paused:
            self.paused = paused
            self._singles = 0
            self._note("pause" if paused else "resume", {})

    def single(self) -> None:
        """Make one frame while paused."""
        if not self._later(self.single) and self.paused:
            self._singles += 1
            if self._pace is not None:
                self._pace.due = 0.0

    def pace(self, frames_per_second: float, steps_per_frame: int) -> None:
        """Change how fast frames come and how many steps lie between them."""
        if self._later(partial(self.pace, frames_per_second, steps_per_frame)):
            return
        assert self._pace is not None
        self._pace.ask(frames_per_second, steps_per_frame)
        if self.status == "open":
            self._note("pace", {"frames_per_second": frames_per_second, "steps_per_frame": steps_per_frame})

    def end(self, status: str, reason: Message | None = None) -> None:
        """End the run with a status; what it is, is told even where the disk does not take it any more."""
        if self.status != "open":
            return
        if status != "failed":
            self.deliver(wait=True)
        recorder, self._recorder = self._recorder, None
        try:
            if recorder is not None:
                if status != "failed" and self._ready:
                    self._keep(recorder)
                body = {} if reason is None else {"reason": to_json(reason)}
                self._event(recorder, status, body)
                recorder.finish(status, reason)
        finally:
            self._tell_status(status, reason)

    @property
    def _trainer(self) -> Trainer:
        assert self._made is not None
        return self._made

    def _later(self, command: Callable[[], None]) -> bool:
        """Keep a command until the run has begun; return whether it is kept."""
        if not self._ready:
            self._waiting.append(command)
        return not self._ready

    def _begin(self, experiment: Experiment) -> Iterator[None]:
        self._made = Trainer(experiment, device=self._device)
        yield
        self._recorder = open_recorder(self.path, experiment, self._trainer, self._device)
        self._pace = self._paced(experiment)
        self._snapshot(self._pace)
        self.deliver(wait=True)
        self._say("opened", frames=self._recorder.frames)

    def _branch(self, source: Path, frame: int) -> Iterator[None]:
        with Recording(source) as recording:
            experiment = Experiment.parse(recording.meta["experiment"])
            step = recording.step_of(frame)
            saved = recording.checkpoint(step)
            if saved is None:
                raise Refusal("server.no_checkpoint")
            # an edit at the step of the frame was made after it was seen
            edits = [edit for edit in recording.edits if edit.step < step]
            self._recorder = recorder = Recorder.fork(self.path, recording, frame, self._device)
            happened = [event for event in recording.events if event.step <= step]
        self._say("opened", frames=recorder.frames)
        yield
        self._made = trainer = Trainer.restore(experiment, edits, saved, device=self._device)
        while True:
            for edit in edits[len(trainer.edits) :]:
                if edit.step == trainer.step:
                    trainer.apply(edit)
            if trainer.step == step:
                break
            yield
            trainer.advance()
        self._told, self._pace = RunEvents(trainer.stopped, happened), self._paced(experiment)
        self._keep(recorder)

    def _paced(self, experiment: Experiment) -> Pace:
        """Return the pace to begin with, from what a few samples cost."""
        trainer, samples = self._trainer, len(self._trainer.data.look_y)
        few = trainer.data.look_x[:CHUNK]
        began = time.perf_counter()
        trainer.forward(trainer.data.scaled(few))
        cost = (time.perf_counter() - began) / len(few)
        return Pace(experiment.steps_per_frame, samples, cost, BESIDE if cores() > 1 else SHARE)

    def _snapshot(self, pace: Pace) -> None:
        """Have a frame made while training goes on; who waits for it gets it, else it may be left out."""
        awaited = self._singles > 0 or self._trainer.finished
        busy = self._frame is not None and not self._frame.done()
        if not awaited and (busy or not pace.wanted):
            pace.ended(framed=False)
            return
        self.deliver(wait=True)
        # where the pace is another than the experiment's, hardly any frame falls on the steps that have all metrics
        looks = None if self._trainer.finished else pace.looks
        inputs = self._trainer.frame_inputs(looks, full=self._plain >= FULL_EVERY)
        self._plain = 0 if inputs.full else self._plain + 1
        self._frame = self._background_frames.make(inputs)
        pace.ended(framed=True)
        if self._trainer.step - self._kept >= steps_between(self._trainer) and self._recorder is not None:
            self._keep(self._recorder)
        if awaited:
            self.deliver(wait=True)
            self._singles = max(0, self._singles - 1)

    def _keep(self, recorder: Recorder) -> None:
        """Write a checkpoint, unless a knob was just moved: a fork from the frame at this step is before that."""
        if self._trainer.edits and self._trainer.edits[-1].step == self._trainer.step:
            return
        self._kept = self._trainer.step
        if (blob := checkpoint_of(self._trainer)) is not None:
            recorder.checkpoint(self._trainer.step, blob)
            self._bytes += len(blob)

    def _event(self, recorder: Recorder, kind: str, body: Mapping[str, Any]) -> None:
        step = 0 if self._made is None else self._made.step
        recorder.event(Event(step, recorder.frames - 1, kind, body))
        self._say("event", kind=kind, step=step, frame=recorder.frames - 1, body=body)

    def _note(self, kind: str, body: Mapping[str, Any]) -> None:
        """Record an event of a run that is open, after the frames that were taken before."""
        self.deliver(wait=True)
        assert self._recorder is not None
        self._event(self._recorder, kind, body)

    def _tell_status(self, status: str, reason: Message | None = None) -> None:
        self.status = status
        self._say("status", status=status, reason=to_json(reason))
