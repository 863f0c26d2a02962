"""Panels of a family are computed side by side where, and only where, each gets the bytes that it gets alone."""

from contextlib import nullcontext
from dataclasses import dataclass
from typing import ClassVar, final

import pytest
import torch
from engine_parts import Bomb, advance, experiment, weights_of, with_bomb
from step_parts import words
from torch.utils._python_dispatch import TorchDispatchMode

import engine.steps.parity
from engine import Trainer
from engine.steps.gradients import SideBySide
from engine.steps.simd_padding import UNEVEN, PadToRegisters
from losses import LOSSES, OURS

#: Numbers, fewest and most, of which kernels take many at a time; in pieces of three they take each by itself.
FEWEST, MOST = 240, 1200


@pytest.fixture(autouse=True)
def no_results():
    """Let no test use the trials of another."""
    engine.steps.parity.clear()


@final
class Noted(TorchDispatchMode):
    """Keeps, of each operation on single numbers, what it was given first."""

    def __init__(self):
        super().__init__()
        self.given = {}

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        seen = func(*args, **(kwargs or {}))
        many = isinstance(seen, torch.Tensor) and seen.dtype == torch.float32 and seen.numel() >= FEWEST
        # the gradient of softplus has no such tag
        if many and (torch.Tag.pointwise in func.tags or func is torch.ops.aten.softplus_backward.default):
            flat = [flattened(a, seen.shape) if isinstance(a, torch.Tensor) and a.ndim else a for a in args]
            self.given.setdefault(func, (flat, kwargs or {}))
        return seen


def flattened(tensor, shape):
    """Some of the numbers of a tensor, one for each of what it is combined with."""
    return tensor.detach().broadcast_to(shape).flatten()[:MOST]


@pytest.mark.parametrize("slug", OURS)
def test_operations_round_the_same_wherever_a_number_stands(slug, one_thread):
    found = {}
    for word in words(OURS[slug]):
        settings = {"batch": 128, "dials": {"classes": 10, "per_class": 20}}
        noted = Noted()
        with noted:
            Trainer(experiment((slug, word), (slug, word), **settings))
        found |= noted.given
    assert len(found) > 5
    for func, (flat, named) in found.items():
        with PadToRegisters() if func.overloadpacket.__name__ in UNEVEN else nullcontext():
            whole = func(*flat, **named)
            pieces = [
                func(*(a[at : at + 3] if isinstance(a, torch.Tensor) and a.ndim else a for a in flat), **named)
                for at in range(0, len(whole), 3)
            ]
        assert whole.numpy().tobytes() == torch.cat(pieces).numpy().tobytes(), func


@pytest.mark.parametrize("slug", LOSSES)
@pytest.mark.parametrize(("batch", "dim"), [(32, 2), (37, 2), (50, 3)])
def test_first_steps_side_by_side_are_those_of_each_panel_alone(slug, batch, dim):
    knobs = ({}, {knob.name: knob.slider[0] for knob in LOSSES[slug].knobs() if knob.kind == "number"})
    settings = {"dials": {"classes": 10, "per_class": 20}, "batch": batch, "dim": dim}
    beside = Trainer(experiment(*((slug, own) for own in knobs), **settings))
    assert len(beside.stepper.families) == 1
    advance(beside, 6)
    assert beside.stepper.families[0].python.side_by_side is SideBySide.ALL
    for panel, own in enumerate(knobs):
        alone = advance(Trainer(experiment((slug, own), **settings)), 6)
        assert weights_of(alone, 0) == weights_of(beside, panel)


def test_registers_are_filled_up_only_where_that_makes_a_difference():
    for slug, batch, dim, filled in (
        ("arcface", 64, 2, False),
        ("arcface", 50, 2, True),
        ("arcface", 64, 3, True),
        ("nsl", 50, 2, False),
        ("nsl", 37, 2, True),
    ):
        for count in (1, 3):
            settings = {"dials": {"classes": 10, "per_class": 20}, "batch": batch, "dim": dim}
            trainer = advance(Trainer(experiment(*[slug] * count, **settings)), 1)
            assert trainer.stepper.families[0].python.padding is filled


def test_a_trial_is_made_once_for_all_runs_of_a_kind(monkeypatch):
    count, trials = [], engine.steps.parity.trials
    monkeypatch.setattr(engine.steps.parity, "trials", lambda *given: count.append(given) or trials(*given))
    for margin in (0.1, 0.2):
        advance(Trainer(experiment(("arcface", {"margin": margin}), "arcface")), 3)
    assert len(count) == 1
    advance(Trainer(experiment("arcface", "arcface", "arcface")), 3)
    assert len(count) == 2


@final
@dataclass(frozen=True, kw_only=True)
class Stubborn(Bomb):
    """A loss that looks at its embeddings in Python, which the contract of losses forbids."""

    slug: ClassVar[str] = "bomb"

    def per_sample(self, z, y, state):
        return z.square().sum(dim=1) * (2 if float(z.detach().sum()) > 1e9 else 1)


def test_a_loss_that_cannot_be_side_by_side_is_trained_panel_by_panel(monkeypatch):
    with_bomb(monkeypatch)
    monkeypatch.setattr("engine.config.experiment.LOSSES", {**LOSSES, "bomb": Stubborn})
    beside, alone = Trainer(experiment("bomb", "bomb")), Trainer(experiment("bomb"))
    for own in (beside, alone):
        advance(own, 5)
    assert beside.stepper.families[0].python.side_by_side is SideBySide.NOTHING
    assert beside.stopped == {}
    assert weights_of(beside, 1) == weights_of(alone, 0)
