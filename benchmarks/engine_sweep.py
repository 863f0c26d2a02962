"""A sweep: 64 settings of ArcFace on the digits, against as many runs of the loop, one after another."""

import os
import tempfile
import time

from benchmarks.apart import apart
from benchmarks.engine_cases import Case
from benchmarks.engine_loop import Loop
from benchmarks.report import Table
from engine import Trainer
from engine.sweep import Sweep

STEPS, SIDE = 660, 8
CASE = Case("mlp", "digits", 128)
#: Where the compiler keeps what it made for the next process, and what else may be left of it.
FOLDERS = ("TORCHINDUCTOR_CACHE_DIR", "TMPDIR")


def sweep(quick: bool) -> Table:
    """Measure the sweep as it is the first time, with what the compiler kept, and with its program there."""
    table = Table("engine_sweep", f"{SIDE**2} settings of ArcFace, {STEPS} steps each, digits", "seconds")
    steps, rounds = (60, 1) if quick else (STEPS, 3)
    before = {name: os.environ.get(name) for name in FOLDERS}
    seconds: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    try:
        for _ in range(rounds):
            with tempfile.TemporaryDirectory() as folder:
                os.environ.update(dict.fromkeys(FOLDERS, folder))
                for name in ("compiled for the first time", "compiler's cache is there"):
                    for row, (took, alone) in apart(1, _swept, steps, name).items():
                        seconds.setdefault(row, []).append(took)
                        seconds.setdefault("one run of the loop", []).extend(alone)
                        ratios.setdefault(row, []).append(SIDE**2 * sum(alone) / len(alone) / took)
    finally:
        for name, value in before.items():
            os.environ.pop(name)
            if value is not None:
                os.environ[name] = value
    for row, each in seconds.items():
        table.add(f"{row}: seconds", *each)
    for row, each in ratios.items():
        table.add(f"{row}: times as fast (target: at least 6)", *each)
    table.notes = [
        f"The loop is timed before and after each sweep, with its DataLoader and {steps} steps, and the mean of both "
        f"taken {SIDE**2} times. The sweep is `Sweep(...).run()`, from making the trainers to the table: margins from "
        "0.1 to 0.6 by scales from 8 to 32, on one thread. Compiled for the first time: steps are exact until the "
        "program is there, with an empty cache of the compiler; then again in another process with the cache that is "
        "left. Program there: the same sweep once more in the same process. Exact: the sweep in the mode that it has "
        "by default.",
    ]
    return table


def _swept(steps: int, name: str) -> dict[str, tuple[float, list[float]]]:
    """Return for each sweep how long it took, and how long the loop took before and after it."""
    grid = {"margin": f"0.1:0.6:{SIDE}", "scale": f"8:32:{SIDE}"}
    fast, exact = (
        Sweep(CASE.experiment(1, mode, panels=[{"loss": "arcface"}], steps=steps), grid) for mode in ("fast", "exact")
    )
    found = {}
    before = _looped(steps)
    for row, each in ((name, fast), ("program there", fast), ("exact", exact)):
        began = time.perf_counter()
        each.run(progress=False)
        took, after = time.perf_counter() - began, _looped(steps)
        found[row] = took, [before, after]
        before = after
    return found


def _looped(steps: int) -> float:
    began = time.perf_counter()
    loop = Loop(Trainer(CASE.experiment(1, "exact", steps=steps)))
    for _ in range(steps):
        loop.step()
    return time.perf_counter() - began
