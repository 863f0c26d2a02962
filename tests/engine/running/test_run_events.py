"""The events of a recording that training causes: how steps are computed, and which panels stopped why."""

import pytest
import torch
from engine_parts import experiment, with_bomb

from engine import Trainer
from engine.frames.background import BackgroundFrames
from engine.recording.file_format import Event, message_from_json
from engine.recording.reader import Recording
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


def test_a_panel_that_stops_is_recorded_with_its_reason(monkeypatch, write):
    with_bomb(monkeypatch)
    own = experiment("softmax", ("bomb", {"fuse": 5}), steps=12, steps_per_frame=2, points=40)
    with Recording(write(own)) as recording:
        kinds = [(event.kind, event.frame) for event in recording.events]
        assert kinds == [("diverged", 3), ("done", 6)]
        body = recording.events[0].body
        assert body["panel"] == 1
        assert "step 6" in message_from_json(body["reason"]).render()


def test_the_step_from_which_on_steps_are_computed_in_another_way_is_recorded(monkeypatch, write):
    own = experiment("softmax", steps=12, steps_per_frame=4, points=40)
    monkeypatch.setattr(Trainer, "stage", property(lambda self: "compiled" if self.step > 6 else "exact"))
    with Recording(write(own)) as recording:
        (stage,) = (event for event in recording.events if event.kind == "stage")
    assert stage.body == {"stage": "compiled", "precision": "float32"}
    assert 7 <= stage.step <= 8


def test_a_recording_says_on_how_many_threads_it_was_computed(tmp_path):
    own = experiment("softmax", steps=4, steps_per_frame=2, points=40)
    list(record(own, tmp_path / "one.lossgeo"))
    with Recording(tmp_path / "one.lossgeo") as recording:
        assert recording.meta["threads"] == 1 == torch.get_num_threads()


def test_a_fork_of_a_run_by_compiled_steps_says_that_it_goes_on_exactly(tmp_path):
    own = experiment("softmax", steps=12, steps_per_frame=2, points=40)
    path = tmp_path / "one.lossgeo"
    list(record(own, path))
    recorder = Recorder(path)
    recorder.write_event(Event(4, 2, "stage", {"stage": "compiled", "precision": "float32"}))
    recorder.finish("done")
    background_frames = BackgroundFrames(wake=lambda: None)
    fork = Run(tmp_path / "fork.lossgeo", "cpu", lambda what, **values: None, background_frames)
    fork.fork(path, 3, None)
    while not fork.ready:
        fork.work()
    fork.work()
    fork.end("stopped")
    background_frames.close()
    with Recording(tmp_path / "fork.lossgeo") as recording:
        stages = [(event.step, event.body["stage"]) for event in recording.events if event.kind == "stage"]
    assert stages == [(4, "compiled"), (7, "exact")]
