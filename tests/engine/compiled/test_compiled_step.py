"""The fast step does what the exact one does, for every loss, but for rounding; compiled or not."""

import importlib
import math
from concurrent.futures import Future
from dataclasses import dataclass
from typing import ClassVar, final

import numpy as np
import pytest
import torch
from engine_parts import Bomb
from step_parts import SMALL, assert_close, by_program, mixed, pair, words

from engine import Edit, Experiment, Panel, Trainer
from engine.compiled import background
from engine.compiled.inductor import compilation, program_shapes
from engine.compiled.private_torch import compile_graph, has_bfloat16
from engine.compiled.step import CompiledStep
from engine.state.families import largest_shape, tensor_knobs
from engine.steps.exact import ExactStep
from losses import OURS
from spec import param


@pytest.mark.parametrize("slug", OURS)
def test_a_family_side_by_side_does_what_its_panels_do(slug):
    """All choices of a loss, each at two places of its sliders: a group for each choice."""
    cls = OURS[slug]
    panels = []
    for word in words(cls):
        for share in (0.3, 0.6):
            numbers = {
                knob.name: knob.slider[0] + share * (knob.slider[1] - knob.slider[0])
                for knob in cls.knobs()
                if knob.name in tensor_knobs(cls)
            }
            whole = {
                knob.name: float(round(numbers[knob.name]))
                for knob in cls.knobs()
                if knob.kind == "whole" and knob.name in numbers
            }
            panels.append(Panel(loss=slug, knobs={**word, **numbers, **whole}))
    fast, exact = pair(panels)
    for _ in range(3):
        fast.advance()
        exact.advance()
    assert fast.stage == "compiled"
    fast.frame()
    assert_close(fast, exact)


@final
@dataclass(frozen=True, kw_only=True)
class Sized(Bomb):
    """A loss one of whose knobs says how long its state is."""

    slug: ClassVar[str] = "sized"
    non_gradient_state: ClassVar[frozenset[str]] = frozenset({"clock", "past"})

    length: int = param(3, symbol="l", low=1, high=7, whole=True)

    def init(self, classes, dim, rng):
        return {**super().init(classes, dim, rng), "past": torch.zeros(self.length)}


@final
@dataclass(frozen=True, kw_only=True)
class Padded(Sized):
    """The same, with room for more of it."""

    resizable_state: ClassVar[frozenset[str]] = frozenset({"past"})


def test_every_number_moves():
    for cls in OURS.values():
        assert set(tensor_knobs(cls)) == {knob.name for knob in cls.knobs() if knob.kind in {"number", "whole"}}


def test_a_number_that_says_how_large_the_state_is_moves_where_there_may_be_room():
    assert tensor_knobs(Padded) == ("fuse", "pull", "length")
    assert tensor_knobs(Sized) == ("fuse", "pull")
    for cls, shape in ((Padded, (7,)), (Sized, (2,))):
        state = cls(length=2).init(3, 2, torch.Generator())
        assert (largest_shape(cls, "past", state["past"]), largest_shape(cls, "clock", state["clock"])) == (shape, ())


@pytest.mark.parametrize("dim", [2, 3])
def test_families_that_stand_in_any_order(dim):
    fast, exact = pair(mixed(), dim=dim)
    for _ in range(4):
        fast.advance()
        exact.advance()
    fast.frame()
    assert_close(fast, exact)


def test_epochs_and_the_schedule_go_on_where_batches_are_put_together():
    fast, exact = pair(mixed()[:1], batch=400, steps=12)
    assert fast.train_state.batches.per_epoch == 2
    while not exact.finished:
        assert fast.train_state.rates_at(fast.step) == exact.train_state.rates_at(exact.step)
        fast.advance()
        exact.advance()
    assert fast.finished
    fast.frame()
    assert_close(fast, exact, within=2e-3)


def test_edits_of_numbers_and_of_choices():
    fast, exact = pair(mixed())
    for trainer in (fast, exact):
        trainer.advance()
        trainer.apply(Edit(1, 0, "margin", 0.25))
        trainer.apply(Edit(1, None, "learning_rate", 0.002))
        trainer.advance()
        trainer.apply(Edit(2, 3, "beyond", "easy"))
        trainer.apply(Edit(2, 2, "bins", 12))
        trainer.advance()
        trainer.advance()
        trainer.frame()
    assert fast.state(2)["histogram"].shape == (12,)
    assert_close(fast, exact)


def test_a_number_that_is_moved_makes_no_other_program():
    fast, _ = pair(mixed())
    fast.advance()
    before = program_shapes(fast.train_state)
    for margin in np.linspace(0.05, 1, 20):
        fast.apply(Edit(fast.step, 0, "margin", float(margin)))
        assert program_shapes(fast.train_state) == before
        fast.advance()
    for bins in (1, 1000, 12):
        fast.apply(Edit(fast.step, 2, "bins", bins))
        assert program_shapes(fast.train_state) == before
        fast.advance()
        assert fast.stage == "compiled"
        assert fast.state(2)["histogram"].shape == (bins,)
        assert fast.state(2)["histogram"].sum() == 32
    fast.apply(Edit(fast.step, 0, "beyond", "raw"))
    assert program_shapes(fast.train_state) != before


def test_a_panel_that_diverges_stops_alone_and_says_why():
    fast, exact = pair(mixed())
    for trainer in (fast, exact):
        trainer.advance()
        trainer.weights.plan.state(trainer.weights.values, 1)["weight"].fill_(math.nan)
        kept = trainer.weights.plan.nets(trainer.weights.values)["first.weight"][1].clone()
        trainer.advance()
        trainer.advance()
        assert all(trainer.frame().panels[k].stopped is None for k in (0, 2, 3, 4, 5))
        assert list(trainer.stopped) == [1]
        assert torch.equal(trainer.weights.plan.nets(trainer.weights.values)["first.weight"][1], kept)
    assert str(fast.stopped[1]) == str(exact.stopped[1])


def test_a_checkpoint_of_fast_steps_goes_on_as_if_nothing_had_happened():
    fast, _ = pair(mixed())
    for _ in range(5):
        fast.advance()
    other = Trainer.restore(fast.experiment, [], fast.checkpoint())
    by_program(other)
    for trainer in (fast, other):
        for _ in range(3):
            trainer.advance()
    assert torch.equal(fast.weights.values, other.weights.values)
    assert torch.equal(fast.weights.moments[1], other.weights.moments[1])


def test_steps_go_on_exactly_until_the_program_is_there_and_by_it_from_then_on():
    panels = [mixed()[k] for k in (0, 1, 3)]
    experiment = Experiment.parse({**SMALL, "panels": panels, "mode": "fast"})
    fast, exact = Trainer(experiment), Trainer(Experiment.parse({**SMALL, "panels": panels}))
    fast.advance()
    exact.advance()
    assert fast.stage == "exact"
    assert torch.equal(fast.weights.values, exact.weights.values)
    fast.stepper.wait()
    fast.advance()
    exact.advance()
    assert fast.stage == "compiled"
    fast.frame()
    assert_close(fast, exact)
    before = fast.stepper.compiled
    fast.apply(Edit(fast.step, 0, "margin", 0.2))
    fast.advance()
    assert fast.stage == "compiled"
    assert fast.stepper.compiled is before


def test_nothing_is_recorded_while_a_step_is_compiled():
    requests = []
    experiment = Experiment.parse({**SMALL, "panels": [mixed()[0], mixed()[3]], "mode": "fast"})

    def recorder(gradients, example, only_existing):
        requests.append(only_existing)

    stepper = CompiledStep(ExactStep(recorder), lambda: True, lambda state: Future())  # which never comes
    fast = Trainer(experiment, stepper=stepper)
    while fast.step < 50:
        fast.advance()
    assert fast.stage == "exact"
    assert requests == [True]  # before the first step: what is there already would be used


@pytest.mark.skipif(not has_bfloat16(), reason="this processor has no bfloat16")
def test_the_large_net_is_in_half_precision_and_its_losses_are_not():
    settings = {"data": "digits", "net": "lenet_pp", "batch": 32, "points": 50}
    fast, exact = pair([Panel(loss="softmax"), Panel(loss="arcface")], **settings)
    fast.advance()
    exact.advance()
    assert (fast.stepper.precision, exact.stepper.precision) == ("bfloat16", "float32")
    assert next(iter(program_shapes(fast.train_state).values())).half
    assert fast.weights.values.dtype == torch.float32
    ours, theirs = fast.train_state.last_losses, exact.train_state.last_losses.float()
    torch.testing.assert_close(ours, theirs, rtol=0.02, atol=0.02)
    assert not torch.equal(ours, theirs)
    moved = torch.nn.functional.cosine_similarity(fast.weights.moments[0], exact.weights.moments[0], dim=0)
    assert moved > 0.98, "the gradients point the same way"


@pytest.mark.parametrize("count", [1, 2])
def test_a_program_is_compiled_on_two_threads_also_for_one_panel(count):
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        described = {**SMALL, "panels": [Panel(loss="nsl", knobs={"scale": 8.0 + k}) for k in range(count)]}
        fast, exact = (Trainer(Experiment.parse({**described, "mode": mode})) for mode in ("fast", "exact"))
        fast.advance()
        fast.stepper.wait()
        fast.advance()
        for _ in range(2):
            exact.advance()
        assert fast.stage == "compiled"
        fast.frame()
        assert_close(fast, exact)
    finally:
        torch.set_num_threads(before)


def test_a_compiler_that_does_not_know_the_processor_is_asked_what_it_knows(monkeypatch):
    trials = []

    def old(graph, example, *, options, **_):
        trials.append(options["config_patches"].get("cpp.vec_isa_ok"))
        if trials[-1]:
            raise RuntimeError("unrecognized command-line option")
        return graph

    monkeypatch.setattr(importlib.import_module("torch._inductor"), "standalone_compile", old)
    state = Trainer(Experiment.parse({**SMALL, "panels": [{"loss": "nsl"}]})).train_state
    job, example = compilation(state)
    graph = job.trace(example)
    assert compile_graph(graph, example) is graph
    assert trials == [True, None]


def test_where_nothing_can_be_compiled_training_goes_on_exactly(monkeypatch, caplog, tmp_path):
    """The process that compiles finds no C++ compiler, and says so in one line."""
    monkeypatch.setenv("CXX", str(tmp_path / "no-such-compiler"))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    background.clear()
    experiment = Experiment.parse({**SMALL, "batch": 31, "panels": [{"loss": "nsl"}], "mode": "fast"})
    trainer = Trainer(experiment)
    trainer.advance()
    trainer.stepper.wait()
    while not trainer.finished:
        trainer.advance()
    assert trainer.stage == "exact"
    assert trainer.frame().panels[0].test_accuracy > 0.9
    assert "A step could not be compiled (Compilation)" in caplog.text
    background.clear()
