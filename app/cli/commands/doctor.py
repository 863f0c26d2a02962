"""``loss-geometry doctor``: look at the machine and at what is installed, and train for a moment."""

import argparse
import os
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import torch

from app.cli.commands.render import has_packages
from app.cli.data_files import describe_availability
from app.cli.device import resolve_device
from app.cli.terminal import pad
from engine import Experiment, Panel, PanelFrame, train
from engine.machine.threads import spare
from engine.recording.library import runs_folder
from spec import Refusal, text
from toy_data import DATA_SETS

_PACKAGES = ("loss-geometry", "torch", "streamlit", "numpy", "scikit-learn")

#: Commands that start a C++ compiler, unless ``CXX`` names one.
_COMPILERS = ("c++", "g++", "clang++")

#: GiB that the recordings of a lesson need.
_DISK = 1.0

#: Seconds that the test training may take once it runs, its steps, and the steps between two looks at the clock.
TIME_LIMIT, _STEPS, _STEPS_PER_LOOK = 10.0, 150, 5


def run(options: argparse.Namespace) -> int:
    """Print what is there; return 1 where something is missing that the app needs, or the device that was named."""
    language: str = options.language
    refusal: Refusal | None = None
    try:
        device = resolve_device()
    except Refusal as error:  # the rest is then tried on another device
        refusal, device = error, resolve_device("auto")
    folder = runs_folder()
    free = shutil.disk_usage(_existing_parent(folder)).free / 2**30
    system = f"{platform.system()} {platform.machine()}"
    disk = {"folder": folder, "free": free, "trouble": text("doctor.disk", language)}
    threads = {"used": torch.get_num_threads(), "cores": os.cpu_count(), "spare": spare()}
    lines = [
        ("python", text("doctor.python", language, version=platform.python_version(), system=system)),
        ("packages", ", ".join(f"{name} {version(name)}" for name in _PACKAGES)),
        ("device", refusal.message.render(language) if refusal else f"{device}: {_device_name(device)}"),
        ("threads", text("doctor.threads", language, **threads)),
        ("compiler", find_compiler() or text("doctor.compiler", language)),
        ("pictures", text("doctor.ready" if has_packages() else "film.missing", language)),
        ("runs", text("doctor.free" if free > _DISK else "doctor.full", language, **disk)),
        *(
            ("data", text("doctor.data", language, slug=slug, state=describe_availability(slug).render(language)))
            for slug in DATA_SETS
        ),
    ]
    for name, sentence in lines:
        _print_line(name, sentence, language)
    return 0 if train_briefly(device, language) and free > _DISK and refusal is None else 1


def find_compiler() -> str | None:
    """Return the path of a C++ compiler, which the mode ``fast`` needs on the CPU, or ``None``."""
    preferred = os.environ.get("CXX")
    return next(filter(None, map(shutil.which, (preferred,) if preferred else _COMPILERS)), None)


def train_briefly(device: str, language: str) -> bool:
    """Train two panels for a moment, print the result, and return whether they learned.

    The time limit starts with the first frame: before it PyTorch prepares itself, which is slow on a busy machine.
    """
    experiment = Experiment(
        panels=(Panel(loss="arcface"), Panel(loss="softmax")), steps=_STEPS, steps_per_frame=_STEPS_PER_LOOK
    )
    began = time.perf_counter()
    deadline: float | None = None
    steps, panels = 0, tuple[PanelFrame, ...]()
    for frame in train(experiment, device=device):
        steps, panels = frame.step, frame.panels
        now = time.perf_counter()
        deadline = now + TIME_LIMIT if deadline is None else deadline
        if now >= deadline:
            break
    seconds = time.perf_counter() - began
    learned = all(panel.stopped is None and panel.test_accuracy > 0.5 for panel in panels)
    accuracies = ", ".join(f"{panel.test_accuracy:.2f}" for panel in panels)
    words = text("doctor.well" if learned else "doctor.unwell", language)
    values = {"place": device, "steps": steps, "seconds": seconds, "words": words, "reached": accuracies}
    _print_line("training", text("doctor.trained", language, **values), language)
    return learned


def _print_line(name: str, sentence: str, language: str) -> None:
    print(pad(text(f"doctor.line.{name}", language), 11) + sentence)


def _device_name(device: str) -> str:
    if device == "cuda":
        gpu = torch.cuda.get_device_properties(0)
        return f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    return platform.processor() or platform.machine()


def _existing_parent(folder: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    return folder if folder.exists() else _existing_parent(folder.parent)
