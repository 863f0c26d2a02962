"""What a recording tells beside its frames, whoever writes it: how steps are computed, and who stopped why."""

from concurrent.futures import Future

import pytest
import torch
from engine_parts import experiment, with_bomb

from engine import Trainer
from engine.frames.background import BackgroundFrames
from engine.recording.reader import Event, Recording, from_json
from engine.recording.writer import Recorder
from engine.running.record_to_file import record
from engine.running.run import Run
from engine.sweeping.chunks import train_chunk


@pytest.fixture(params=["record", "chunk"])
def write(request, tmp_path):
    """Train an experiment into a recording in one of two ways."""

    def written(own):
        path = tmp_path / f"{own.mode}.lossgeo"
        if request.param == "record":
            list(record(own, path))
        else:
            train_chunk(own, path, device="cpu", tick=lambda steps: None)
        return path

    return written


def test_a_panel_that_stops_is_told_with_its_reason(monkeypatch, write):
    with_bomb(monkeypatch)
    own = experiment("softmax", ("bomb", {"fuse": 5}), steps=12, steps_per_frame=2, points=40)
    with Recording(write(own)) as recording:
        kinds = [(event.kind, event.frame) for event in recording.events]
        assert kinds == [("diverged", 3), ("done", 6)]
        told = recording.events[0].body
        assert told["panel"] == 1
        assert "step 6" in from_json(told["reason"]).render()


def test_the_fast_mode_says_from_where_on_it_is_one(monkeypatch, write):
    pytest.importorskip("engine.compiled.step", exc_type=ModuleNotFoundError)
    compiled = Future()
    monkeypatch.setattr("engine.compiled.step.request_step", lambda state: compiled)
    own = experiment("softmax", steps=12, steps_per_frame=4, points=40, mode="fast")
    steps = Trainer.advance

    def advance(self, most=1):
        if self.step == 6:
            compiled.set_result(lambda *given: None)
        steps(self, most)

    monkeypatch.setattr(Trainer, "advance", advance)
    with Recording(write(own)) as recording:
        stage = next(event for event in recording.events if event.kind == "stage")
    assert stage.body == {"stage": "compiled", "precision": "float32"}
    assert 7 <= stage.step <= 8


def test_a_recording_says_on_how_many_threads_it_was_computed(tmp_path):
    own = experiment("softmax", steps=4, steps_per_frame=2, points=40)
    list(record(own, tmp_path / "one.lossgeo"))
    with Recording(tmp_path / "one.lossgeo") as recording:
        assert recording.meta["threads"] == 1 == torch.get_num_threads()


def test_a_fork_of_a_fast_run_says_that_it_goes_on_exactly(tmp_path, monkeypatch):
    pytest.importorskip("engine.compiled.step", exc_type=ModuleNotFoundError)
    monkeypatch.setattr("engine.compiled.step.request_step", lambda state: Future())
    own = experiment("softmax", steps=12, steps_per_frame=2, points=40, mode="fast")
    path = tmp_path / "one.lossgeo"
    list(record(own, path))
    recorder = Recorder(path)
    recorder.event(Event(4, 2, "stage", {"stage": "compiled", "precision": "float32"}))
    recorder.finish("done")
    background_frames = BackgroundFrames(wake=lambda: None)
    fork = Run(tmp_path / "fork.lossgeo", "cpu", lambda what, **values: None, background_frames)
    fork.fork(path, 3, None)
    while not fork._ready:
        fork.work()
    fork.work()
    fork.end("stopped")
    background_frames.close()
    with Recording(tmp_path / "fork.lossgeo") as recording:
        stages = [(event.step, event.body["stage"]) for event in recording.events if event.kind == "stage"]
    assert stages == [(4, "compiled"), (7, "exact")]
