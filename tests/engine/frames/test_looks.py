"""What a frame looks at where it does not look at all: numbers that do not depend on how much that is."""

import numpy as np
import pytest
import torch
from engine_parts import advance

from engine import Experiment, Panel, Trainer
from engine.frames.retrieval_metrics import FULL_EVERY
from engine.state.data import CORE


@pytest.fixture(scope="module")
def own() -> Trainer:
    panels = (Panel(loss="arcface"), Panel(loss="contrastive"))
    return advance(Trainer(Experiment(data="digits", panels=panels, steps=200)), 4 * FULL_EVERY)


@pytest.fixture(scope="module")
def whole(own):
    return own.frame()


def test_a_frame_that_looks_at_fewer_samples_shows_the_same_of_them(own, whole):
    part, again = own.frame(1200), own.frame(1200)
    for full, few, same in zip(whole.panels, part.panels, again.panels, strict=True):
        there = ~np.isnan(few.embeddings[:, 0])
        assert (full.embeddings.shape, there.sum()) == (few.embeddings.shape, 1200)
        np.testing.assert_allclose(few.embeddings[there], full.embeddings[there], rtol=1e-4, atol=1e-5)
        np.testing.assert_array_equal(few.embeddings, same.embeddings)
        assert few.test_accuracy == pytest.approx(full.test_accuracy, abs=0.05)
        assert few.loss == full.loss
        assert few.metrics.keys() == full.metrics.keys()


def test_numbers_do_not_depend_on_how_many_samples_there_is_time_for(own, whole):
    frames = [own.frame(looks) for looks in (2, 900, 1500)]
    for panel in range(2):
        seen = [frame.panels[panel] for frame in frames]
        assert len({(few.train_accuracy, few.test_accuracy) for few in seen}) == 1
        assert "knn_accuracy" in seen[0].metrics
        for few in seen[1:]:
            assert few.metrics == pytest.approx(seen[0].metrics, rel=1e-3, abs=1e-6)
        np.testing.assert_allclose(seen[0].head.weight, seen[2].head.weight, rtol=1e-3, atol=1e-4)


def test_what_stands_for_all_is_looked_at_whatever_is_asked_for(own):
    tests = own.data.tests
    for most in (1, 2, 500, CORE + tests):
        look = own.data.look(most)
        assert (len(look.tests), len(look.trains)) == (tests, CORE)
        assert len(look.places) == tests + CORE
        assert (look.places[look.tests] < tests).all()
        assert (look.places[look.trains] >= tests).all()
        assert torch.equal(look.y, own.data.look_y[look.places])
        assert torch.equal(look.x, own.data.look_x[look.places])
    every = own.data.look(10**6)
    assert (len(every.tests), len(every.trains)) == (tests, len(own.data.look_y) - tests)


def test_samples_that_are_shown_come_before_those_that_are_not():
    trainer = Trainer(Experiment(data="digits", panels=(Panel(loss="softmax"),), points=300, steps=10))
    frame = trainer.frame(2)
    assert np.isfinite(frame.panels[0].embeddings).all()  # of 359 test samples 300 are shown
    look = trainer.data.look(CORE + 359 + 100)
    assert (look.places < 300).sum() == 300
