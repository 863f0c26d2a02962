"""What the tests of the fast steps share: experiments on blobs, programs without a compiler, comparisons."""

import torch

from engine import Experiment, Panel, Trainer
from engine.compiled.background import TRACING, Made
from engine.compiled.inductor import compilation

SMALL = {"data": "blobs", "batch": 32, "steps": 60, "points": 50}


def pair(panels, **settings) -> tuple[Trainer, Trainer]:
    """The same experiment twice, fast by its program as it is and exact."""
    described = {**SMALL, "panels": panels, **settings}
    fast, exact = (Trainer(Experiment.parse({**described, "mode": mode})) for mode in ("fast", "exact"))
    by_program(fast)
    return fast, exact


def by_program(trainer: Trainer) -> None:
    """Let a trainer use its program as it is traced, without waiting for a compiler."""

    def asked(own):
        made, (job, example) = Made(), compilation(own)
        with TRACING:
            made.function = job.trace(example)
        made.ended.set()
        return made

    trainer._way._ask = asked


def assert_close(fast: Trainer, exact: Trainer, within: float = 2e-4) -> None:
    apart = (fast.weights.values - exact.weights.values).abs()
    # Adam divides a gradient by its own size: where that is rounding alone, so is the weight's step
    assert (apart > within * (1 + exact.weights.values.abs())).float().mean() < 1e-4
    assert apart.max() < 10 * within
    torch.testing.assert_close(fast.last_losses, exact.last_losses.float(), rtol=10 * within, atol=10 * within)
    torch.testing.assert_close(fast.norms.double(), exact.norms.double(), rtol=10 * within, atol=10 * within)
    for panel in range(len(exact.losses)):
        for name, tensor in exact.state(panel).items():
            torch.testing.assert_close(fast.state(panel)[name], tensor, rtol=within, atol=within)


def words(cls) -> list[dict[str, object]]:
    """The loss as it stands, and with each of its choices and switches turned."""
    turned = [{knob.name: word} for knob in cls.knobs() for word in knob.choices if word != knob.default]
    return [{}, *turned, *({knob.name: not knob.default} for knob in cls.knobs() if knob.kind == "switch")]


def mixed() -> list[Panel]:
    return [
        Panel(loss="arcface", knobs={"margin": 0.1}),
        Panel(loss="center"),
        Panel(loss="ghm_c"),
        Panel(loss="arcface", knobs={"margin": 0.4}, learning_rate=0.003),
        Panel(loss="triplet"),
        Panel(loss="center", knobs={"rate": 0.1}),
    ]
