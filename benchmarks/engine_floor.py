"""How near a step comes to its matrix products, and what moving a knob does to it."""

import time
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor
from torch._inductor import standalone_compile

from benchmarks.apart import apart
from benchmarks.engine_cases import Case, in_turn, milliseconds, ratios, ready
from benchmarks.report import Table
from engine import Edit, Trainer

FLOOR = "products"
MODES = ("exact", "fast")

CHANGES = 30
#: A knob moves every so many steps.
APART = 5


def floor(quick: bool) -> Table:
    """Measure the share of a step that its matrix products take."""
    table = Table("engine_floor", "The matrix products of the stacked MLP within a step", "share of the step")
    table.notes = [
        "Forward and backward products alone, of the same shapes and with samples last as in the step, into memory "
        "that is there (torch.bmm, out=). One thread, in turn."
    ]
    times: dict[str, list[float]] = {}
    for batch in (128,) if quick else (128, 512):
        for count in (1, 8) if quick else (1, 8, 32):
            case = Case("mlp", "digits", batch)
            found = apart(1, _above_floor, case, count, 2 if quick else 9, 0.05 if quick else 0.2)
            for mode in MODES:
                table.add(f"{case}, K = {count}, {mode}", *ratios(found[FLOOR], found[mode]))
            times |= {f"{case}, K = {count}, {name}: ms a step": numbers for name, numbers in found.items()}
    table.rows |= times
    return table


def products(trainer: Trainer) -> Callable[[], None]:
    """Return a function that computes the products of a trainer's step, its net being ``mlp``, and nothing else."""
    layout, count, batch = trainer.weights.plan.net, len(trainer.losses), trainer.batches.size
    (width, inputs), dim = layout["first.weight"], layout["last.weight"][0]

    def some(*shape: int) -> Tensor:
        return torch.rand(count, *shape, device=trainer.device)

    x = torch.rand(batch, inputs, device=trainer.device).expand(count, -1, -1)
    first, second, last = some(width, inputs), some(width, width), some(dim, width)
    h, deep, z, grad = some(width, batch), some(width, batch), some(dim, batch), some(dim, batch)
    of_first, of_second, of_last = some(width, inputs), some(width, width), some(dim, width)

    def step() -> None:
        torch.bmm(first, x.mT, out=h)
        torch.bmm(second, h, out=deep)
        torch.bmm(last, deep, out=z)
        torch.bmm(grad, deep.mT, out=of_last)
        torch.bmm(last.mT, grad, out=deep)
        torch.bmm(deep, h.mT, out=of_second)
        torch.bmm(second.mT, deep, out=h)
        torch.bmm(h, x, out=of_first)

    return step


def recompiles(quick: bool) -> Table:
    """Measure what moving margin, scale and learning rate costs the fast step."""
    table = Table(
        "engine_recompiles", f"{CHANGES} changes of margin, scale and learning rate, fast mode", "MLP, digits"
    )
    table.notes = [
        f"A change every {APART} steps, of all panels or of one, while the compiled program runs on one thread. "
        "The step after a change is timed with the change."
    ]
    for count in (1, 8):
        case = Case("mlp", "digits", 128)
        compiled, changed, others = apart(1, _changes, case, count)
        table.add(f"K = {count}: programs compiled (target: 0)", compiled)
        table.add(f"K = {count}: change and step after it, ms", *changed)
        table.add(f"K = {count}: other steps, ms", *others)
    return table


def _above_floor(case: Case, count: int, rounds: int, seconds: float) -> dict[str, list[float]]:
    trainers = {mode: ready(case.experiment(count, mode)) for mode in MODES}
    steps = {mode: trainer.advance for mode, trainer in trainers.items()}
    return in_turn({FLOOR: products(trainers["exact"]), **steps}, rounds, seconds)


def _changes(case: Case, count: int) -> tuple[int, list[float], list[float]]:
    """Return how many programs were compiled, and milliseconds of steps with a change and without one."""
    made = []

    def counted(*given: Any, **named: Any) -> Any:
        made.append(given)
        return standalone_compile(*given, **named)

    torch._inductor.standalone_compile = counted
    trainer = ready(case.experiment(count, "fast"))
    for _ in range(20):
        trainer.advance()
    assert len(made) == 1, "programs are no longer made by this function"
    changed, others = [], []
    for change in range(CHANGES):
        share = (change * 7 % CHANGES) / CHANGES
        knob, value = (("margin", 0.6 * share), ("scale", 4 + 28 * share), ("learning_rate", 10 ** (-3 + share)))[
            change % 3
        ]
        began = time.perf_counter()
        trainer.apply(Edit(trainer.step, None if change % 2 else change % count, knob, value))
        trainer.advance()
        changed.append(1e3 * (time.perf_counter() - began))
        assert trainer.stage == "compiled", "a knob took the program away"
        others += [milliseconds(trainer.advance, 1) for _ in range(APART - 1)]
    return len(made) - 1, changed, others
