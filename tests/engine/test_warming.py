"""While nobody asks, a worker makes itself ready for the recordings that it is told of."""

import sys

import pytest
from worker_talk import Talk, small

from engine import Trainer, making
from engine.record import record
from engine.recorded_group import PATIENCE
from engine.warming import warm
from losses import OURS


def kept(folder, name, *losses, **changes):
    for _ in record(small(*losses, **changes), folder / f"{name}.lossgeo"):
        pass


@pytest.fixture
def shipped(tmp_path, monkeypatch):
    """A folder with recordings that can be warmed up for, and with what cannot."""
    monkeypatch.setattr("engine.fast.program_for", lambda _: making.Made())  # nothing is compiled for two steps
    folder = tmp_path / "shipped"
    folder.mkdir()
    (folder / "a_damaged.lossgeo").write_bytes(b"SQLite format 3\0 and no more")
    kept(folder, "b_good", "nsl", steps=60)
    kept(folder, "c_compiled", "softmax", mode="fast", steps=2)
    kept(folder, "d_good", "hinge", steps=60)
    return folder


def played(loss):
    """Whether steps of a loss are played from records from the first one on."""
    return all(family._record is not None for family in Trainer(small(loss))._way._groups)


def test_steps_are_recorded_for_what_is_there_and_for_nothing_else(shipped, monkeypatch):
    monkeypatch.setattr(making, "_made", {})
    assert not any(map(played, ("nsl", "hinge", "softmax")))
    pieces = sum(1 for _ in warm(shipped, "cpu"))
    assert pieces == 2 * (PATIENCE + 1)
    for made in list(making._made.values()):
        assert made.ended.wait(60)
    assert [loss for loss in ("nsl", "hinge", "softmax") if played(loss)] == ["nsl", "hinge"]


def test_a_recording_of_a_loss_that_is_no_longer_installed_is_passed_over(shipped, monkeypatch):
    monkeypatch.setattr("engine.experiment.LOSSES", {slug: loss for slug, loss in OURS.items() if slug != "nsl"})
    assert sum(1 for _ in warm(shipped, "cpu")) == PATIENCE + 1


def test_a_run_is_trained_meanwhile_and_a_folder_that_is_not_there_does_no_harm(shipped, tmp_path):
    command = [sys.executable, "-m", "engine.worker", "--device", "cpu", "--runs", str(tmp_path)]
    talk = Talk([*command, "--warm", str(shipped), "--warm", str(tmp_path / "nothing")])
    talk.until("ready")
    talk.send("start", "asked", experiment=small("hinge").model_dump(mode="json"))
    talk.until("status", "asked", status="done")
    assert talk.close() == 0
