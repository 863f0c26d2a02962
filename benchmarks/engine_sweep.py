"""A sweep: 64 settings of ArcFace on the digits, against as many runs of the loop, one after another."""

import os
import tempfile
import time

from benchmarks.apart import apart
from benchmarks.engine_cases import Case
from benchmarks.engine_loop import Loop
from benchmarks.report import Table
from engine import Experiment, Trainer

STEPS, SIDE = 660, 8
CASE = Case("mlp", "digits", 128)
#: Where the compiler keeps what it made, for the next process.
CACHE = "TORCHINDUCTOR_CACHE_DIR"


def sweep(quick: bool) -> Table:
    """Measure the sweep as it is the first time, with what the compiler kept, and with its program there."""
    table = Table("engine_sweep", f"{SIDE**2} settings of ArcFace, {STEPS} steps each, digits", "seconds")
    steps, rounds = (60, 1) if quick else (STEPS, 2)
    before = os.environ.get(CACHE)
    found: dict[str, list[float]] = {}
    try:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                os.environ[CACHE] = folder
                for name in ("compiled for the first time", "compiler's cache is there"):
                    for row, seconds in apart(1, _swept, steps, name).items():
                        found.setdefault(row, []).extend(seconds)
    finally:
        os.environ.pop(CACHE)
        if before is not None:
            os.environ[CACHE] = before
    alone = found.pop("loop")
    mean = sum(alone) / len(alone)
    for row, seconds in found.items():
        table.add(f"{row}: seconds", *seconds)
    table.add("one run of the loop: seconds", *alone)
    for row, seconds in found.items():
        goal = " (target: at least 6)" if row.startswith("program there") else ""
        table.add(f"{row}: times as fast{goal}", *(SIDE**2 * mean / each for each in seconds))
    table.notes = [
        f"The loop is timed {len(alone)} times, each with its DataLoader and {steps} steps, and the mean taken "
        f"{SIDE**2} times. The sweep is one experiment of {SIDE**2} panels, margins from 0.1 to 0.6 by scales from 8 "
        f"to 32, on one thread, frames excluded. Compiled for the first time: steps are exact until the program is "
        "there, with an empty cache of the compiler; then again in another process with the cache that is left. "
        "Program there: the same sweep once more in the same process.",
    ]
    return table


def _settings(steps: int) -> Experiment:
    panels = [
        {"loss": "arcface", "knobs": {"margin": 0.1 + 0.5 * margin / (SIDE - 1), "scale": 8 + 24 * scale / (SIDE - 1)}}
        for margin in range(SIDE)
        for scale in range(SIDE)
    ]
    return CASE.experiment(1, "fast", panels=panels, steps=steps)


def _swept(steps: int, name: str) -> dict[str, list[float]]:
    experiment = _settings(steps)
    found = {name: [_trained(Trainer(experiment))]}
    again = Trainer(experiment)
    again.advance()  # asks for the program
    again._way.wait()
    found["program there"] = [_trained(Trainer(experiment))]
    began = time.perf_counter()
    loop = Loop(Trainer(CASE.experiment(1, "exact", steps=steps)))
    for _ in range(steps):
        loop.step()
    return found | {"loop": [time.perf_counter() - began]}


def _trained(trainer: Trainer) -> float:
    began = time.perf_counter()
    while not trainer.finished:
        trainer.advance()
    return time.perf_counter() - began
