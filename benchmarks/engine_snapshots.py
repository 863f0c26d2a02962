"""What it costs to look: the share of a run's time that its frames take."""

import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from benchmarks.apart import apart
from benchmarks.engine_cases import Case, ready
from benchmarks.report import Table
from engine.codec import decode, encode
from engine.recording import SUFFIX, Recording
from engine.runs import Run

PANELS, POINTS, A_SECOND = 8, 2000, 10.0
CASES = (Case("mlp", "digits", 128), Case("mlp", "mnist", 128), Case("cnn", "mnist", 128))
TARGET = "(target: at most 0.2)"
WINDOW = 3.0  # seconds of a run that make one measurement


def snapshots(quick: bool) -> Table:
    """Measure frames in a loop that trains all the time, and in a run of the worker."""
    table = Table(
        "engine_snapshots", f"Frames of {PANELS} panels of {POINTS:,} points, {A_SECOND:g} a second", "frames"
    )
    table.notes = [
        "Training all the time: whenever a tenth of a second has passed and the step is one of the pace (every "
        "fourth), a frame of all samples is taken and encoded; the share is that of each second. A run: "
        "engine/runs.py with its recording and its pace (engine/pace.py), which rests when it is early, and leaves "
        "frames and samples out when it is late; shares are of windows of some seconds. One thread. The digits have "
        "1,797 points; of MNIST a frame looks at the 10,000 test samples as well."
    ]
    for case in CASES[:1] if quick else CASES:
        if case.missing:
            table.notes.append(case.missing)
            continue
        for mode in ("exact", "fast"):
            for name, numbers in apart(1, _looked, case, mode, 3.0 if quick else 15.0).items():
                table.add(f"{case}, {mode}, {name}", *numbers)
    return table


def _looked(case: Case, mode: str, seconds: float) -> dict[str, list[float]]:
    return _all_the_time(case, mode, seconds) | _in_a_run(case, mode, seconds)


def _all_the_time(case: Case, mode: str, seconds: float) -> dict[str, list[float]]:
    trainer = ready(case.experiment(PANELS, mode, points=POINTS))
    encode(trainer.frame())
    steps, frames, codes, shares = [], [], [], []
    began = second = time.perf_counter()
    looked = 0.0
    due = began
    while (now := time.perf_counter()) - began < seconds:
        trainer.advance()
        steps.append(1e3 * (time.perf_counter() - now))
        now = time.perf_counter()
        if now >= due and trainer.step % trainer.experiment.steps_per_frame == 0:
            frame = trainer.frame()
            taken = time.perf_counter()
            encode(frame)
            done = time.perf_counter()
            frames.append(1e3 * (taken - now))
            codes.append(1e3 * (done - taken))
            looked += done - now
            due = max(due + 1 / A_SECOND, now)
        if time.perf_counter() - second > 1:
            shares.append(looked / (time.perf_counter() - second))
            looked, second = 0.0, time.perf_counter()
    return {
        f"training all the time: share of time {TARGET}": shares,
        "training all the time: frames a second": [len(frames) / seconds],
        "step, ms": steps,
        "frame, ms": frames,
        "encoding, ms": codes,
    }


def _in_a_run(case: Case, mode: str, seconds: float) -> dict[str, list[float]]:
    """Let a run train as the worker does, and tell pieces of work that end in a frame from those that do not."""
    seen = 0

    def say(what: str, **_: object) -> None:
        nonlocal seen
        seen += what == "frame"

    windows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / f"run{SUFFIX}", "cpu", say)
        experiment = case.experiment(PANELS, mode, points=POINTS)
        run.start(experiment)
        while not seen:
            run.work()
        run.pace(A_SECOND, experiment.steps_per_frame)
        until = time.monotonic() + 5.0  # until it has its program, and knows what frames cost
        while time.monotonic() < until:
            _work(run)
        first = seen
        for _ in range(max(1, round(seconds / WINDOW))):
            plain, framed, began = [], [], time.perf_counter()
            while (passed := time.perf_counter() - began) < WINDOW:
                before = seen
                took = _work(run)
                (framed if seen > before else plain).append(took)
            looking = sum(framed) - len(framed) * statistics.median(plain)
            windows.append(
                {
                    f"a run: share of its work {TARGET}": looking / (sum(plain) + sum(framed)),
                    "a run: share of all time": looking / passed,
                    "a run: frames a second": len(framed) / passed,
                    "a run: steps a second": (len(plain) + len(framed)) / passed,
                }
            )
        run.end("stopped")
        with Recording(run.path) as recording:
            frames = (decode(record.body) for record in recording.records(first, recording.frames - first))
            looks = [float(np.isfinite(frame.panels[0].embeddings).all(axis=1).mean()) for frame in frames]
    found = {row: [window[row] for window in windows] for row in windows[0]}
    return found | {"a run: share of the points that a frame looks at": looks}


def _work(run: Run) -> float:
    """Let a run do a piece of work when it is due; return the seconds that it took."""
    time.sleep(max(0.0, run.due - time.monotonic()))
    began = time.perf_counter()
    run.work()
    return time.perf_counter() - began
