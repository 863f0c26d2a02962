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
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.machine.threads import cores
from engine.recording.reader import Recording
from engine.running.pacing import FREE_CORE_SHARE, TRAINING_CORE_SHARE, Pace
from engine.running.run_events import RunEvents
from engine.running.run_log import Announce, RunLog
from engine.training.trainer import Trainer
from spec import Message, Refusal


@final
class Run:
    """A run that is trained a little at a time. Times are seconds of ``time.monotonic``.

    A run first prepares: it loads its data, and a fork trains up to its frame. Until it is ``ready`` it keeps the
    commands that arrive, and then obeys them in order.
    """

    _pace: Pace  # from when it is ready

    def __init__(self, path: Path, device: str, announce: Announce, background_frames: BackgroundFrames) -> None:
        self.path = path
        self.status = "open"
        self.paused = False
        self.ready = False
        self.pending_frame: Future[Picture] | None = None
        self._device = device
        self._log = RunLog(path, announce)
        self._background_frames = background_frames
        self._preparation: Iterator[None] = iter(())
        self._commands: list[Callable[[], None]] = []  # for when it is ready
        self._trainer: Trainer | None = None
        self._events = RunEvents()
        self._single_frames = 0  # that the viewer of a paused run still waits for
        self._since_full = 0  # frames since the last one with all metrics

    @property
    def trainer(self) -> Trainer:
        """The trainer; only where the run is ready."""
        assert self._trainer is not None, "the run is not ready"
        return self._trainer

    @property
    def due(self) -> float:
        """When the next frame may begin."""
        return self._pace.due if self.ready else 0.0

    @property
    def wanted(self) -> bool:
        """Whether there is work to do, now or when it is due."""
        return self.status == "open" and (not self.paused or not self.ready or self._single_frames > 0)

    # Commands

    def start(self, experiment: Experiment) -> None:
        """Train an experiment from its first step."""
        self._preparation = self._prepare_start(experiment)

    def fork(self, source: Path, frame: int, edit: Mapping[str, Any] | None) -> None:
        """Go on from a frame of another recording, with an edit."""
        if edit is not None:
            self._commands.append(partial(self.edit, edit))
        self._preparation = self._prepare_fork(source, frame)

    def obey(self, task: str, command: Mapping[str, Any]) -> None:
        """Obey a command (``engine.running.worker``) now; but for an end, at the earliest once the run is ready."""
        if task in {"stop", "close"}:
            self.end("stopped")
            self.status = "stopped"
        elif not self.ready:
            self._commands.append(partial(self.obey, task, command))
        elif task == "edit":
            self.edit(command)
        elif task == "pace":
            self.pace(command["frames_per_second"], command["steps_per_frame"])
        elif task == "step":
            self.single()
        else:
            self.pause(task == "pause")

    def edit(self, edit: Mapping[str, Any]) -> None:
        """Move a knob before the next step; a run that was done goes on."""
        if self.status not in {"open", "done"}:
            raise Refusal("server.run_let_go")
        self.deliver_frame(wait=True)
        self.trainer.apply(Edit(self.trainer.step, edit["panel"], edit["knob"], edit["value"]))
        self._pace.hasten_frame()
        if self.status == "done":
            self._log.reopen()
            self._set_status("open")
        self._write_event("edit", {"panel": edit["panel"], "knob": edit["knob"], "value": edit["value"]})

    def pause(self, paused: bool) -> None:
        """Halt, or go on."""
        if self.status == "open" and paused != self.paused:
            self.paused = paused
            self._single_frames = 0
            self._write_event("pause" if paused else "resume", {})

    def single(self) -> None:
        """Make one frame while the run is paused."""
        if self.paused:
            self._single_frames += 1
            self._pace.due = 0.0

    def pace(self, frames_per_second: float, steps_per_frame: int) -> None:
        """Change how often frames come and how many steps lie between two of them."""
        self._pace.set(frames_per_second, steps_per_frame)
        if self.status == "open":
            self._write_event("pace", {"frames_per_second": frames_per_second, "steps_per_frame": steps_per_frame})

    def end(self, status: str, reason: Message | None = None) -> None:
        """End the run with a status, which is announced even where the disk takes nothing more."""
        if self.status != "open":
            return
        if status != "failed":
            self.deliver_frame(wait=True)
        try:
            if self._log.open:
                if status != "failed" and self.ready:
                    self._log.write_checkpoint(self.trainer)
                self._log.finish(self._step, status, reason)
        finally:
            self._set_status(status, reason)

    # Work

    def work(self) -> bool:
        """Do one piece of work, a step or less than a second; return whether the turn is over."""
        if not self.ready:
            self._prepare()
            return True
        self.deliver_frame()
        if self.trainer.finished:  # forked from its last frame, without an edit
            self.end("done")
            return True
        began, step = time.perf_counter(), self.trainer.step
        self.trainer.advance(self._pace.steps_left)
        period_over = self._pace.count_steps(self.trainer.step - step, time.perf_counter() - began)
        for kind, body in self._events.stage_events(self.trainer.stage, self.trainer.stepper.precision):
            self._write_event(kind, body)
        if not period_over and not self.trainer.finished:
            return False
        self._end_period()
        if self.trainer.finished:
            self.end("done")
        elif (reason := self._log.full) is not None:
            self.end("stopped", reason)
        return True

    def deliver_frame(self, *, wait: bool = False) -> None:
        """Record the frame that is made in the background once it is there; with ``wait``, wait for it."""
        pending = self.pending_frame
        if pending is None or not (wait or pending.done()):
            return
        self.pending_frame = None
        picture = pending.result()
        if not self._log.open:  # the run has ended meanwhile
            return
        self._log.write_frame(picture.inputs.step, picture.body)
        self._pace.count_frame(picture.seconds)
        for kind, body in self._events.divergence_events(picture.inputs.stopped):
            self._log.write_event(self._step, kind, body)

    def _end_period(self) -> None:
        """Let a frame be made, unless the pace leaves it out; one that somebody waits for is made in any case."""
        awaited = self._single_frames > 0 or self.trainer.finished
        busy = self.pending_frame is not None and not self.pending_frame.done()
        if not awaited and (busy or not self._pace.frame_due):
            self._pace.end_period(with_frame=False)
            return
        self.deliver_frame(wait=True)
        looks = None if self.trainer.finished else self._pace.looks
        # at another pace than the experiment's, hardly any frame falls on a step that has all metrics
        inputs = self.trainer.frame_inputs(looks, full=self._since_full >= FULL_EVERY)
        self._since_full = 0 if inputs.full else self._since_full + 1
        self.pending_frame = self._background_frames.make(inputs)
        self._pace.end_period(with_frame=True)
        self._log.write_due_checkpoint(self.trainer)
        if awaited:
            self.deliver_frame(wait=True)
            self._single_frames = max(0, self._single_frames - 1)

    # Preparation

    def _prepare(self) -> None:
        """Do the next piece of the preparation; after the last one, obey the commands that arrived meanwhile."""
        if next(self._preparation, self) is not self:
            return
        self.ready = True
        commands, self._commands = self._commands, []  # they refer to the run, which would outlive its end
        for command in commands:
            command()

    def _prepare_start(self, experiment: Experiment) -> Iterator[None]:
        self._trainer = Trainer(experiment, device=self._device)
        yield
        self._log.create(experiment, self.trainer, self._device)
        self._pace = _first_pace(experiment, self.trainer)
        self._end_period()
        self.deliver_frame(wait=True)
        self._log.announce_opening()

    def _prepare_fork(self, source: Path, frame: int) -> Iterator[None]:
        with Recording(source) as recording:
            experiment = Experiment.parse(recording.meta["experiment"])
            step = recording.step_of(frame)
            checkpoint = recording.checkpoint(step)
            if checkpoint is None:
                raise Refusal("server.no_checkpoint")
            # an edit at the step of the frame was made after the frame
            edits = [edit for edit in recording.edits if edit.step < step]
            self._log.fork(recording, frame, self._device)
            events = [event for event in recording.events if event.step <= step]
        self._log.announce_opening()
        yield
        self._trainer = trainer = Trainer.restore(experiment, edits, checkpoint, device=self._device)
        while True:
            for edit in edits[len(trainer.edits) :]:
                if edit.step == trainer.step:
                    trainer.apply(edit)
            if trainer.step == step:
                break
            yield
            trainer.advance()
        self._events, self._pace = RunEvents(trainer.stopped, events), _first_pace(experiment, trainer)
        self._log.write_checkpoint(trainer)

    # Events

    @property
    def _step(self) -> int:
        return 0 if self._trainer is None else self._trainer.step

    def _write_event(self, kind: str, body: Mapping[str, Any]) -> None:
        """Record an event after the frame that is still in the making."""
        self.deliver_frame(wait=True)
        self._log.write_event(self._step, kind, body)

    def _set_status(self, status: str, reason: Message | None = None) -> None:
        self.status = status
        self._log.announce_status(status, reason)


def _first_pace(experiment: Experiment, trainer: Trainer) -> Pace:
    """Return the pace of a new run, from the measured cost of a few samples."""
    samples, x = len(trainer.data.look_y), trainer.data.look_x[:CHUNK]
    began = time.perf_counter()
    trainer.forward(trainer.data.scaled(x))
    cost = (time.perf_counter() - began) / len(x)
    share = FREE_CORE_SHARE if cores() > 1 else TRAINING_CORE_SHARE
    return Pace(experiment.steps_per_frame, samples, cost, share)
