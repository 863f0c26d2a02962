"""The cases of the engine's benchmarks, and how their steps are timed."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from engine import NETS, Experiment, Trainer
from engine.steps.family_step import PATIENCE
from toy_data import available

#: Steps of an experiment, so many that its schedule does not end during a measurement.
ENDLESS = 1_000_000

#: Least and most steps of a variant in a round.
LEAST, MOST = 5, 100


@dataclass(frozen=True)
class Case:
    """A net, a data set and a batch size."""

    net: str
    data: str
    batch: int

    def __str__(self) -> str:
        return f"{self.net}, {self.data}, batch {self.batch}"

    @property
    def missing(self) -> str | None:
        """Why the case cannot be measured here, or ``None``."""
        if self.net not in NETS:
            return f"{self}: left out, the engine has no such net."
        trouble = available()[self.data]
        return None if trouble is None else f"{self}: left out. {trouble.render()}"

    def experiment(self, count: int, mode: str, **settings: object) -> Experiment:
        """Return an experiment with ``count`` panels of ArcFace, each with its own margin; ``settings`` override."""
        margins = [0.3 + 0.3 * panel / count for panel in range(count)]
        described = [{"loss": "arcface", "knobs": {"margin": margin}} for margin in margins]
        own = {"net": self.net, "data": self.data, "batch": self.batch, "steps": ENDLESS}
        return Experiment.parse({**own, "mode": mode, "panels": described, **settings})


class NoProgramError(RuntimeError):
    """The compiler could not make a program."""


def ready(experiment: Experiment, device: str = "cpu") -> Trainer:
    """Return a trainer that already has its records or, in the fast mode, its program.

    Raises ``NoProgramError`` where no program could be compiled.
    """
    trainer = Trainer(experiment, device=device)
    for _ in range(1 if experiment.mode == "fast" else PATIENCE):
        trainer.advance()
    trainer.stepper.wait()
    trainer.advance()
    if experiment.mode == "fast" and trainer.stage == "exact":
        raise NoProgramError(f"{experiment.net}, K = {len(experiment.panels)}")
    return trainer


def milliseconds(step: Callable[[], object], steps: int) -> float:
    """Return the mean time of a step in milliseconds."""
    began = time.perf_counter()
    for _ in range(steps):
        step()
    return 1e3 * (time.perf_counter() - began) / steps


def in_turn(
    variants: Mapping[str, Callable[[], object]], rounds: int, seconds: float, least: int = LEAST
) -> dict[str, list[float]]:
    """Return milliseconds a step of each variant, one number for each round. The variants take turns.

    A busy minute of the machine then slows down all of them. Comparisons are within a round.
    """
    steps = {}
    for name, step in variants.items():
        took = milliseconds(step, 1)  # the first call also loads things
        if least > 1:
            took = min(milliseconds(step, 1) for _ in range(3))
        steps[name] = min(MOST, max(least, round(1e3 * seconds / took)))
    found: dict[str, list[float]] = {name: [] for name in variants}
    for _ in range(rounds):
        for name, step in variants.items():
            found[name].append(milliseconds(step, steps[name]))
    return found


def ratios(above: Sequence[float], below: Sequence[float], times: float = 1.0) -> list[float]:
    """Return ``times * above / below`` for each round."""
    return [times * one / other for one, other in zip(above, below, strict=True)]
