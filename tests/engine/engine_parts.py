"""What the engine's tests share: small experiments, comparisons to the bit, and a loss that breaks on purpose."""

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch

from engine import Experiment, Panel, Trainer
from engine.recording.writer import initial_meta
from losses import LOSSES, Citation, Family, Loss, Profile
from spec import choice, param

#: What a recording says of itself, where nobody trains it.
META = {
    **initial_meta("cpu"),
    "experiment": {"panels": [{"loss": "softmax"}], "data": "digits"},
    "key": "k",
    "classes": [],
}

SIX = ("softmax", "center", "cosface", "arcface", "contrastive", "focal")


def experiment(*panels, **settings):
    """Make an experiment on few digits from slugs, pairs of slug and knobs, or panels."""
    made = [
        panel
        if isinstance(panel, Panel)
        else Panel(loss=panel)
        if isinstance(panel, str)
        else Panel(loss=panel[0], knobs=panel[1])
        for panel in panels
    ]
    settings = {"dials": {"classes": 4, "per_class": 40}, "batch": 32, "steps": 40, **settings}
    return Experiment(panels=tuple(made), **settings)


def advance(trainer, steps):
    for _ in range(steps):
        trainer.advance()
    return trainer


def weights_of(trainer, panel):
    """Everything that a panel has learned, as one string of bytes."""
    nets = trainer.weights.plan.nets(trainer.weights.values)
    tensors = [*(view[panel] for view in nets.values()), *trainer.state(panel).values()]
    return b"".join(tensor.detach().cpu().numpy().tobytes() for tensor in tensors)


def bytes_of(frame, panel):
    """Everything that a frame shows of a panel, as one string of bytes."""
    shown = frame.panels[panel]
    arrays = [shown.embeddings, shown.shapes, *shown.state.values(), *shown.histograms.values()]
    arrays += [shown.head.weight.numpy(), shown.head.bias.numpy()]
    numbers = (shown.loss, shown.train_accuracy, shown.test_accuracy, shown.learning_rate, *shown.metrics.values())
    return b"".join(np.ascontiguousarray(array).tobytes() for array in arrays) + repr(numbers).encode()


def same_frames(one, other):
    return one.step == other.step and all(bytes_of(one, k) == bytes_of(other, k) for k in range(len(one.panels)))


@dataclass(frozen=True, kw_only=True)
class Bomb(Loss):
    """Pulls embeddings together; after ``fuse`` steps one of its numbers is no longer finite."""

    slug: ClassVar[str] = "bomb"
    title: ClassVar[str] = "Bomb"
    family: ClassVar[Family] = Family.REGRESSION
    formula: ClassVar[str] = ""
    cite: ClassVar[Citation] = Citation("", "", 2000, "", "")
    non_gradient_state: ClassVar[frozenset[str]] = frozenset({"clock"})

    fuse: int = param(5, symbol="f", low=0, high=10_000, whole=True)
    pull: float = param(1.0, symbol="p", low=0.0, high=10.0)
    where: str = choice("loss", "gradient", "state")

    def init(self, classes, dim, rng):
        return {"anchor": torch.randn(dim, generator=rng), "clock": torch.zeros(())}

    def per_sample(self, z, y, state):
        off = (state["clock"] >= self.fuse).float()
        value = self.pull * (z - state["anchor"]).square().sum(1)
        if self.where == "loss":
            return value + torch.where(off > 0, float("nan"), 0.0)
        if self.where == "gradient":  # finite itself, with an infinite slope at zero
            return value + (z[:, 0] * 0 + 1 - off).abs().sqrt()
        return value

    def update(self, z, y, state):
        blown = self.where == "state" and bool(state["clock"] >= self.fuse)
        return {**state, "clock": state["clock"] + (float("inf") if blown else 1.0)}

    def profile(self, branch=""):
        return Profile(variable="distance", low=0.0, high=2.0, value=np.square, slope=lambda x: 2 * x)

    def probe(self, x, branch=""):
        raise NotImplementedError

    def observe(self, z, y, state):
        return {"sample": (z - state["anchor"]).norm(dim=1)}


def with_bomb(monkeypatch):
    """Let experiments name the bomb."""
    monkeypatch.setattr("engine.config.experiment.LOSSES", {**LOSSES, "bomb": Bomb})


__all__ = ["SIX", "Bomb", "Trainer", "advance", "bytes_of", "experiment", "same_frames", "weights_of", "with_bomb"]
