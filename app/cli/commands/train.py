"""``loss-geometry train``: train an experiment into a recording."""

import argparse
import sys
import time
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app.cli.device import resolve_device
from app.cli.experiment import make_experiment
from app.cli.knob_lines import NAME_COLUMNS
from app.cli.terminal import pad
from engine import Experiment, record
from engine.machine.malloc import keep_freed
from engine.machine.threads import take_turns
from engine.running.frame_sampler import FrameMode
from spec import Refusal, text


def run(options: argparse.Namespace) -> int:
    """Train, record, and print how each panel ended; return 130 after Ctrl-C."""
    if not options.out:
        raise Refusal("cli.wrong.recording", option="--out")
    keep_freed()
    take_turns()
    experiment = make_experiment(options)
    device = resolve_device(options.device)
    return train_into(Path(options.out), experiment, device, options.language, options.frames)


def train_into(path: Path, experiment: Experiment, device: str, language: str, frames: FrameMode = "all") -> int:
    """Train into a recording at ``path``, with a progress bar on a terminal; return the exit status."""
    began = time.perf_counter()
    bar: tqdm[Any] = tqdm(total=experiment.steps, unit=text("sweep.step", language), leave=False, disable=None)
    try:
        with bar:
            for frame in record(experiment, path, device=device, frames=frames):
                last = frame
                bar.update(frame.step - bar.n)
    except KeyboardInterrupt:
        if path.exists():
            print(text("cli.train.stopped", language, path=path), file=sys.stderr)
        return 130
    seconds = time.perf_counter() - began
    for panel, end in zip(experiment.panels, last.panels, strict=True):
        stopped = "" if end.stopped is None else f"  {end.stopped.render(language)}"
        values = {"value": end.loss, "train": end.train_accuracy, "test": end.test_accuracy}
        print(text("cli.train.panel", language, loss=pad(panel.loss, NAME_COLUMNS), stopped=stopped, **values))
    print(text("cli.train.written", language, steps=last.step, seconds=seconds, path=path))
    return 0
