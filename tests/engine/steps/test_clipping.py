"""Clipping and the watch for divergence, by hand and against PyTorch; both kinds of steps share them."""

import ast
import inspect
import math
from dataclasses import dataclass
from typing import ClassVar, final

import pytest
import torch
from engine_parts import Bomb, Trainer, advance, experiment, with_bomb
from step_parts import SMALL, assert_close, mixed

from engine import Experiment
from engine.steps import exact, whole_step
from engine.steps.clipping import clip, divisors, norms
from engine.steps.cuda_graph import GraphStep
from engine.steps.divergence import CAUSES, FINE, all_finite, first_causes
from engine.steps.exact import ExactStep
from losses import LOSSES


def test_gradients_are_clipped_as_pytorch_clips_them():
    random = torch.Generator().manual_seed(0)
    rows = [(torch.randn(64, generator=random) * size, torch.randn(16, generator=random) * size) for size in (3, 0.01)]
    lengths = norms(rows)
    for own, length, clipped in zip(rows, lengths, clip(rows, lengths), strict=True):
        weights = [torch.zeros(64, requires_grad=True), torch.zeros(16, requires_grad=True)]
        for weight, gradient in zip(weights, own, strict=True):
            weight.grad = gradient.clone()
        assert float(torch.nn.utils.clip_grad_norm_(weights, 1.0)) == pytest.approx(float(length))
        for weight, ours in zip(weights, clipped, strict=True):
            torch.testing.assert_close(ours, weight.grad, rtol=1e-5, atol=1e-7)
    assert clip(rows, lengths)[1] is rows[1], "a short gradient is left as it is, to the bit"


def test_a_gradient_of_zero_is_divided_by_one():
    assert divisors(torch.tensor([0.0, 0.5, 1.0, 4.0])).tolist() == [1.0, 1.0, 1.0, 4.0]


def test_the_first_cause_is_named():
    nan, inf = math.nan, math.inf
    losses = torch.tensor([1.0, nan, 1.0, 1.0, inf])
    lengths = torch.tensor([1.0, nan, inf, 1.0, 1.0])
    finite = torch.tensor([True, False, False, False, True])
    causes = first_causes(losses, lengths, finite).tolist()
    assert causes == [FINE, *(CAUSES.index(name) for name in ("loss", "gradient", "state", "loss"))]


def test_a_panel_is_finite_where_all_its_numbers_are():
    one, other = torch.zeros(3, 4), torch.zeros(3)
    one[1, 2], other[2] = math.inf, math.nan
    assert all_finite([one, other], torch.ones(3, dtype=torch.bool)).tolist() == [True, False, False]


def test_both_kinds_of_steps_call_the_same_functions():
    def calls(module):
        return {node.id for node in ast.walk(ast.parse(inspect.getsource(module))) if isinstance(node, ast.Name)}

    assert {"clip", "norms", "first_causes", "FINE"} <= calls(exact)
    assert {"divisors", "first_causes", "FINE"} <= calls(whole_step)
    assert "clamp" not in inspect.getsource(whole_step) + inspect.getsource(exact)


def test_both_kinds_of_steps_move_alike_where_gradients_are_clipped_and_where_they_are_not():
    described = Experiment.parse({**SMALL, "panels": mixed()})
    whole, one_by_one = Trainer(described, stepper=GraphStep(ExactStep())), Trainer(described)
    lengths = one_by_one.train_state.norms
    assert (lengths > 1).any()
    assert (lengths < 1).any()
    for trainer in (whole, one_by_one):
        advance(trainer, 3)
        trainer.frame()
    assert_close(whole, one_by_one)


@final
@dataclass(frozen=True, kw_only=True)
class Traceable(Bomb):
    """A bomb whose rule has no branch, as whole steps need it."""

    slug: ClassVar[str] = "bomb"

    def update(self, z, y, state):
        blown = (state["clock"] >= self.fuse) & torch.tensor(self.where == "state")
        return {**state, "clock": state["clock"] + torch.where(blown, math.inf, 1.0)}


@pytest.mark.parametrize("where", CAUSES)
def test_both_kinds_of_steps_stop_a_panel_in_the_same_step_for_the_same_reason(monkeypatch, where):
    with_bomb(monkeypatch)
    monkeypatch.setattr("engine.config.experiment.LOSSES", {**LOSSES, "bomb": Traceable})
    described = experiment(("bomb", {"fuse": 5, "where": where}), "softmax")
    whole, one_by_one = Trainer(described, stepper=GraphStep(ExactStep())), Trainer(described)
    for trainer in (whole, one_by_one):
        advance(trainer, 8)
        trainer.frame()
    assert whole.stage == "captured"
    assert whole.stopped == one_by_one.stopped
    assert list(whole.stopped) == [0]
