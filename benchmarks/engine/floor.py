"""The share of a step's time that its matrix products take."""

from collections.abc import Callable

import torch
from torch import Tensor

from benchmarks.apart import apart
from benchmarks.engine.cases import Case, in_turn, ratios, ready
from benchmarks.report import Table
from engine import Trainer

FLOOR = "products"
MODES = ("exact", "fast")


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
    """Return a function that computes only the matrix products of a trainer's step, for the net ``mlp``."""
    layout, count, batch = trainer.weights.plan.net, len(trainer.losses), trainer.train_state.batches.size
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


def _above_floor(case: Case, count: int, rounds: int, seconds: float) -> dict[str, list[float]]:
    trainers = {mode: ready(case.experiment(count, mode)) for mode in MODES}
    steps = {mode: trainer.advance for mode, trainer in trainers.items()}
    return in_turn({FLOOR: products(trainers["exact"]), **steps}, rounds, seconds)
