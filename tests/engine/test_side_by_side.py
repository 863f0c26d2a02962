"""Panels of a family are computed side by side where, and only where, each gets the bytes that it gets alone."""

from dataclasses import dataclass
from typing import ClassVar, final

import pytest
import torch
from engine_parts import Bomb, advance, experiment, weights_of, with_bomb
from fast_parts import words
from torch.utils._python_dispatch import TorchDispatchMode

import engine.side_by_side
from engine import Trainer, making
from engine.gradients import Way
from engine.side_by_side import ways
from losses import LOSSES, OURS

#: Numbers, fewest and most, of which kernels take many at a time; in pieces of three they take each by itself.
FEWEST, MOST = 240, 1200


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    """Let no test use what another has found, nor records."""
    monkeypatch.setattr(engine.side_by_side, "_found", {})
    monkeypatch.setattr(making, "_made", {})


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


def example(trainer):
    """What the first group of a trainer is given in its first step."""
    (family, *_) = trainer._way._groups
    x, y = trainer.data.batch(trainer.batches.at(0))
    return family._gradients, [trainer.data.scaled(x), y, *family._stacks(trainer)]


@pytest.mark.parametrize("slug", OURS)
def test_operations_round_the_same_wherever_a_number_stands_or_are_known_not_to(slug, one_thread):
    found = {}
    for word in words(OURS[slug]):
        settings = {"batch": 128, "dials": {"classes": 10, "per_class": 20}}
        noted = Noted()
        with noted:
            Trainer(experiment((slug, word), (slug, word), **settings))
        found |= noted.given
    assert len(found) > 5
    for func, (flat, named) in found.items():
        if func.overloadpacket.__name__ in engine.side_by_side._UNEVEN:
            continue
        whole = func(*flat, **named)
        pieces = [
            func(*(a[at : at + 3] if isinstance(a, torch.Tensor) and a.ndim else a for a in flat), **named)
            for at in range(0, len(whole), 3)
        ]
        assert whole.numpy().tobytes() == torch.cat(pieces).numpy().tobytes(), func


@pytest.mark.parametrize("slug", LOSSES)
@pytest.mark.parametrize("batch", [32, 50])
def test_first_steps_side_by_side_are_those_of_each_panel_alone(slug, batch):
    knobs = ({}, {knob.name: knob.slider[0] for knob in LOSSES[slug].knobs() if knob.kind == "number"})
    settings = {"dials": {"classes": 10, "per_class": 20}, "batch": batch}
    beside = Trainer(experiment(*((slug, own) for own in knobs), **settings))
    assert len(beside._way._groups) == 1
    advance(beside, 6)
    for panel, own in enumerate(knobs):
        alone = advance(Trainer(experiment((slug, own), **settings)), 6)
        assert weights_of(alone, 0) == weights_of(beside, panel)


def test_what_leaves_uneven_operations_a_rest_is_not_side_by_side():
    """With 50 samples the softplus of InfoNCE came out otherwise in one trial of 24, which four may not see."""
    for slug, batch, first in (("info_nce", 50, Way.NOTHING), ("info_nce", 64, Way.STACKED), ("nsl", 50, Way.STACKED)):
        settings = {"dials": {"classes": 10, "per_class": 20}, "batch": batch}
        assert next(ways(*example(Trainer(experiment(slug, slug, slug, **settings))))) is first


@pytest.mark.parametrize(("threads", "first"), [(2, Way.STACKED), (3, Way.NOTHING), (4, Way.STACKED)])
def test_nor_is_what_threads_part_within_a_register(threads, first, monkeypatch):
    """Eight panels have 128 pairs of 128 samples each, a third of which are 43,690 and two thirds."""
    own = example(Trainer(experiment(*["info_nce"] * 8, dials={"classes": 10, "per_class": 20}, batch=128)))
    monkeypatch.setattr(torch, "get_num_threads", lambda: threads)
    assert next(ways(*own)) is first


def test_a_trial_is_made_once_for_all_runs_of_a_kind(monkeypatch):
    made = []
    monkeypatch.setattr(engine.side_by_side, "_tried", lambda *given: made.append(given) or Way.STACKED)
    for margin in (0.1, 0.2):
        advance(Trainer(experiment(("arcface", {"margin": margin}), "arcface")), 3)
    assert len(made) == 1
    advance(Trainer(experiment("arcface", "arcface", "arcface")), 3)
    assert len(made) == 2


@final
@dataclass(frozen=True, kw_only=True)
class Stubborn(Bomb):
    """A loss that looks at its embeddings in Python, which the contract of losses forbids."""

    slug: ClassVar[str] = "bomb"

    def per_sample(self, z, y, state):
        return z.square().sum(dim=1) * (2 if float(z.detach().sum()) > 1e9 else 1)


def test_a_loss_that_cannot_be_side_by_side_is_trained_panel_by_panel(monkeypatch):
    with_bomb(monkeypatch)
    monkeypatch.setattr("engine.experiment.LOSSES", {**LOSSES, "bomb": Stubborn})
    beside, alone = Trainer(experiment("bomb", "bomb")), Trainer(experiment("bomb"))
    assert list(ways(*example(beside))) == [Way.NOTHING]
    for own in (beside, alone):
        advance(own, 5)
    assert beside.stopped == {}
    assert weights_of(beside, 1) == weights_of(alone, 0)
