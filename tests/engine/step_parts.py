"""What the tests of steps share: experiments on blobs, whole steps without a compiler, comparisons."""

from concurrent.futures import Future

import torch
from torch.fx.experimental.proxy_tensor import make_fx

from engine import Experiment, Panel, Trainer
from engine.steps.base import TRACING
from engine.steps.step_buffers import new_report, next_inputs, shapes, step_tensors
from engine.steps.whole_step import WholeStep

SMALL = {"data": "blobs", "batch": 32, "steps": 60, "points": 50}


def ready(function) -> Future:
    """A function that is there."""
    future = Future()
    future.set_result(function)
    return future


def traced(state, parts=None) -> Future:
    """The whole step of a state as it is traced, which takes no compiler."""
    parts = parts or shapes(state)
    part, shape = next(iter(parts.items()))
    x, y, rates, times = next(next_inputs(state, 1))
    example = [x, y, rates[: len(part)], times, *step_tensors(state, parts, new_report(state))[0].flat()]
    with TRACING:
        return ready(make_fx(WholeStep(shape, state.device))(*(tensor.clone() for tensor in example)))


def by_program(trainer: Trainer, worth=lambda: True) -> None:
    """Let a trainer take compiled steps as they are traced, without waiting for a compiler."""
    from engine.compiled.inductor import program_shapes
    from engine.compiled.step import CompiledStep
    from engine.steps.exact import ExactStep

    trainer.stepper = CompiledStep(ExactStep(), worth, lambda state: traced(state, program_shapes(state)))


def assert_close(fast: Trainer, exact: Trainer, within: float = 2e-4) -> None:
    apart = (fast.weights.values - exact.weights.values).abs()
    # Adam divides a gradient by its own size: where that is rounding alone, so is the weight's step
    assert (apart > within * (1 + exact.weights.values.abs())).float().mean() < 1e-4
    assert apart.max() < 10 * within
    one, other = fast.train_state, exact.train_state
    torch.testing.assert_close(one.last_losses, other.last_losses.float(), rtol=10 * within, atol=10 * within)
    torch.testing.assert_close(one.norms.double(), other.norms.double(), rtol=10 * within, atol=10 * within)
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


def pair(panels, **settings) -> tuple[Trainer, Trainer]:
    """The same experiment twice, by its whole step as it is traced and exact."""
    described = {**SMALL, "panels": panels, **settings}
    fast, exact = (Trainer(Experiment.parse({**described, "mode": mode})) for mode in ("fast", "exact"))
    by_program(fast)
    return fast, exact
