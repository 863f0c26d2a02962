"""Schedule, batches, nets, weights, and what the trainer refuses."""

import gc
import itertools
import math
import weakref

import numpy as np
import pytest
import torch
from engine_parts import Trainer, advance, experiment

from engine import Edit
from engine.nets import OURS
from engine.state.batches import Batches
from engine.state.schedule import factor, settle
from engine.state.weights import LINE, Plan
from spec import Refusal, has_text

CPU = torch.device("cpu")


def test_the_schedule_warms_up_and_falls_to_one_percent():
    steps = 660
    values = [factor(step, steps, None) for step in range(steps + 1)]
    assert values[0] == pytest.approx(1 / 20)
    assert values[9] == pytest.approx(0.5, rel=0.01)
    assert max(values) == pytest.approx(1.0, abs=0.01)
    assert values[330] == pytest.approx((1 + 0.01) / 2, abs=0.001)
    assert values[660] == pytest.approx(0.01)
    assert all(one > other for one, other in itertools.pairwise(values[20:]))
    assert factor(10_000, steps, None) == pytest.approx(0.01)


def test_an_edit_lifts_a_late_rate_and_leaves_an_early_one():
    assert factor(30, 660, 30) == factor(30, 660, None)
    assert factor(600, 660, 600) == pytest.approx(0.3)
    assert factor(600 + 165, 660, 600) == pytest.approx((0.3 + 0.01) / 2)
    assert factor(600 + 330, 660, 600) == pytest.approx(0.01)
    assert settle(100) == 100
    assert settle(100_000) == 330


def test_a_burst_of_edits_is_the_last_of_them():
    trainer = advance(Trainer(experiment("arcface")), 30)
    for margin in (0.1, 0.2, 0.3):
        trainer.apply(Edit(30, 0, "margin", margin))
    assert trainer.train_state.horizon == 70
    trainer.advance()
    trainer.apply(Edit(31, 0, "margin", 0.4))
    assert trainer.train_state.horizon == 71
    assert trainer.train_state.rates_at(trainer.step) == pytest.approx([0.01 * 0.3])


def test_batches_cut_one_permutation_an_epoch():
    batches = Batches(10, 3, seed=4, device=CPU)
    assert batches.per_epoch == 3
    for epoch in range(3):
        places = torch.cat([batches.at(epoch * 3 + step) for step in range(3)]).tolist()
        assert len(set(places)) == 9
        assert set(places) <= set(range(10))
    assert batches.at(0).tolist() != batches.at(3).tolist()
    assert [batches.left(step) for step in range(5)] == [3, 2, 1, 3, 2]
    assert torch.equal(batches.at(4, 2), torch.cat([batches.at(4), batches.at(5)]))
    again = Batches(10, 3, seed=4, device=CPU)
    assert again.at(7).tolist() == batches.at(7).tolist(), "any step without those before it"
    assert batches.digest() == again.digest() != Batches(10, 3, seed=5, device=CPU).digest()


def test_a_set_smaller_than_a_batch_is_one_batch():
    batches = Batches(5, 128, seed=0, device=CPU)
    assert sorted(batches.at(0).tolist()) == sorted(batches.at(1).tolist()) == [0, 1, 2, 3, 4]


def test_every_panel_s_block_starts_on_a_cache_line():
    plan = Plan({"a.weight": (3, 5), "a.bias": (3,)}, ({"weight": (7, 2)}, {}, {"x": (), "y": (16,)}))
    assert plan.row % LINE == plan.size % LINE == 0
    assert all(start % LINE == 0 for start in plan.starts)
    buffer = torch.zeros(plan.size)
    for view in plan.nets(buffer).values():
        view.add_(1)
    for panel in range(3):
        for view in plan.state(buffer, panel).values():
            view.add_(1)
    assert buffer.max() == 1, "nothing overlaps"
    assert buffer.sum() == 3 * 18 + 14 + 17
    assert torch.bincount(plan.owners()).tolist() == [plan.row // LINE + 1, plan.row // LINE, plan.row // LINE + 2]


def test_nets_have_texts_and_the_layouts_that_they_name():
    for slug, net in OURS.items():
        assert all(has_text(f"nets.{slug}.{part}") for part in ("title", "idea"))
        assert all(has_text(f"nets.{slug}.knobs.{knob.name}") for knob in net.knobs())
    count = {slug: sum(map(math.prod, net().layout((28, 28), 2).values())) for slug, net in OURS.items()}
    # with a bias and a slope a unit or channel, but for the last layer: 784-128-128-2; 5x5x8, 3x3x8x16, 3x3x16x32 and
    # 512-128-2; 5x5 windows from 1 to 32, 32, 64, 64, 128, 128 channels and 1152-2
    windows = 25 * (32 + 32 * 32 + 32 * 64 + 64 * 64 + 64 * 128 + 128 * 128)
    assert count == {
        "mlp": 784 * 128 + 128 * 128 + 4 * 128 + 256,
        "cnn": 200 + 1152 + 4608 + 2 * 56 + 512 * 128 + 2 * 128 + 256,
        "lenet_pp": windows + 2 * (64 + 128 + 256) + 2304,
    }


def test_weights_start_like_pytorch_s_layers():
    trainer = Trainer(experiment("softmax", net="mlp"))
    views = trainer.weights.plan.nets(trainer.weights.values)
    torch.manual_seed(0)
    for name, into in (("first", 64), ("second", 128)):
        theirs = torch.nn.Linear(into, 128).weight.detach()
        ours = views[f"{name}.weight"][0]
        assert float(ours.abs().max()) == pytest.approx(float(theirs.abs().max()), rel=0.01)
        assert float(ours.std()) == pytest.approx(float(theirs.std()), rel=0.05)
        assert (views[f"{name}.slope"] == torch.nn.PReLU().weight).all()


def test_the_first_step_is_adam_s_with_the_clipped_gradient():
    """One panel, one step, against torch.optim.Adam on the gradient of net and loss as they are, clipped by PyTorch."""
    trainer = Trainer(experiment("arcface"))
    values = trainer.weights.values.clone().requires_grad_()
    plan, places = trainer.weights.plan, trainer.train_state.batches.at(0)
    net = {name: view[0] for name, view in plan.nets(values).items()}
    z = trainer.train_state.net.one(net, trainer.data.scaled(trainer.data.train_x[places]))
    trainer.losses[0](z, trainer.data.train_y[places], plan.state(values, 0)).mean().backward()
    norm = torch.nn.utils.clip_grad_norm_([values], 1.0)
    assert float(norm) == pytest.approx(float(trainer.train_state.norms[0]), rel=1e-5)
    torch.optim.Adam([values], lr=trainer.train_state.rates_at(trainer.step)[0]).step()
    trainer.advance()
    assert torch.allclose(trainer.weights.values, values, atol=1e-7)


def test_a_net_for_pictures_refuses_lists_of_numbers():
    with pytest.raises(Refusal, match="net cnn needs pictures"):
        Trainer(experiment("softmax", data="blobs", dials={}, net="cnn"))


@pytest.mark.parametrize("device", ["", "gpu", "cuda:x", "cuda:64", "cpu:1", "meta", "vulkan"])
def test_a_device_that_is_not_there_is_refused(device):
    with pytest.raises(Refusal, match="one that PyTorch has here: cpu"):
        Trainer(experiment("softmax"), device=device)


def test_blobs_train():
    trainer = advance(Trainer(experiment("softmax", data="blobs", dials={"classes": 3}, steps=150)), 150)
    assert trainer.frame().panels[0].test_accuracy > 0.9
    assert trainer.image is None
    assert trainer.classes == ("0", "1", "2")
    assert np.unique(trainer.points.labels).tolist() == [0, 1, 2]


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_trainer_is_gone_as_soon_as_nobody_uses_it(mode):
    """With all its tensors, without waiting for the garbage collector: a worker trains one run after another."""
    gc.collect()
    gc.disable()
    try:
        trainer = Trainer(experiment("arcface", "center", mode=mode))
        trainer.advance()
        trainer.frame()
        trainer.checkpoint()
        seen = weakref.ref(trainer)
        del trainer
        assert seen() is None
    finally:
        gc.enable()
