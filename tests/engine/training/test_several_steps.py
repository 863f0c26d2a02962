"""Whoever trains asks for as many steps as may be taken at once, and no frame, edit or checkpoint is jumped over."""

import sqlite3

import pytest
from engine_parts import experiment, same_frames

from engine import Edit, Trainer, train
from engine.recording.reader import Recording
from engine.running.record_to_file import record
from engine.sweeping.chunks import train_chunk

LEAP = 8  # steps that a GPU takes at once


@pytest.fixture
def leaping():
    """Let trainers take up to ``LEAP`` steps at once, as on a GPU, and list how many they were asked for."""

    def of(patched):
        single, asked = Trainer.advance, []

        def advance(self, most=1):
            asked.append(most)
            for _ in range(min(most, LEAP)):
                single(self)
                if self.finished:
                    return

        patched.setattr(Trainer, "advance", advance)
        return asked

    return of


def test_frames_and_edits_come_where_they_would_step_by_step(monkeypatch, leaping):
    own = experiment("softmax", "arcface", steps=45, steps_per_frame=20)
    edits = [Edit(30, None, "learning_rate", 0.002), Edit(23, 1, "margin", 0.1)]
    with monkeypatch.context() as patched:
        asked = leaping(patched)
        frames = list(train(own, edits))
    one_by_one = list(train(own, edits))
    assert [frame.step for frame in frames][:3] == [0, 20, 40]
    assert len(frames) == len(one_by_one)
    assert all(map(same_frames, frames, one_by_one))
    assert asked[:8] == [20, 12, 4, 3, 7, 10, 2, 20]


def test_a_recording_has_its_frames_and_checkpoints_whatever_is_taken_at_once(monkeypatch, leaping, tmp_path):
    own = experiment("softmax", steps=340, steps_per_frame=150, points=40)
    list(record(own, tmp_path / "one.lossgeo"))
    asked = leaping(monkeypatch)
    list(record(own, tmp_path / "leaps.lossgeo"))
    assert asked[-6:] == [30, 22, 14, 6, 120, 112]  # from the frame at 300 to the checkpoint at 330, then on

    def held(name):
        rows = sqlite3.connect(tmp_path / f"{name}.lossgeo")
        found = [rows.execute(f"SELECT * FROM {table}").fetchall() for table in ("frames", "checkpoints", "events")]
        rows.close()
        return found

    assert held("leaps") == held("one")
    with Recording(tmp_path / "leaps.lossgeo") as recording:
        assert [recording.step_of(frame) for frame in range(recording.frames)] == [0, 150, 300, 340]
        assert [step for step, _ in recording.checkpoints(340)] == [340, 330, 0]


@pytest.mark.parametrize("recorded", [True, False])
def test_a_chunk_of_a_sweep_tells_every_step_once(monkeypatch, leaping, tmp_path, recorded):
    own = experiment("softmax", steps=30, steps_per_frame=20, points=40)
    *_, last = train(own)
    asked, told = leaping(monkeypatch), []
    path = tmp_path / "x.lossgeo" if recorded else None
    frame, _ = train_chunk(own, path, device="cpu", tick=told.append)
    assert same_frames(frame, last)
    assert asked == ([20, 12, 4, 10, 2] if recorded else [30, 22, 14, 6])
    assert told == ([8, 8, 4, 8, 2, 0] if recorded else [8, 8, 8, 6, 0])
    if path is not None:
        with Recording(path) as recording:
            assert [recording.step_of(place) for place in range(recording.frames)] == [0, 20, 30]
            assert [event.kind for event in recording.events] == ["done"]
