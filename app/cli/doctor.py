"""What ``loss-geometry doctor`` looks at: the machine, what is installed on it, and whether training works there."""

import os
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import torch

from app.cli import data, device, render
from app.cli.terminal import padded
from engine import Experiment, Panel, PanelFrame, train
from engine.machine.threads import spare
from engine.recording.library import runs_folder
from spec import Refusal, text
from toy_data import DATA_SETS

_PACKAGES = ("loss-geometry", "torch", "streamlit", "numpy", "scikit-learn")

#: Commands that start a C++ compiler, beside the one that ``CXX`` names.
_COMPILERS = ("c++", "g++", "clang++")

#: GiB that the recordings of a lesson need.
_DISK = 1.0

#: Seconds that the self-test may take, its steps, and how many of them lie between two looks at the clock.
_SECONDS, _STEPS, _LOOK = 10.0, 150, 5


def run(language: str = "en") -> int:
    """Tell what is found; return 1 where something is missing that the app needs, or the device that is asked for."""
    refused: Refusal | None = None
    try:
        place = device.chosen()
    except Refusal as refusal:  # just then one wants to know what is here: the rest is tried on another device
        refused, place = refusal, device.chosen("auto")
    folder = runs_folder()
    free = shutil.disk_usage(_existing(folder)).free / 2**30
    system = f"{platform.system()} {platform.machine()}"
    disk = {"folder": folder, "free": free, "trouble": text("doctor.disk", language)}
    used = {"used": torch.get_num_threads(), "cores": os.cpu_count(), "spare": spare()}
    lines = [
        ("python", text("doctor.python", language, version=platform.python_version(), system=system)),
        ("packages", ", ".join(f"{name} {version(name)}" for name in _PACKAGES)),
        ("device", refused.message.render(language) if refused else f"{place}: {_described(place)}"),
        ("threads", text("doctor.threads", language, **used)),
        ("compiler", compiler() or text("doctor.compiler", language)),
        ("pictures", text("doctor.ready" if render.ready() else "film.missing", language)),
        ("runs", text("doctor.free" if free > _DISK else "doctor.full", language, **disk)),
        *(
            ("data", text("doctor.data", language, slug=slug, state=data.state(slug).render(language)))
            for slug in DATA_SETS
        ),
    ]
    for name, found in lines:
        _say(name, found, language)
    return 0 if _trains(place, language) and free > _DISK and refused is None else 1


def compiler() -> str | None:
    """Return the path of a C++ compiler, which the mode ``fast`` needs on the CPU, or ``None``."""
    named = os.environ.get("CXX")
    return next(filter(None, map(shutil.which, (named,) if named else _COMPILERS)), None)


def _trains(place: str, language: str) -> bool:
    """Train for a moment, and tell whether the nets learn."""
    experiment = Experiment(panels=(Panel(loss="arcface"), Panel(loss="softmax")), steps=_STEPS, steps_per_frame=_LOOK)
    began = time.perf_counter()
    steps, panels = 0, tuple[PanelFrame, ...]()
    for frame in train(experiment, device=place):
        steps, panels = frame.step, frame.panels
        if time.perf_counter() - began > _SECONDS:
            break
    seconds = time.perf_counter() - began
    good = all(panel.stopped is None and panel.test_accuracy > 0.5 for panel in panels)
    reached = ", ".join(f"{panel.test_accuracy:.2f}" for panel in panels)
    words = text("doctor.well" if good else "doctor.unwell", language)
    told = {"place": place, "steps": steps, "seconds": seconds, "words": words, "reached": reached}
    _say("training", text("doctor.trained", language, **told), language)
    return good


def _say(line: str, found: str, language: str) -> None:
    print(padded(text(f"doctor.line.{line}", language), 11) + found)


def _described(place: str) -> str:
    """Return the name of what a device is."""
    if place == "cuda":
        gpu = torch.cuda.get_device_properties(0)
        return f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    return platform.processor() or platform.machine()


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
