"""The nets: knobs, shapes, starts, and the same embeddings whether nets are computed one by one or at once."""

import math
from functools import partial
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.fx.experimental.proxy_tensor import make_fx

import engine.nets
from engine import Experiment, Panel, Trainer
from engine.config.recipes import RECIPES
from engine.config.seeds import generator
from engine.nets import NETS, OURS, net_idea, net_title
from engine.steps.base import TRACING
from spec import LANGUAGES, Refusal

EVERY = pytest.mark.parametrize(
    "net",
    [
        OURS["mlp"](), OURS["mlp"](depth=1, width=3), OURS["mlp"](depth=4, width=20),
        OURS["cnn"](), OURS["cnn"](channels=1, width=2), OURS["lenet_pp"](),
    ],
    ids=str,
)  # fmt: skip


def test_the_slug_is_the_name_of_the_file():
    folder = Path(engine.nets.__file__).parent
    files = {file.stem for file in folder.glob("*.py")} - {"__init__", "base", "layers", "module"}
    assert files == set(OURS)
    for slug, net in OURS.items():
        assert net.slug == slug
        assert net.__module__ == f"engine.nets.{slug}"
        assert len({net_title(net, language) for language in LANGUAGES} | {net_idea(net, "en"), slug}) >= 3


def stacked(net, sample, panels, dim=3):
    """Weights of some nets that differ, and some samples."""
    rng, start = generator(1, "test"), net.init(sample, dim, generator(0, "net"))
    weights = {
        name: torch.stack([one + 0.02 * torch.randn(one.shape, generator=rng) for _ in range(panels)])
        for name, one in start.items()
    }
    return weights, torch.randn(16, *sample, generator=rng)


@EVERY
@pytest.mark.parametrize("sample", [(8, 8), (13, 9)])
@pytest.mark.parametrize("panels", [1, 3, 8])
def test_all_nets_at_once_are_the_nets_one_by_one(net, sample, panels):
    weights, x = stacked(net, sample, panels)

    def seen(forward):
        leaves = {name: own.clone().requires_grad_() for name, own in weights.items()}
        z = forward(leaves, x)
        return z, torch.autograd.grad((z * torch.linspace(0, 1, z.numel()).view(z.shape)).sum(), list(leaves.values()))

    one, by_one = seen(lambda leaves, x: torch.stack(net.forward(leaves, x)))
    all_, by_all = seen(net.stacked)
    assert all_.shape == (panels, 16, 3)
    torch.testing.assert_close(all_, one, rtol=1e-4, atol=1e-5)
    for first, second in zip(by_all, by_one, strict=True):
        torch.testing.assert_close(first, second, rtol=1e-3, atol=1e-4 * max(1.0, float(second.abs().max())))
    with TRACING:
        traced = make_fx(partial(net.stacked))(weights, x)
    torch.testing.assert_close(traced(weights, x), net.stacked(weights, x), rtol=1e-6, atol=1e-6)


@EVERY
@pytest.mark.parametrize("dim", [2, 3])
def test_a_start_has_the_layout_and_is_the_seeds(net, dim):
    layout = net.layout((10, 10), dim)
    first, again, other = (net.init((10, 10), dim, generator(seed, "net")) for seed in (0, 0, 1))
    assert {name: tuple(one.shape) for name, one in first.items()} == dict(layout)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["last.weight"], other["last.weight"])
    assert list(layout)[-1] == "last.weight", "no bias and no slope after the embedding"
    for name, one in first.items():
        if name.endswith("slope"):
            assert one.unique().tolist() == [0.25]
        elif name.endswith("weight") and one.numel() > 500:
            bound = 1 / math.sqrt(one[0].numel())
            assert 0.9 * bound < one.abs().max() <= bound
            assert abs(float(one.std()) - bound / math.sqrt(3)) < 0.1 * bound


def test_lenet_pp_is_the_net_of_the_paper_built_of_modules():
    net, layers, before = OURS["lenet_pp"](), [], 1
    for channels in (32, 64, 128):
        for _ in range(2):
            layers += [nn.Conv2d(before, channels, 5, padding=2), nn.PReLU(channels)]
            before = channels
        layers.append(nn.MaxPool2d(2))
    module = nn.Sequential(nn.Unflatten(1, (1, 28)), *layers, nn.Flatten(), nn.Linear(128 * 3 * 3, 2, bias=False))
    weights = net.init((28, 28), 2, generator(0, "net"))
    assert sum(one.numel() for one in weights.values()) == sum(own.numel() for own in module.parameters())
    with torch.no_grad():
        for own, one in zip(module.parameters(), weights.values(), strict=True):
            own.copy_(one)
    x = torch.randn(5, 28, 28, generator=generator(2, "x"))
    torch.testing.assert_close(net.one(weights, x), module(x), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"net": "mlp", "net_knobs": {"width": 1}}, "width is 1, but must lie between 2 and 1024"),
        ({"net": "mlp", "net_knobs": {"depth": 2.5}}, "depth is 2.5, but must be a whole number"),
        ({"net": "mlp", "net_knobs": {"channels": 4}}, "mlp has no knob 'channels'; it has: width, depth"),
        ({"net": "lenet_pp", "net_knobs": {"width": 4}}, "lenet_pp has no knob 'width'; it has: -"),
        ({"net": "resnet"}, "net is 'resnet', but must be one of: mlp, cnn, lenet_pp"),
    ],
)
def test_wrong_nets_and_knobs_are_refused(settings, sentence):
    with pytest.raises(Refusal, match=r"\A[^\n]+\Z") as refused:
        Experiment.parse({"panels": [{"loss": "softmax"}], **settings})
    assert sentence in str(refused.value)


@pytest.mark.parametrize(
    ("net", "sample", "sentence"),
    [
        ("cnn", (8,), "needs pictures, but a sample of this data set is a list of 8 numbers"),
        ("lenet_pp", (7, 9), r"at least 8×8 pixels, but those of this data set have 7×9"),
    ],
)
def test_what_a_net_cannot_take_is_refused(net, sample, sentence):
    with pytest.raises(Refusal) as refused:
        OURS[net]().layout(sample, 2)
    assert sentence in str(refused.value)


def test_an_experiment_fills_the_knobs_of_its_net_and_they_are_part_of_its_key():
    plain = Experiment(panels=(Panel(loss="softmax"),))
    wide = Experiment(panels=(Panel(loss="softmax"),), net_knobs={"width": 64})
    assert dict(plain.net_knobs) == {"width": 128, "depth": 2}
    assert plain == Experiment(panels=(Panel(loss="softmax"),), net_knobs={"depth": 2, "width": 128})
    assert plain.key != wide.key
    assert Experiment.parse(wide.canonical) == wide
    assert Trainer(wide).weights.plan.net["second.weight"] == (64, 64)


@pytest.mark.parametrize("mode", ["exact", "fast"])
def test_a_deeper_net_trains(mode):
    settings = {"data": "blobs", "batch": 32, "steps": 120, "mode": mode, "net_knobs": {"depth": 3, "width": 32}}
    trainer = Trainer(Experiment.parse({**settings, "panels": [{"loss": "arcface"}]}))
    while not trainer.finished:
        trainer.advance()
    assert trainer.frame().panels[0].test_accuracy > 0.9


def test_recipes_name_nets_and_data_that_there_are():
    assert {recipe.net for recipe in RECIPES.values()} <= set(NETS)
    epoch = 60_000 // 128
    assert (RECIPES["mnist_cnn"].steps, RECIPES["mnist_lenet_pp"].steps) == (5 * epoch, 50 * epoch)
