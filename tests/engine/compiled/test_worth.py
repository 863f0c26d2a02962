"""A trainer whose caller says when compiling is worth it: sweeps do, by how long they will go on."""

from concurrent.futures import Future

import pytest
from step_parts import SMALL, by_program

from engine import Edit, Experiment, Trainer
from engine.compiled import background
from engine.sweeping.sweep import Sweep


@pytest.fixture(autouse=True)
def no_functions():
    """Let no test use what another has compiled."""
    background.clear()


def fast(worth, **settings):
    panels = [{"loss": "arcface"}, {"loss": "arcface", "knobs": {"margin": 0.2}}]
    return Trainer(Experiment.parse({**SMALL, "panels": panels, "mode": "fast", **settings}), worth=worth)


def test_a_program_is_asked_for_as_soon_as_it_is_worth_while():
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


def test_a_program_that_is_there_is_taken_though_it_is_not_worth_while(monkeypatch):
    compiled = []

    def make(job, example):
        compiled.append(job)
        return job.trace(example)

    monkeypatch.setattr("engine.compiled.inductor.Compilation.make", make)
    first = fast(lambda: True)
    first.advance()
    first.stepper.wait()
    second = fast(lambda: False)
    second.advance()
    assert second.stage == "compiled"
    other = fast(lambda: False, batch=16)
    other.advance()
    assert other.stage == "exact"
    assert len(compiled) == 1


def test_a_short_sweep_compiles_nothing_and_a_long_one_does(monkeypatch):
    asked = []

    def never(state):
        asked.append(state.step)
        return Future()

    monkeypatch.setattr("engine.compiled.step.request_step", never)
    sweep = Sweep(Experiment.parse({**SMALL, "panels": [{"loss": "softmax"}], "mode": "fast"}), {}, seeds=2)
    short = sweep.run(progress=False)
    assert not asked
    monkeypatch.setattr("engine.sweeping.progress.MEASURING_SECONDS", 0.0)
    monkeypatch.setattr("engine.sweeping.progress.LONG_SECONDS", 0.0)
    long = sweep.run(progress=False)
    assert asked
    assert asked[0] > 0  # the pace is known by then
    assert short["test_accuracy"].equals(long["test_accuracy"])  # the program never came
