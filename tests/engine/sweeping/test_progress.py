"""How far a sweep is, and when a compiled program is worth while: for what goes on for long, or is there already."""

import threading
from contextlib import closing

import pytest
from engine_parts import experiment

from engine import Trainer
from engine.sweeping.progress import Progress, StopTraining
from engine.sweeping.sweep import Sweep

GOING = threading.Event()


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [100.0]
    monkeypatch.setattr("engine.sweeping.progress.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("left", "seconds", "steps", "long"),
    [
        (10_000, 10.0, 1_000, True),  # 90 seconds to go
        (10_000, 4.9, 400, False),  # 117, but it is too early to tell
        (10_000, 10.0, 1_500, False),  # 57
        (10_000, 10.0, 1_400, True),  # 61
        (1_000, 10.0, 1_000, False),  # nothing
    ],
)
def test_the_pace_says_whether_it_goes_on_for_a_minute(clock, left, seconds, steps, long):
    with closing(Progress(left + 500, 500, shown=False, language="en")) as progress:
        clock[0] += 1000  # what is before the first steps does not count, nor do they
        progress.count(0, GOING)
        clock[0] += seconds
        progress.count(steps, GOING)
        assert progress.worth_compiling() is long
        clock[0] += 0.1
        progress.count(left - steps, GOING)
        assert progress.worth_compiling() is long  # a program that is being compiled is not given up


def test_who_is_told_to_end_counts_nothing(capsys):
    ending = threading.Event()
    with closing(Progress(10, 4, shown=True, language="en")) as progress:
        progress.count(1, ending)
        ending.set()
        with pytest.raises(StopTraining):
            progress.count(1, ending)
    assert "5.00/10.0" in capsys.readouterr().err.split("\r")[-1]


@pytest.fixture
def worths(monkeypatch):
    """The functions that tell the trainers of a sweep whether compiling is worth it."""
    functions = []

    def make(own, *, worth, **options):
        functions.append(worth)
        return Trainer(own, worth=worth, **options)

    monkeypatch.setattr("engine.sweeping.chunks.Trainer", make)
    return functions


def test_a_short_sweep_is_not_worth_compiling_and_a_long_one_is(worths, monkeypatch):
    sweep = Sweep(experiment("softmax", steps=12, points=40), {}, seeds=2)
    sweep.run(progress=False)
    assert [worth() for worth in worths] == [False, False]
    monkeypatch.setattr("engine.sweeping.progress.MEASURING_SECONDS", 0.0)
    monkeypatch.setattr("engine.sweeping.progress.LONG_SECONDS", 0.0)
    worths.clear()
    sweep.run(progress=False)
    assert [worth() for worth in worths] == [True, True]  # the second chunk began when the pace was known
