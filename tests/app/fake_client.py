"""A client without a trainer: its runs are recordings of one frame, written at once."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from engine import Experiment, Trainer
from engine.frames.codec import encode
from engine.recording.file_format import Event
from engine.recording.library import Library
from engine.running.client import RunHandle
from engine.running.run_log import open_recorder
from spec import Refusal


@dataclass
class FakeClient:
    """The part of ``engine.running.client.Client`` that the pages use; ``busy`` makes it refuse every new run."""

    folder: Path
    busy: bool = False
    started: list[Experiment] = field(default_factory=list)

    @property
    def library(self) -> Library:
        return Library([self.folder])

    def start(self, experiment: Experiment) -> RunHandle:
        if entry := self.library.find_complete(experiment.key):
            return RunHandle(entry.id, None)
        run = f"run-{experiment.key[:8]}"
        if (self.folder / f"{run}.lossgeo").exists():
            return RunHandle(run, None)
        if self.busy:
            raise Refusal("server.too_many_runs", limit=32)
        self.started.append(experiment)
        self.record(run, experiment, "open")
        return RunHandle(run, "the token")

    def wait_opened(self, run: str, timeout: float) -> None:
        """Return at once: a run of this client can be read as soon as it is started."""

    def record(self, run: str, experiment: Experiment, status: str, *edits: dict[str, Any]) -> None:
        trainer = Trainer(experiment)
        recorder = open_recorder(self.folder / f"{run}.lossgeo", experiment, trainer, "cpu")
        recorder.write_frame(0, encode(trainer.frame()))
        for edit in edits:
            recorder.write_event(Event(0, 0, "edit", edit))
        recorder.finish(status)
