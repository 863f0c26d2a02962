"""Frames of runs that nobody watches: all of them, or those that take at most a fifth of the time."""

import time

import numpy as np
import pytest
from engine_parts import experiment

from engine import Recording, Trainer, record
from engine.frames import build
from engine.running.pacing import MIN_LOOKS
from engine.sweeping.chunks import train_chunk
from engine.sweeping.sweep import Sweep
from spec import Refusal

OWN = {"steps": 60, "steps_per_frame": 2, "points": 1000}


class Clock:
    """Time in which steps take so many seconds, and a frame ten and something for each sample."""

    def __init__(self, monkeypatch, sample: float, step: float = 1.0) -> None:
        self.now = self.background_frames = 0.0
        advance, take = Trainer.advance, build.take

        def stepping(trainer: Trainer, most: int = 1) -> None:
            before = trainer.step
            advance(trainer, most)
            self.now += step * (trainer.step - before)

        def taking(inputs):
            cost = 10 + sample * (OWN["points"] if inputs.looks is None else inputs.looks)
            self.now += cost
            self.background_frames += cost
            return take(inputs)

        monkeypatch.setattr(Trainer, "advance", stepping)
        monkeypatch.setattr("engine.running.frame_sampler.build.take", taking)
        monkeypatch.setattr(time, "perf_counter", lambda: self.now)


@pytest.fixture(params=["record", "chunk"])
def filmed(request, tmp_path):
    """Train an experiment into a recording in one of two ways."""

    def film(frames, **settings):
        path, own = tmp_path / f"{frames}.lossgeo", experiment("softmax", **{**OWN, **settings})
        if request.param == "record":
            list(record(own, path, frames=frames))
        else:
            train_chunk(own, path, device="cpu", tick=lambda _: None, adapted=frames == "adapted")
        return path

    return film


def test_all_frames_are_there_and_whole_whatever_they_cost(filmed, monkeypatch):
    Clock(monkeypatch, sample=1.0)
    with Recording(filmed("all")) as recording:
        assert [recording.step_of(frame) for frame in range(recording.frames)] == list(range(0, 61, 2))
        assert not any(np.isnan(recording.frame(k).panels[0].embeddings).any() for k in range(recording.frames))


def test_adapted_frames_take_a_fifth_of_the_time(filmed, monkeypatch):
    clock = Clock(monkeypatch, sample=0.0)
    with Recording(filmed("adapted", steps=2000)) as recording:
        steps = [recording.step_of(frame) for frame in range(recording.frames)]
    assert steps[0] == 0
    assert steps[-1] == 2000
    assert all(step % 2 == 0 for step in steps)
    assert 0.15 < clock.background_frames / clock.now < 0.21  # the first and the last one come on top


def test_adapted_frames_look_at_fewer_samples_before_they_are_left_out(filmed, monkeypatch):
    Clock(monkeypatch, sample=1.0, step=100.0)
    with Recording(filmed("adapted", dials={}, points=1700, steps=120, steps_per_frame=4)) as recording:
        looks = [int((~np.isnan(recording.frame(k).panels[0].embeddings[:, 0])).sum()) for k in range(recording.frames)]
    # the second one tells what frames cost: 400 seconds of steps have room for 80, and a smallest frame takes 1,010
    assert looks == [1700, 1700, MIN_LOOKS, MIN_LOOKS, 1700]


def test_frames_are_one_of_two_words(tmp_path):
    with pytest.raises(Refusal, match="all, adapted"):
        next(record(experiment("softmax", **OWN), tmp_path / "run.lossgeo", frames="some"))
    assert not list(tmp_path.iterdir())


def test_a_sweep_may_adapt_its_frames(tmp_path, monkeypatch):
    clock = Clock(monkeypatch, sample=0.0)
    own = experiment("softmax", **{**OWN, "steps": 600})
    table = Sweep(own, {"learning_rate": (0.01, 0.02)}).run(tmp_path / "swept", record="adapted", progress=False)
    assert 0.1 < clock.background_frames / clock.now < 0.25
    with Recording(tmp_path / "swept" / table["recording"][0]) as recording:
        assert 3 < recording.frames < 100
