"""Large nets are computed in parts: of how many panels, that nothing comes of it, and that one program does for all."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from step_parts import assert_close, pair

from engine import NETS, Edit, Experiment, Trainer
from engine.compiled.inductor import program_shapes
from engine.compiled.parts import panels_per_part
from engine.steps.step_buffers import shapes

PICTURES = {"data": "digits", "net": "cnn", "batch": 32}


@pytest.fixture
def room(monkeypatch):
    """Say how many bytes there are for the nets of a part."""
    return lambda count: monkeypatch.setattr("engine.compiled.parts.ROOM", count)


def described(count, **settings):
    panels = [{"loss": "arcface", "knobs": {"margin": 0.1 + 0.01 * panel}} for panel in range(count)]
    return Experiment.parse({**PICTURES, "panels": panels, "points": 50, "mode": "fast", **settings})


def kept(net, samples):
    """The bytes that autograd keeps of a batch, as they are counted where the net computes it."""
    counted = []
    weights = {name: torch.zeros(form, requires_grad=True) for name, form in net.layout((8, 8), 2).items()}
    with torch.autograd.graph.saved_tensors_hooks(lambda tensor: counted.append(tensor.nbytes), lambda _: None):
        net.one(weights, torch.zeros(samples, 8, 8))
    return sum(counted)


@pytest.mark.parametrize("slug", ["mlp", "cnn", "lenet_pp"])
def test_as_many_panels_are_a_part_as_there_is_room_for(slug, room):
    net = NETS[slug]()
    trainer = Trainer(described(12, net=slug, batch=40))
    each = kept(net, 41) * 40 - kept(net, 40) * 40  # of forty samples, the weights left out
    for fitting, size in ((0, 1), (1, 1), (2, 2), (3, 3), (5, 4), (6, 6), (11, 6), (12, 12), (100, 12)):
        room(fitting * each)
        assert panels_per_part(trainer.train_state) == size
        room(fitting * each + each - 1)
        assert panels_per_part(trainer.train_state) == size


@given(count=st.integers(1, 24), size=st.integers(1, 24))
def test_parts_are_all_panels_once_in_their_order(count, size):
    state = Trainer(described(1)).train_state
    state.losses *= count
    state.rule_state *= count
    state.weights.plan = type(state.weights.plan)(state.weights.plan.net, state.weights.plan.states * count)
    found = shapes(state, size if count % size == 0 else count)
    assert [panel for part in found for panel in part] == list(range(count))
    assert len(set(found.values())) == 1


def test_nets_that_are_small_are_one_part_and_those_of_the_papers_are_alone():
    assert panels_per_part(Trainer(described(64, net="mlp", batch=128)).train_state) == 64
    assert panels_per_part(Trainer(described(8, net="lenet_pp", batch=512)).train_state) == 1


@pytest.mark.parametrize(
    "panels",
    [
        [
            {"loss": "arcface", "knobs": {"margin": 0.1 * panel}, "learning_rate": 0.002 * panel}
            for panel in (1, 2, 3, 4)
        ],
        [{"loss": "center"}, {"loss": "ghm_c"}, {"loss": "center", "knobs": {"rate": 0.1}}, {"loss": "ghm_c"}],
    ],
    ids=["knobs and rates", "families and rules"],
)
def test_what_is_computed_in_parts_is_what_the_exact_step_computes(panels, room):
    room(2 * 32 * (kept(NETS["cnn"](), 3) - kept(NETS["cnn"](), 2)))
    fast, exact = pair(panels, **PICTURES)
    for trainer in (fast, exact):
        for _ in range(3):
            trainer.advance()
        trainer.apply(Edit(3, 2, "learning_rate", 0.02))
        trainer.apply(Edit(3, None, next(iter(panels[0].get("knobs", {"rate": 0}))), 0.3))
        trainer.advance()
        trainer.frame()
    assert [list(part) for part, _ in fast.stepper.buffers.parts] == [[0, 1], [2, 3]]
    assert fast.stage == "compiled"
    assert_close(fast, exact)


def test_parts_that_would_need_programs_of_their_own_are_one(room):
    room(0)
    own = {**PICTURES, "panels": [{"loss": "arcface"}, {"loss": "softmax"}], "points": 50}
    assert list(program_shapes(Trainer(Experiment.parse(own)).train_state)) == [range(2)]
    own["panels"] = [{"loss": "arcface"}, {"loss": "arcface"}]
    trainer = Trainer(Experiment.parse(own))
    assert list(program_shapes(trainer.train_state)) == [range(1), range(1, 2)]
    trainer.apply(Edit(0, 1, "beyond", "easy"))  # from here on the second is another program
    assert list(program_shapes(trainer.train_state)) == [range(2)]


def test_a_panel_that_stops_in_a_later_part_is_told_by_its_own_number(room):
    room(0)
    fast, _ = pair([{"loss": "softmax"}, {"loss": "softmax"}, {"loss": "softmax"}], **PICTURES)
    fast.advance()
    fast.weights.rows(2)[0].fill_(float("nan"))
    for _ in range(3):
        fast.advance()
    fast.frame()
    assert list(fast.stopped) == [2]
    assert "step 2" in fast.stopped[2].render()
    assert torch.isfinite(fast.train_state.last_losses[:2]).all()
