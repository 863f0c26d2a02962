"""How far a sweep is, and when a compiled program is worth while: for what goes on for long, or is there already."""

import threading
from concurrent.futures import Future

import pytest
from step_parts import SMALL, by_program

from engine import Edit, Experiment, Trainer
from engine.sweeping.progress import Ended, Progress
from engine.sweeping.sweep import Sweep


@pytest.fixture
def no_functions():
    """Let no test use what another has compiled."""
    background = pytest.importorskip("engine.compiled.background", exc_type=ModuleNotFoundError)
    background.clear()


GOING = threading.Event()


@pytest.fixture
def clock(monkeypatch):
    """A clock that the test sets."""
    now = [100.0]
    monkeypatch.setattr("engine.sweeping.progress.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize(
    ("left", "passed", "taken", "long"),
    [
        (10_000, 10.0, 1_000, True),  # 90 seconds to go
        (10_000, 4.9, 400, False),  # 117, but it is too early to tell
        (10_000, 10.0, 1_500, False),  # 57
        (10_000, 10.0, 1_400, True),  # 61
        (1_000, 10.0, 1_000, False),  # nothing
    ],
)
def test_the_pace_says_whether_it_goes_on_for_a_minute(clock, left, passed, taken, long):
    with Progress(left + 500, 500, shown=False, language="en") as progress:
        clock[0] += 1000  # what is before the first steps does not count, nor do they
        progress.step(0, GOING)
        clock[0] += passed
        progress.step(taken, GOING)
        assert progress.long() is long
        clock[0] += 0.1
        progress.step(left - taken, GOING)
        assert progress.long() is long  # a program that is being compiled is not given up


def test_who_is_told_to_end_counts_nothing(capsys):
    ending = threading.Event()
    with Progress(10, 4, shown=True, language="en") as progress:
        progress.step(1, ending)
        ending.set()
        with pytest.raises(Ended):
            progress.step(1, ending)
    assert "5.00/10.0" in capsys.readouterr().err.split("\r")[-1]


def fast(worth, **settings):
    panels = [{"loss": "arcface"}, {"loss": "arcface", "knobs": {"margin": 0.2}}]
    return Trainer(Experiment.parse({**SMALL, "panels": panels, "mode": "fast", **settings}), worth=worth)


def test_a_program_is_asked_for_as_soon_as_it_is_worth_while(no_functions):
    worth = [False]
    trainer = fast(lambda: worth[0])
    by_program(trainer, lambda: worth[0])
    for _ in range(3):
        trainer.advance()
        assert trainer.stage == "exact"
    assert trainer.stepper.exact.record  # recorded functions are of use as long as there is no program
    worth[0] = True
    trainer.advance()
    assert trainer.stage == "compiled"
    worth[0] = False
    trainer.apply(Edit(trainer.step, None, "beyond", "easy"))
    trainer.advance()
    assert trainer.stage == "exact"


def test_a_program_that_is_there_is_taken_though_it_is_not_worth_while(monkeypatch, no_functions):
    compiled = []

    def make(job, example):
        compiled.append(job)
        return job.trace(example)

    monkeypatch.setattr("engine.compiled.inductor.Compilation.make", make)
    first = fast(lambda: True)
    first.advance()
    first.wait()
    second = fast(lambda: False)
    second.advance()
    assert second.stage == "compiled"
    other = fast(lambda: False, batch=16)
    other.advance()
    assert other.stage == "exact"
    assert len(compiled) == 1


def test_a_short_sweep_compiles_nothing_and_a_long_one_does(monkeypatch, no_functions):
    asked = []

    def never(state):
        asked.append(state.step)
        return Future()

    monkeypatch.setattr("engine.compiled.step.request_step", never)
    sweep = Sweep(Experiment.parse({**SMALL, "panels": [{"loss": "softmax"}], "mode": "fast"}), {}, seeds=2)
    short = sweep.run(progress=False)
    assert not asked
    monkeypatch.setattr("engine.sweeping.progress._LOOK", 0.0)
    monkeypatch.setattr("engine.sweeping.progress._LONG", 0.0)
    long = sweep.run(progress=False)
    assert asked
    assert asked[0] > 0  # the pace is known by then
    assert short["test_accuracy"].equals(long["test_accuracy"])  # the program never came
