"""Steps played from records are those that Python takes, to the bit; what is not is not played."""

import math
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import ClassVar, final

import pytest
import torch
from engine_parts import Bomb, advance, experiment, weights_of

import engine.steps.parity
from engine import Edit, Trainer
from engine.compiled import background
from engine.compiled.records import GradientsTrace, prelu_backward
from engine.nets import Cnn, Mlp
from engine.state.families import PanelFamily, tensor_knobs
from engine.steps.exact import ExactStep
from engine.steps.family_step import PATIENCE, FamilyStep
from engine.steps.gradients import Gradients, SideBySide
from engine.steps.parity import sizes
from losses import OURS
from spec import switch

SMALL = {"dials": {"classes": 10, "per_class": 30}, "batch": 64}


@pytest.fixture(autouse=True)
def nothing_recorded():
    """Let no test use the functions of another: what is computed in Python is to be computed in Python."""
    background.clear()


@pytest.fixture
def trials(monkeypatch):
    """What is recorded side by side, in the order of the trials."""
    seen, trace = [], GradientsTrace.trace

    def noted(self, side_by_side, example):
        seen.append(side_by_side)
        return trace(self, side_by_side, example)

    monkeypatch.setattr(GradientsTrace, "trace", noted)
    return seen


def recorded(trainer: Trainer) -> list[FamilyStep]:
    """Let a trainer that has made no step have its recorded functions from the first one on."""
    state, families = trainer.train_state, trainer.stepper.families
    x, y = state.data.batch(state.batches.at(0))
    for family in families:
        family.request(family.arguments(state, state.data.scaled(x), y))
    trainer.stepper.wait()
    assert all(family.recorded.result() is not None for family in families)
    return families


def side_by_side(slug: str, share: tuple[float, ...] = (0.3, 0.45, 0.6)) -> list[tuple[str, dict[str, object]]]:
    """Some panels of a loss, its numbers at several places of their sliders."""
    panels = []
    for part in share:
        knobs = [knob for knob in OURS[slug].knobs() if knob.name in tensor_knobs(OURS[slug])]
        numbers = {knob.name: knob.slider[0] + part * (knob.slider[1] - knob.slider[0]) for knob in knobs}
        whole = {knob.name: round(numbers[knob.name]) for knob in knobs if knob.kind == "whole"}
        panels.append((slug, numbers | whole))
    return panels


@pytest.mark.parametrize("slug", OURS)
def test_every_loss_is_played_to_the_bit(slug):
    panels = side_by_side(slug)
    played, python = (Trainer(experiment(*panels, **SMALL)) for _ in "ab")
    recorded(played)
    advance(played, 12)
    advance(python, 12)
    for panel in range(len(panels)):
        assert weights_of(played, panel) == weights_of(python, panel)
    for own in (lambda trainer: None, recorded):
        alone = Trainer(experiment(panels[1], **SMALL))
        own(alone)
        assert weights_of(advance(alone, 12), 0) == weights_of(played, 1)


@pytest.mark.parametrize(("batch", "dim"), [(64, 2), (37, 2), (64, 3)])
def test_a_family_is_played_side_by_side(batch, dim, trials):
    recorded(Trainer(experiment(*side_by_side("arcface"), **{**SMALL, "batch": batch, "dim": dim})))
    assert trials == [SideBySide.ALL]


@pytest.mark.parametrize(
    ("net", "slug"), [("cnn", "softmax"), ("cnn", "center"), ("cnn", "triplet"), ("lenet_pp", "softmax")]
)
def test_convolutional_nets_are_played_to_the_bit(net, slug, trials):
    small = {"net": net, "batch": 32, "dials": {"classes": 10, "per_class": 10}}
    played, python = (Trainer(experiment(*side_by_side(slug), **small)) for _ in "ab")
    recorded(played)
    assert SideBySide.NOTHING not in trials
    for own in (played, python):
        advance(own, 4)
    assert all(weights_of(played, panel) == weights_of(python, panel) for panel in range(3))


def test_what_one_thread_records_another_plays_to_the_bit():
    # in pictures of this size a product and a sum round differently where TorchScript may take them apart
    net, random = Cnn(), torch.Generator().manual_seed(0)
    layout = net.layout((28, 28), 2)
    start = net.init((28, 28), 2, random)
    gradients = Gradients(
        net, tuple(layout.items()), PanelFamily(OURS["softmax"](bias=False), (0,), (), (("weight", (10, 2)),), ())
    )
    weights, rows = torch.cat([start[name].flatten() for name in layout]), torch.randn(20, generator=random)
    example = [torch.randn(128, 28, 28, generator=random), torch.arange(128) % 10, weights, rows]
    with ThreadPoolExecutor(1) as another:
        record = GradientsTrace(
            sizes=sizes(example), device="cpu", threads=torch.get_num_threads(), gradients=gradients
        )
        played = another.submit(record.make, example).result()
    for _ in range(3):  # what TorchScript sees in its first calls, it may rewrite in later ones
        for one, other in zip(played(*example), gradients(*example), strict=True):
            assert torch.equal(one, other)


def test_panels_of_which_much_is_kept_are_played_one_after_another(monkeypatch, trials):
    monkeypatch.setattr(engine.steps.parity, "MOST_BYTES", 2**16)
    played, python = (Trainer(experiment(*side_by_side("ghm_c"), **SMALL)) for _ in "ab")
    recorded(played)
    assert trials == [SideBySide.NOTHING]
    for own in (played, python):
        advance(own, 12)
    assert all(weights_of(played, panel) == weights_of(python, panel) for panel in range(3))


def test_records_come_after_some_steps_and_stay_when_a_number_moves():
    panels = side_by_side("nsl")
    python, played = (Trainer(experiment(*panels, **SMALL, steps=2 * PATIENCE)) for _ in "ab")
    python.stepper = ExactStep()  # without a recorder
    (family,) = played.stepper.families
    for own in (python, played):
        advance(own, PATIENCE)
        own.stepper.wait()
        own.apply(Edit(PATIENCE, 1, "scale", 5.0))
        advance(own, 10)
        own.apply(Edit(PATIENCE + 10, 0, "learning_rate", 0.001))
        advance(own, 10)
    assert played.stepper.families == [family]
    assert family.recorded.result() is not None
    assert python.stepper.families[0].recorded is None
    assert all(weights_of(played, panel) == weights_of(python, panel) for panel in range(3))


def test_records_that_are_there_are_used_from_the_first_step_on():
    panels = side_by_side("nsl")
    python = advance(Trainer(experiment(*panels, **SMALL)), 12)
    recorded(Trainer(experiment(*panels, **SMALL)))
    played = Trainer(experiment(*panels, **SMALL))
    (family,) = played.stepper.families
    assert family.recorded.result() is not None
    advance(played, 12)
    assert played.stepper.families == [family]
    assert all(weights_of(played, panel) == weights_of(python, panel) for panel in range(3))


def test_a_panel_that_diverges_leaves_its_neighbours_what_they_would_be_alone():
    panels = side_by_side("cosface")
    beside, alone = Trainer(experiment(*panels, **SMALL)), Trainer(experiment(panels[0], **SMALL))
    recorded(beside)
    advance(alone, 12)
    advance(beside, 4)
    beside.weights.plan.state(beside.weights.values, 1)["weight"].fill_(math.nan)
    advance(beside, 8)
    assert list(beside.stopped) == [1]
    assert weights_of(beside, 0) == weights_of(alone, 0)


@final
@dataclass(frozen=True, kw_only=True)
class Counting(Bomb):
    """A loss that may count the classes of a batch in Python, which the contract of losses forbids."""

    slug: ClassVar[str] = "counting"

    counts: bool = switch(False)

    def per_sample(self, z, y, state):
        return z.square().sum(dim=1) * (len(y.unique()) if self.counts else 3)


@pytest.mark.parametrize("counts", [False, True])
def test_what_keeps_numbers_of_its_example_is_not_played(counts):
    net = Mlp(width=8, depth=1)
    layout = tuple(net.layout((4,), 2).items())
    gradients = Gradients(net, layout, PanelFamily(Counting(counts=counts), (0,), (), (), ()))
    count = sum(math.prod(shape) for _, shape in layout)
    random = torch.Generator().manual_seed(0)
    x, weights = torch.randn(32, 4, generator=random), torch.randn(count, generator=random)
    example = [x, torch.arange(32) % 3, weights, torch.zeros(0)]
    record = GradientsTrace(sizes=sizes(example), device="cpu", threads=1, gradients=gradients)
    assert (record.make(example) is None) is counts


@pytest.mark.parametrize("form", [(1, 64, 37), (8, 6, 5, 5)])
def test_gradients_of_prelu_are_those_of_its_kernel(form):
    random = torch.Generator().manual_seed(0)
    pull, x = (torch.randn(*form, generator=random) for _ in "ab")
    x.view(-1)[::7] = 0.0  # where the two slopes meet
    weight = torch.rand(1, form[1], *[1] * (len(form) - 2), generator=random)
    seen = prelu_backward(pull, x, weight)
    for one, other in zip(seen, torch.ops.aten._prelu_kernel_backward(pull, x, weight), strict=True):
        assert torch.equal(one, other)


def test_rows_of_nets_are_copied_only_where_others_lie_between():
    weights = Trainer(experiment("nsl", "softmax", "nsl", "nsl", **SMALL)).weights
    for panels in [(0,), (2, 3), (0, 2, 3), (1,)]:
        rows = weights.net_rows(panels)
        assert torch.equal(rows, torch.stack([weights.rows(panel)[0] for panel in panels]))
        own = rows.data_ptr() == weights.rows(panels[0])[0].data_ptr()
        assert own is (panels != (0, 2, 3))
