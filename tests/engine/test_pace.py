"""The pace of a run: kept where it can be, and where it cannot frames take a fifth of the time."""

import numpy as np
import pytest

from engine import Experiment, Panel, Trainer
from engine.pace import FLOWING, LEAST, SHARE, Pace
from spec import Refusal


class Clock:
    """Time that passes when it is told to."""

    def __init__(self, monkeypatch) -> None:
        self.now = 100.0
        monkeypatch.setattr("engine.pace.time.monotonic", lambda: self.now)


def run(pace: Pace, clock: Clock, *, step: float, sample: float, fixed: float = 0.0, frames: int = 60):
    """Let a run of such costs go on; return seconds of steps and of frames, and how many frames, of its second half."""
    spent = []
    for _ in range(frames):
        clock.now = max(clock.now, pace.due)
        began = clock.now
        framed = False
        while not framed:
            clock.now += step
            framed = pace.stepped(1, step)
        cost = fixed + sample * pace.looks
        clock.now += cost
        spent.append((clock.now - began - cost, cost))
        pace.framed(cost)
    half = spent[frames // 2 :]
    return sum(one for one, _ in half), sum(one for _, one in half), len(half)


def test_what_can_be_kept_is_kept(monkeypatch):
    clock = Clock(monkeypatch)
    pace = Pace(4, 2000, 1e-6)
    began = clock.now
    run(pace, clock, step=0.002, sample=2e-6)
    assert pace.looks == 2000
    assert clock.now - began == pytest.approx(60 / 30, rel=0.05)


@pytest.mark.parametrize("step", [0.0005, 0.003, 0.02, 0.3])
@pytest.mark.parametrize("sample", [3e-6, 2e-5, 2e-4])
def test_late_frames_take_a_fifth_of_the_time(monkeypatch, step, sample):
    pace, clock = Pace(4, 12_000, sample), Clock(monkeypatch)
    pace.fps = 1000  # never kept
    training, framing, frames = run(pace, clock, step=step, sample=sample)
    share = framing / (training + framing)
    assert share <= SHARE + 0.03
    often = frames / (training + framing)
    if sample * LEAST < FLOWING * SHARE:  # samples are left out before the flow of pictures suffers
        assert often >= 1 / max(FLOWING, 4 * step / (1 - SHARE)) * 0.8


def test_samples_are_left_out_before_frames_and_never_all(monkeypatch):
    pace, clock = Pace(1, 10_000, 1e-4), Clock(monkeypatch)
    run(pace, clock, step=0.01, sample=1e-3)
    assert pace.looks == LEAST
    few = Pace(1, 40, 1.0)
    assert few.looks == 40


def test_the_first_frame_does_not_keep_anybody_waiting():
    assert Pace(1, 12_000, 1e-3).looks == LEAST
    assert Pace(1, 12_000, 1e-5).looks == 12_000
    assert 1000 < Pace(1, 12_000, 1e-4).looks < 3000


def test_samples_come_back_when_the_machine_is_free_again(monkeypatch):
    pace, clock = Pace(4, 4000, 1e-5), Clock(monkeypatch)
    run(pace, clock, step=0.02, sample=5e-4)
    few = pace.looks
    run(pace, clock, step=0.001, sample=1e-6)
    assert few < 4000
    assert pace.looks == 4000


def test_who_moves_a_knob_does_not_wait_for_frames_that_are_left_out(monkeypatch):
    pace, clock = Pace(4, 12_000, 2e-5), Clock(monkeypatch)
    pace.fps = 1000
    run(pace, clock, step=0.003, sample=2e-5)
    assert pace.left > 4
    assert not pace.stepped(1, 0.003)
    pace.hasten()
    assert pace.left == 3


def trainer() -> Trainer:
    settings = {"data": "blobs", "batch": 32, "points": 300, "steps": 40}
    return Trainer(Experiment.parse({**settings, "panels": (Panel(loss="arcface"), Panel(loss="contrastive"))}))


def test_a_frame_that_looks_at_fewer_samples_shows_the_same_of_them():
    own = trainer()
    for _ in range(20):
        own.advance()
    whole, part, again = own.frame(), own.frame(120), own.frame(120)
    for full, few, same in zip(whole.panels, part.panels, again.panels, strict=True):
        there = ~np.isnan(few.embeddings[:, 0])
        assert full.embeddings.shape == few.embeddings.shape
        assert 0 < there.sum() < 300
        np.testing.assert_allclose(few.embeddings[there], full.embeddings[there], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(few.embeddings, same.embeddings)
        assert few.test_accuracy == pytest.approx(full.test_accuracy, abs=0.1)
        assert few.loss == full.loss
        assert all(np.isfinite(value) for value in few.metrics.values())


def test_a_frame_of_one_sample_of_each_set_and_of_more_than_there_are():
    own = trainer()
    frame = own.frame(2)
    assert np.isfinite(frame.panels[0].embeddings).all(axis=1).sum() <= 2
    assert np.isfinite(own.frame(10**6).panels[0].embeddings).all()


def test_a_finished_run_takes_no_more_steps():
    own = trainer()
    while not own.finished:
        own.advance(7)
    assert own.step == 40
    with pytest.raises(Refusal):
        own.advance()
