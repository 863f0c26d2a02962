"""What each command of ``loss-geometry`` does."""

import argparse
import os
import platform
import shutil
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import torch

from app import gathering
from app import presets as shipped
from engine import Experiment, Panel
from engine import train as train_in_memory
from engine.experiment import one_of, parse_knobs
from engine.record import record
from engine.shelf import runs_folder
from losses import LOSSES
from spec import Refusal
from toy_data import DATA_SETS, available


def serve(options: argparse.Namespace) -> int:
    """Start the app and stay with it."""
    from app.server import serve as serve_app  # noqa: PLC0415  (streamlit, which no other command needs)

    return serve_app(host=options.host, port=options.port, runs=options.runs)


def train(options: argparse.Namespace) -> int:
    """Train an experiment into a recording and tell how each panel ended."""
    panels = [
        {"loss": slug, "knobs": parse_knobs(slug, one_of("loss", slug, LOSSES).knobs(), _pairs(written))}
        for slug, written in options.panels
    ]
    plain = {name: getattr(options, name) for name in ("data", "net", "dim", "batch", "steps", "seed", "points")}
    experiment = Experiment.parse(
        {
            **plain,
            "panels": panels,
            "dials": parse_knobs(options.data, one_of("data", options.data, DATA_SETS).dials(), _pairs(options.dial)),
            "learning_rate": options.learning_rate,
            "steps_per_frame": options.steps_per_frame,
        }
    )
    _record(experiment, options.out)
    return 0


def verify(options: argparse.Namespace) -> int:
    """Hold losses against everything there is; return 1 where a check fails."""
    from app.verifying import run  # noqa: PLC0415  (scikit-learn and all the checks, which no other command needs)

    return run(options)


def losses(options: argparse.Namespace) -> int:
    """List the losses and their knobs."""
    for slug, loss in LOSSES.items():
        cite = loss.cite
        print(f"{slug:<18}{loss.title}: {cite.authors}, {cite.year}, {cite.where}")
        for knob in loss.knobs():
            print(f"    {knob.name:<16}{gathering.ranges(knob)}")
    return 0


def data(options: argparse.Namespace) -> int:
    """List, fetch, check or convert data sets."""
    return gathering.run(options)


def doctor(options: argparse.Namespace) -> int:
    """Check the machine and train for a moment; return 1 where something is missing that the app needs."""
    folder = runs_folder()
    free = shutil.disk_usage(_existing(folder)).free / 2**30
    device = torch.cuda.get_device_name() if torch.cuda.is_available() else platform.processor() or "CPU"
    packages = ", ".join(f"{name} {version(name)}" for name in ("torch", "streamlit", "numpy", "scikit-learn"))
    print(f"python     {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"packages   {packages}")
    print(f"device     {device}, {os.cpu_count()} cores, {torch.get_num_threads()} threads")
    print(f"runs       {folder} ({free:.1f} GiB free)")
    for slug, reason in available().items():
        print(f"data       {slug}: {'ready' if reason is None else reason}")
    experiment = Experiment(panels=(Panel(loss="arcface"), Panel(loss="softmax")), steps=100)
    began = time.perf_counter()
    *_, last = train_in_memory(experiment)
    seconds = time.perf_counter() - began
    good = all(panel.stopped is None and panel.test_accuracy > 0.5 for panel in last.panels)
    print(f"training   {experiment.steps} steps of two panels in {seconds:.1f} s, {'well' if good else 'NOT well'}")
    return 0 if good and free > 1 else 1


def presets(options: argparse.Namespace) -> int:
    """Train the runs that the app opens with."""
    for preset in shipped.PRESETS:
        path = (options.out or shipped.FOLDER) / f"{preset.slug}.lossgeo"
        path.unlink(missing_ok=True)
        _record(preset.experiment, path)
    return 0


def _record(experiment: Experiment, path: Path) -> None:
    began = time.perf_counter()
    for frame in record(experiment, path):
        last = frame
    seconds = time.perf_counter() - began
    for panel, end in zip(experiment.panels, last.panels, strict=True):
        stopped = "" if end.stopped is None else f"  {end.stopped}"
        accuracy = f"train {end.train_accuracy:.4f}  test {end.test_accuracy:.4f}"
        print(f"{panel.loss:<18}loss {end.loss:.4f}  {accuracy}{stopped}")
    print(f"{last.step} steps in {seconds:.1f} s, written to {path}")


def _pairs(written: Iterable[str]) -> dict[str, str]:
    """Split ``knob=value`` texts."""
    pairs = {}
    for one in written:
        name, sign, value = one.partition("=")
        if not sign:
            raise Refusal("errors.not_a_pair", written=repr(one[:40]))
        pairs[name.strip()] = value.strip()
    return pairs


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
