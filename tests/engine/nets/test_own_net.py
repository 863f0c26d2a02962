"""A net of somebody else: found when its package is installed, trained like ours, or refused with a sentence."""

import os
import shutil
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import pytest
import torch
from torch import nn

from engine import Experiment, Trainer
from engine.config.seeds import generator
from engine.nets import KIND, NETS, OURS, Module
from spec import Refusal

ROOT = Path(__file__).parents[3]
EXAMPLE = ROOT / "examples" / "leaky_net"
PROJECT = tomllib.loads((EXAMPLE / "pyproject.toml").read_text())


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """The example as an installer would leave it: its module, and a dist-info with its entry points."""
    folder = tmp_path_factory.mktemp("site")
    info = folder / "leaky_net-0.1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: leaky-net\nVersion: 0.1.0\n")
    entries = PROJECT["project"]["entry-points"][KIND.group]
    lines = [f"{slug} = {reference}" for slug, reference in entries.items()]
    (info / "entry_points.txt").write_text("\n".join([f"[{KIND.group}]", *lines, "nothing = nowhere:Net", ""]))
    shutil.copy(EXAMPLE / "leaky_net.py", folder)
    return folder


def command(folder, *arguments):
    path = os.pathsep.join([str(folder), str(ROOT)])
    environment = {**os.environ, "PYTHONPATH": path, "OMP_NUM_THREADS": "1"}
    line = [sys.executable, "-m", "app.cli.main", *arguments]
    return subprocess.run(line, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60)


def test_it_is_listed_after_ours_and_what_is_broken_is_left_out(installed):
    done = command(installed, "nets")
    assert done.returncode == 0
    assert [line.split()[0] for line in done.stdout.splitlines() if not line.startswith(" ")] == [*OURS, "leaky_net"]
    assert "leak" in done.stdout
    assert "The net nowhere:Net is left out, since it cannot be imported" in done.stderr


def test_it_is_trained_into_a_recording(installed, tmp_path):
    arguments = (
        "--net leaky_net --net-set width=32 --loss arcface --loss cosface --steps 300 --steps-per-frame 100 --out"
    )
    done = command(installed, "train", *arguments.split(), str(tmp_path / "own.lossgeo"))
    assert done.returncode == 0, done.stderr
    accuracies = [float(line.split()[-1]) for line in done.stdout.splitlines() if "  test " in line]
    assert len(accuracies) == 2
    assert min(accuracies) > 0.8


@dataclass(frozen=True, kw_only=True)
class Plain(Module):
    """Two layers, as a stranger would write them."""

    slug: ClassVar[str] = "plain"

    def build(self, sample, dim):
        return nn.Sequential(nn.Flatten(), nn.Linear(sample[0], 16), nn.Tanh(), nn.Linear(16, dim))


@pytest.fixture
def known(monkeypatch):
    monkeypatch.setattr("engine.config.experiment.NETS", {**NETS, "plain": Plain})


def trainer(mode, *losses):
    settings = {"data": "blobs", "batch": 32, "steps": 60, "net": "plain", "mode": mode}
    return Trainer(Experiment.parse({**settings, "panels": [{"loss": loss} for loss in losses]}))


@pytest.mark.usefixtures("known")
def test_beside_others_it_is_the_same_as_alone_to_the_bit():
    both, alone = trainer("exact", "softmax", "arcface"), trainer("exact", "arcface")
    for own in (both, alone):
        while not own.finished:
            own.advance()
    rows = both.weights.plan.nets(both.weights.values)
    for name, one in alone.weights.plan.nets(alone.weights.values).items():
        assert torch.equal(rows[name][1], one[0])
    assert alone.frame().panels[0].test_accuracy > 0.9


def test_its_start_is_the_seeds_and_leaves_the_global_generator():
    before = torch.random.get_rng_state()
    first, again, other = (Plain().init((8,), 2, generator(seed, "net")) for seed in (0, 0, 1))
    assert torch.equal(torch.random.get_rng_state(), before)
    assert all(torch.equal(first[name], again[name]) for name in first)
    assert not torch.equal(first["1.weight"], other["1.weight"])
    assert list(first) == ["1.weight", "1.bias", "3.weight", "3.bias"]


class Looking(nn.Module):
    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Linear(8, dim)

    def forward(self, x):
        return self.layer(x) if bool((self.layer(x) > 0).any()) else -self.layer(x)


class Steep(nn.Module):
    """A branch on the samples, which all that is tried takes the same way."""

    def __init__(self, dim):
        super().__init__()
        self.layer = nn.Linear(8, dim)

    def forward(self, x):
        return self.layer(x) if x.abs().max() < 1e3 else self.layer(x / 1e3)


class Tied(nn.Module):
    """Two layers with one matrix."""

    def __init__(self, dim):
        super().__init__()
        self.first, self.second, self.last = nn.Linear(8, 8), nn.Linear(8, 8), nn.Linear(8, dim)
        self.second.weight = self.first.weight

    def forward(self, x):
        return self.last(torch.tanh(self.second(torch.tanh(self.first(x)))))


TAKEN = {
    "tied weights": Tied,
    "dropout of nothing": lambda dim: nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.0), nn.Linear(8, dim)),
    "attention": lambda dim: nn.Sequential(
        nn.Unflatten(1, (2, 4)),
        nn.TransformerEncoderLayer(4, 2, 8, dropout=0.0, batch_first=True),
        nn.Flatten(),
        nn.Linear(8, dim),
    ),
}


@pytest.mark.filterwarnings("ignore:There is a performance drop")
@pytest.mark.parametrize("build", TAKEN.values(), ids=TAKEN)
def test_what_can_be_trained_is_and_its_gradients_are_the_modules(build, monkeypatch):
    @dataclass(frozen=True, kw_only=True)
    class Right(Module):
        slug: ClassVar[str] = "plain"

        def build(self, sample, dim):
            return build(dim)

    monkeypatch.setattr("engine.config.experiment.NETS", {**NETS, "plain": Right})
    net, x = Right(), torch.randn(6, 8, generator=torch.Generator().manual_seed(1))
    start = net.init((8,), 2, generator(0, "net"))
    assert {name: tuple(tensor.shape) for name, tensor in start.items()} == net.layout((8,), 2)
    leaves = {name: torch.stack([own, own]).requires_grad_() for name, own in start.items()}
    net.stacked(leaves, x)[1].square().sum().backward()
    module = build(2)
    module.load_state_dict(start, strict=False)
    module(x).square().sum().backward()
    for name, own in module.named_parameters():
        torch.testing.assert_close(leaves[name].grad[1], own.grad, rtol=1e-4, atol=1e-6)
        assert not leaves[name].grad[0].any()
    own = trainer("exact", "softmax", "arcface")
    before = own.frame().panels[0].loss
    while not own.finished:
        own.advance()
    assert own.frame().panels[0].loss < 0.6 * before


REFUSED = {
    "buffers": (lambda dim: nn.Sequential(nn.Linear(8, 8), nn.BatchNorm1d(8), nn.Linear(8, dim)), "has buffers"),
    "dropout": (lambda dim: nn.Sequential(nn.Linear(8, 8), nn.Dropout(0.5), nn.Linear(8, dim)), "as dropout does"),
    "output": (lambda dim: nn.Linear(8, dim + 1), "must make floating-point embeddings of the shape (5, 2)"),
    "no module": (lambda dim: "net", "build() returns a str"),
    "sizes": (lambda dim: nn.Linear(9, dim), "for samples of the shape (8,) its module fails"),
    "nothing learned": (lambda dim: nn.Sequential(nn.Flatten()), "must have parameters"),
    "float64": (lambda dim: nn.Linear(8, dim).double(), "its module"),
    "frozen": (lambda dim: nn.Linear(8, dim).requires_grad_(False), "all of them trained"),
    "a branch": (Looking, "torch.vmap"),
    "a branch on samples": (Steep, "depends on what tensors hold"),
}


@pytest.mark.parametrize(("build", "sentence"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_trained_here_is_refused_with_one_sentence(build, sentence):
    @dataclass(frozen=True, kw_only=True)
    class Wrong(Module):
        slug: ClassVar[str] = "wrong"

        def build(self, sample, dim):
            return build(dim)

    with pytest.raises(Refusal) as refused:
        Wrong().layout((8,), 2)
    assert sentence in str(refused.value)
    assert "\n" not in str(refused.value)
