"""The cost of frames: how much slower a run trains because of them."""

import tempfile
import time
from collections.abc import Callable
from concurrent.futures import Future
from pathlib import Path

import numpy as np

from benchmarks.apart import apart
from benchmarks.engine.cases import Case, ready
from benchmarks.report import Table
from engine import Trainer
from engine.frames.background import BackgroundFrames, Picture
from engine.frames.codec import decode
from engine.recording.file_format import SUFFIX
from engine.recording.reader import Recording
from engine.running.run import Run

PANELS, POINTS, A_SECOND = 8, 2000, 10.0
CASES = (Case("mlp", "digits", 128), Case("mlp", "mnist", 128), Case("cnn", "mnist", 128))
TARGET = "(target: at most 0.2)"
WINDOW = 3.0  # seconds of training for one measurement


def snapshots(quick: bool) -> Table:
    """Measure training with and without frames in turns, and a run of the worker."""
    table = Table(
        "engine_snapshots", f"Frames of {PANELS} panels of {POINTS:,} points, {A_SECOND:g} a second", "frames"
    )
    table.notes = [
        "Training all the time, on one thread, windows of some seconds with frames and without in turn: whenever a "
        "tenth of a second has passed, the step is one of the pace (every fourth) and the frame before is there, a "
        "frame of all samples with all its metrics is made in the thread for frames (engine/frames/background.py). The "
        "share is "
        "1 - steps a second with frames / without. A run: engine/running/run.py with its recording and its pace "
        "(engine/running/pacing.py), which rests when it is early, and leaves frames and samples out when frames are "
        "late. The "
        "digits have 1,797 points; of MNIST a frame looks at the 10,000 test samples as well."
    ]
    for case in CASES[:1] if quick else CASES:
        if case.missing:
            table.notes.append(case.missing)
            continue
        for mode in ("exact", "fast"):
            for name, numbers in apart(1, _looked, case, mode, 1 if quick else 5).items():
                table.add(f"{case}, {mode}, {name}", *numbers)
    return table


def _looked(case: Case, mode: str, windows: int) -> dict[str, list[float]]:
    return _all_the_time(case, mode, windows) | _in_a_run(case, mode, windows)


def _all_the_time(case: Case, mode: str, windows: int) -> dict[str, list[float]]:
    trainer = ready(case.experiment(PANELS, mode, points=POINTS))
    background_frames = BackgroundFrames(wake=lambda: None)
    background_frames.make(trainer.frame_inputs()).result()
    shares, often, frames, inputs = [], [], [], []
    for _ in range(windows):
        without = _trained(trainer, None)[0]
        within, made, taken = _trained(trainer, lambda: background_frames.make(trainer.frame_inputs()))
        shares.append(1 - within / without)
        often.append(len(made) / WINDOW)
        frames += [1e3 * frame.seconds for frame in made]
        inputs += taken
    background_frames.close()
    return {
        f"training all the time: share of its steps that frames cost {TARGET}": shares,
        "training all the time: frames a second": often,
        "a frame in its thread, ms": frames,
        "what training waits for a frame, ms": inputs,
    }


def _trained(
    trainer: Trainer, look: Callable[[], "Future[Picture]"] | None
) -> tuple[float, list[Picture], list[float]]:
    """Train for a window; return steps a second, the frames, and the milliseconds that each cost the training."""
    frames: list[Future[Picture]] = []
    taken = []
    steps, began = 0, time.perf_counter()
    due = began
    while (now := time.perf_counter()) - began < WINDOW:
        trainer.advance()
        steps += 1
        if look is None or now < due or trainer.step % trainer.experiment.steps_per_frame:
            continue
        if not frames or frames[-1].done():
            now = time.perf_counter()
            frames.append(look())
            taken.append(1e3 * (time.perf_counter() - now))
            due = max(due + 1 / A_SECOND, now)
    seconds = time.perf_counter() - began
    return steps / seconds, [frame.result() for frame in frames], taken


def _in_a_run(case: Case, mode: str, windows: int) -> dict[str, list[float]]:
    """Train a run as the worker does."""
    seen = 0

    def say(what: str, **_: object) -> None:
        nonlocal seen
        seen += what == "frame"

    found: dict[str, list[float]] = {"a run: frames a second": [], "a run: steps a second": []}
    background_frames = BackgroundFrames(wake=lambda: None)
    with tempfile.TemporaryDirectory() as folder:
        run = Run(Path(folder) / f"run{SUFFIX}", "cpu", say, background_frames)
        experiment = case.experiment(PANELS, mode, points=POINTS)
        run.start(experiment)
        while not seen:
            run.work()
        run.pace(A_SECOND, experiment.steps_per_frame)
        until = time.monotonic() + 5.0  # until the run has its program and has measured its frames
        while time.monotonic() < until:
            _work(run)
        first = seen
        for _ in range(windows):
            frames, steps, began = seen, run.trainer.step, time.perf_counter()
            while (passed := time.perf_counter() - began) < WINDOW:
                _work(run)
            found["a run: frames a second"].append((seen - frames) / passed)
            found["a run: steps a second"].append((run.trainer.step - steps) / passed)
        run.end("stopped")
        with Recording(run.path) as recording:
            records = (decode(stored.body) for stored in recording.stored_frames(first, recording.frames - first))
            looks = [float(np.isfinite(frame.panels[0].embeddings).all(axis=1).mean()) for frame in records]
    background_frames.close()
    return found | {"a run: share of the points that a frame looks at": looks}


def _work(run: Run) -> None:
    """Do a piece of a run's work when it is due."""
    time.sleep(max(0.0, min(0.005, run.due - time.monotonic())))
    if run.due <= time.monotonic():
        run.work()
    else:
        run.deliver_frame()
