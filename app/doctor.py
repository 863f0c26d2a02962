"""What ``loss-geometry doctor`` looks at: the machine, what is installed on it, and whether training works there."""

import os
import platform
import shutil
import time
from importlib.metadata import version
from pathlib import Path

import torch

from app import rendering
from engine import Experiment, Panel, PanelFrame, train
from engine.shelf import runs_folder
from engine.threads import spare
from engine.worker import choose_device
from spec import text
from toy_data import available

_PACKAGES = ("loss-geometry", "torch", "streamlit", "numpy", "scikit-learn")

#: Commands that start a C++ compiler, beside the one that ``CXX`` names.
_COMPILERS = ("c++", "g++", "clang++")

#: GiB that the recordings of a lesson need.
_DISK = 1.0

#: Seconds that the self-test may take, its steps, and how many of them lie between two looks at the clock.
_SECONDS, _STEPS, _LOOK = 10.0, 150, 5


def run() -> int:
    """Tell what is found; return 1 where something is missing that the app needs."""
    folder = runs_folder()
    free = shutil.disk_usage(_existing(folder)).free / 2**30
    device = choose_device(os.environ.get("LOSS_GEOMETRY_DEVICE", "auto"))
    print(f"python     {platform.python_version()} on {platform.system()} {platform.machine()}")
    print(f"packages   {', '.join(f'{name} {version(name)}' for name in _PACKAGES)}")
    print(f"device     {device}: {_described(device)}")
    print(f"threads    {torch.get_num_threads()} of {os.cpu_count()} cores, training takes {spare()} at most")
    print(f"compiler   {compiler() or text('doctor.compiler')}")
    print(f"pictures   {'ready' if rendering.ready() else text('film.missing')}")
    print(f"runs       {folder} ({free:.1f} GiB free{'' if free > _DISK else ', ' + text('doctor.disk')})")
    for slug, reason in available().items():
        print(f"data       {slug}: {'ready' if reason is None else reason}")
    return 0 if _trains(device) and free > _DISK else 1


def compiler() -> str | None:
    """Return the path of a C++ compiler, which the mode ``fast`` needs on the CPU, or ``None``."""
    named = os.environ.get("CXX")
    return next(filter(None, map(shutil.which, (named,) if named else _COMPILERS)), None)


def _trains(device: str) -> bool:
    """Train for a moment, and tell whether the nets learn."""
    experiment = Experiment(panels=(Panel(loss="arcface"), Panel(loss="softmax")), steps=_STEPS, steps_per_frame=_LOOK)
    began = time.perf_counter()
    steps, panels = 0, tuple[PanelFrame, ...]()
    for frame in train(experiment, device=device):
        steps, panels = frame.step, frame.panels
        if time.perf_counter() - began > _SECONDS:
            break
    seconds = time.perf_counter() - began
    good = all(panel.stopped is None and panel.test_accuracy > 0.5 for panel in panels)
    reached = ", ".join(f"{panel.test_accuracy:.2f}" for panel in panels)
    words = text("doctor.well" if good else "doctor.unwell")
    print(f"training   {steps} steps of two panels in {seconds:.1f} s, {words} (test accuracy {reached})")
    return good


def _described(device: str) -> str:
    """Return the name of what a device is."""
    if device == "cuda":
        gpu = torch.cuda.get_device_properties(0)
        return f"{gpu.name}, {gpu.total_memory / 2**30:.0f} GiB"
    return platform.processor() or platform.machine()


def _existing(folder: Path) -> Path:
    return folder if folder.exists() else _existing(folder.parent)
