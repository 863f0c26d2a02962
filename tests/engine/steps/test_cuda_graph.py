"""Steps as a GPU takes them, several at a time: the same steps; on a processor nothing is captured."""

import math
from concurrent.futures import Future
from functools import partial

import pytest
import torch
from step_parts import SMALL, assert_close, by_program, mixed, traced, words

from engine import Edit, Experiment, Panel, Trainer
from engine.steps.base import TRACING
from engine.steps.cuda_graph import LONG, GraphStep
from engine.steps.exact import ExactStep
from losses import OURS

ON_A_GPU = pytest.mark.skipif(
    not torch.cuda.is_available(), reason="no CUDA device here: graphs of kernels are not captured"
)


def captured(described, compiler=None, device="cpu") -> Trainer:
    """A trainer that takes steps as on a GPU, without a compiler unless there is one."""
    return Trainer(Experiment.parse(described), device=device, stepper=GraphStep(ExactStep(), compiler))


@pytest.fixture(autouse=True)
def nothing_is_being_traced():
    """Wait until no other test has something traced in the background: nothing is captured meanwhile."""
    assert TRACING.acquire(timeout=60)
    TRACING.release()


@pytest.mark.parametrize("compiler", [traced, None], ids=["traced", "no compiler"])
def test_several_steps_at_a_time_are_the_same_steps(compiler):
    described = {**SMALL, "panels": mixed(), "steps": 3 * LONG + 5}
    several, exact = captured(described, compiler), Trainer(Experiment.parse(described))
    several.advance(LONG)
    assert (several.step, several.stage) == (LONG, "captured")
    several.apply(Edit(LONG, 0, "margin", 0.25))
    several.advance(LONG - 1)
    assert several.step == LONG + 1
    while exact.step < several.step:
        exact.advance()
        if exact.step == LONG:
            exact.apply(Edit(LONG, 0, "margin", 0.25))
    several.frame()
    assert_close(several, exact, within=2e-3)
    several.apply(Edit(several.step, 2, "bins", 12))
    while not several.finished:
        several.advance(1000)
    assert several.step == several.train_state.horizon
    assert several.frame().panels[0].test_accuracy > 0.9


def test_steps_are_exact_until_there_is_a_program_and_nothing_else_is_being_made():
    waiting, described = Future(), {**SMALL, "panels": mixed()}
    several, exact = captured(described, lambda state: waiting), Trainer(Experiment.parse(described))
    several.advance(LONG)
    waiting.set_result(None)
    with TRACING:
        several.advance(LONG)
    assert (several.step, several.stage) == (2, "exact")
    exact.advance()
    exact.advance()
    assert torch.equal(several.weights.values, exact.weights.values)
    several.advance(LONG)
    assert (several.step, several.stage) == (2 + LONG, "captured")


def test_what_cannot_be_captured_is_computed_exactly(monkeypatch, caplog):
    def broken(*given, trouble):
        raise trouble

    described = {**SMALL, "panels": mixed()}
    several, exact = captured(described, traced), Trainer(Experiment.parse(described))
    waits = RuntimeError("operation not permitted when stream is capturing")
    monkeypatch.setattr("engine.steps.cuda_graph.Graph", partial(broken, trouble=waits))
    for _ in range(3):
        several.advance(LONG)
        exact.advance()
    assert (several.step, several.stage) == (3, "exact")
    assert torch.equal(several.weights.values, exact.weights.values)
    assert caplog.text.count("could not be captured") == 2  # as it was compiled and as it is, and never again
    assert not TRACING.locked()
    full = captured(described)
    monkeypatch.setattr("engine.steps.cuda_graph.Graph", partial(broken, trouble=torch.OutOfMemoryError("no room")))
    with pytest.raises(torch.OutOfMemoryError):
        full.advance(LONG)


@pytest.mark.parametrize("way", ["captured", "compiled"])
def test_a_panel_that_stopped_stays_so_when_a_rate_is_moved_before_anybody_looked(way):
    trainer = captured({**SMALL, "panels": mixed()})
    if way == "compiled":
        pytest.importorskip("engine.compiled.step", exc_type=ModuleNotFoundError)
        by_program(trainer)
    trainer.advance()
    weight = trainer.weights.plan.state(trainer.weights.values, 1)["weight"]
    kept = weight.clone()
    weight.fill_(math.nan)
    trainer.advance()
    weight.copy_(kept)
    trainer.apply(Edit(trainer.step, None, "learning_rate", 0.002))
    before = trainer.weights.values.clone()
    trainer.advance()
    assert list(trainer.stopped) == [1]
    nets = (trainer.weights.plan.nets(values)["first.weight"] for values in (before, trainer.weights.values))
    assert [torch.equal(*pair) for pair in zip(*nets, strict=True)] == [k == 1 for k in range(6)]


@ON_A_GPU
@pytest.mark.parametrize("most", [1, LONG])
def test_on_a_gpu_replayed_graphs_do_what_the_exact_step_does(most):
    described = {**SMALL, "panels": mixed()}
    fast = Trainer(Experiment.parse({**described, "mode": "fast"}), device="cuda")
    exact = Trainer(Experiment.parse(described), device="cuda")
    fast.advance(most)
    fast.stepper.wait()
    while fast.step < LONG + 1:
        fast.advance(min(most, LONG + 1 - fast.step))
    while exact.step < fast.step:
        exact.advance()
    fast.frame()
    assert fast.stage == "captured"
    assert_close(fast, exact, within=2e-3)
    before = dict(fast.stepper.graphs)
    fast.apply(Edit(fast.step, 0, "margin", 0.25))
    fast.advance(most)
    assert fast.stepper.graphs == before


@ON_A_GPU
@pytest.mark.parametrize("slug", OURS)
def test_on_a_gpu_every_loss_can_be_captured_as_it_is(slug):
    for knobs in words(OURS[slug]):
        panels = [Panel(loss=slug, knobs=knobs), Panel(loss=slug, knobs=knobs)]
        trainer = captured({**SMALL, "panels": panels}, device="cuda")
        trainer.advance(LONG)
        assert (trainer.step, trainer.stage) == (LONG, "captured")
        trainer.frame()
        assert not trainer.stopped
