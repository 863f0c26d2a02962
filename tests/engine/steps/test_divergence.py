"""A panel whose numbers are no longer finite stops alone."""

import numpy as np
import pytest
from engine_parts import Trainer, advance, bytes_of, experiment, weights_of, with_bomb

from engine import train


@pytest.mark.parametrize("where", ["loss", "gradient", "state"])
def test_one_panel_stops_and_the_others_do_not_notice(monkeypatch, where):
    with_bomb(monkeypatch)
    bomb = ("bomb", {"fuse": 7, "where": where})
    trainer = Trainer(experiment("arcface", bomb, "center"))
    advance(trainer, 7)
    good = trainer.frame()
    kept = weights_of(trainer, 1)
    assert trainer.stopped == {}
    advance(trainer, 13)
    assert list(trainer.stopped) == [1]
    reason = trainer.stopped[1]
    assert reason.key == f"data.diverged_{where}"
    assert "step 8" in reason.render("en")
    assert "第 8 步" in reason.render("zh")
    assert weights_of(trainer, 1) == kept
    frame = trainer.frame()
    shown = frame.panels[1]
    assert shown.stopped == reason
    assert np.array_equal(shown.embeddings, good.panels[1].embeddings)
    assert np.isfinite(shown.loss)
    assert all(np.isfinite(value) for value in shown.metrics.values())
    clean = advance(Trainer(experiment("arcface", "center")), 20).frame()
    assert bytes_of(frame, 0) == bytes_of(clean, 0)
    assert bytes_of(frame, 2) == bytes_of(clean, 1)
    assert frame.panels[0].stopped is None


def test_a_bomb_that_never_goes_off_stops_nothing(monkeypatch):
    with_bomb(monkeypatch)
    trainer = advance(Trainer(experiment(("bomb", {"fuse": 1000}))), 40)
    assert trainer.stopped == {}
    assert trainer.frame().panels[0].loss < 0.5, "it has pulled everything to its anchor"


def test_a_run_ends_when_no_panel_is_left(monkeypatch):
    with_bomb(monkeypatch)
    frames = list(train(experiment(("bomb", {"fuse": 2}), ("bomb", {"fuse": 4}), steps_per_frame=100)))
    assert [frame.step for frame in frames] == [0, 5]
    assert all(panel.stopped for panel in frames[-1].panels)


def test_a_start_that_is_not_finite_stops_at_the_first_step(monkeypatch):
    with_bomb(monkeypatch)
    frames = list(train(experiment(("bomb", {"fuse": 0}), "softmax", steps=3)))
    assert "step 1" in str(frames[-1].panels[0].stopped)
    assert np.isfinite(frames[-1].panels[0].embeddings).all()
    assert frames[-1].step == 3
