"""A sweep of 64 settings of ArcFace on the digits, against 64 runs of the loop, one after another."""

import os
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager

import torch

from benchmarks.apart import apart
from benchmarks.engine.cases import Case, ready
from benchmarks.engine.loop import Loop
from benchmarks.report import Table
from engine import Trainer
from engine.machine.threads import cores
from engine.sweeping.chunks import MAX_CPU_PANELS
from engine.sweeping.sweep import Sweep

STEPS, SIDE = 660, 8
#: Factor by which a sweep has more steps, so that compiling a program is worth it.
LONG = 10
CASE = Case("mlp", "digits", 128)
GRID = {"margin": f"0.1:0.6:{SIDE}", "scale": f"8:32:{SIDE}"}
#: Variables that name the folders in which a compiler leaves files for the next process.
FOLDERS = ("TORCHINDUCTOR_CACHE_DIR", "TMPDIR")


def sweep(quick: bool) -> Table:
    """Measure the sweep in both modes, on all cores and on one, with and without its program."""
    table = Table("engine_sweep", f"{SIDE**2} settings of ArcFace, {STEPS} steps each, digits", "seconds")
    steps, rounds = (60, 1) if quick else (STEPS, 3)
    seconds: dict[str, list[float]] = {}
    ratios: dict[str, list[float]] = {}
    for _ in range(rounds):
        with _nothing_compiled():
            for row, (took, alone) in apart(cores(), _swept, steps).items():
                seconds.setdefault(row, []).append(took)
                seconds.setdefault("one run of the loop", []).extend(alone)
                ratios.setdefault(row, []).append(SIDE**2 * sum(alone) / len(alone) / took)
    for mode in ("exact", "fast"):
        with _nothing_compiled():
            seconds[f"{LONG} times as many steps, {mode}"] = [apart(cores(), _long, mode, LONG * steps)]
    for row, each in seconds.items():
        table.add(f"{row}: seconds", *each)
    for row, each in ratios.items():
        table.add(f"{row}: times as fast (target: at least 6)", *each)
    table.notes = [
        f"The loop is timed before and after each sweep, with its DataLoader and {steps} steps, on one thread, on "
        f"which it is faster than on two, and the mean of both is taken {SIDE**2} times. The sweep is "
        "`Sweep(...).run()`, from making the trainers to the table: margins from 0.1 to 0.6 by scales from 8 to 32. "
        "All cores: one chunk of 16 panels on each at a time; one core: one after another. Each round begins in a new "
        "process with nothing compiled. There the fast mode compiles nothing, as it would go on for less than a "
        "minute; program there: what a longer sweep has compiled before is still in the process.",
        f"With {LONG} times as many steps, each in a new process with nothing compiled: the fast mode has its program "
        "compiled meanwhile.",
    ]
    return table


@contextmanager
def _nothing_compiled() -> Iterator[None]:
    """Hide the files of earlier compilations from processes that start inside the block."""
    before = {name: os.environ.get(name) for name in FOLDERS}
    with tempfile.TemporaryDirectory() as folder:
        os.environ.update(dict.fromkeys(FOLDERS, folder))
        try:
            yield
        finally:
            for name, value in before.items():
                os.environ.pop(name)
                if value is not None:
                    os.environ[name] = value


def _swept(steps: int) -> dict[str, tuple[float, list[float]]]:
    """Return for each sweep its seconds, and the seconds of the loop before and after it."""
    found = {}
    before = _looped(steps)
    rows: tuple[tuple[str, str, int], ...] = (
        ("exact, all cores", "exact", cores()),
        ("fast, all cores, nothing compiled", "fast", cores()),
        ("fast, all cores, program there", "fast", cores()),
        ("exact, one core", "exact", 1),
        ("fast, one core, program there", "fast", 1),
    )
    for row, mode, threads in rows:
        if row.endswith("all cores, program there"):
            torch.set_num_threads(1)
            ready(CASE.experiment(MAX_CPU_PANELS, "fast"))
        torch.set_num_threads(threads)
        own = _sweep(mode, steps)
        began = time.perf_counter()
        own.run(progress=False)
        took, after = time.perf_counter() - began, _looped(steps)
        found[row] = took, [before, after]
        before = after
    return found


def _sweep(mode: str, steps: int) -> Sweep:
    return Sweep(CASE.experiment(1, mode, panels=[{"loss": "arcface"}], steps=steps), GRID)


def _long(mode: str, steps: int) -> float:
    began = time.perf_counter()
    _sweep(mode, steps).run(progress=False)
    return time.perf_counter() - began


def _looped(steps: int) -> float:
    torch.set_num_threads(1)
    began = time.perf_counter()
    loop = Loop(Trainer(CASE.experiment(1, "exact", steps=steps)))
    for _ in range(steps):
        loop.step()
    return time.perf_counter() - began
