"""What each command of ``loss-geometry`` does, beside the start of the app."""

import argparse
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from tqdm import tqdm

from app import presets as shipped
from app.cli import data as data_sets
from app.cli import device
from app.cli import render as pictures
from app.cli.terminal import padded, wrapped
from engine import Experiment, record
from engine.config.experiment import one_of, parse_knobs
from engine.machine.malloc import keep_freed
from engine.machine.threads import take_turns
from engine.nets import NETS, Net, net_idea, net_title
from engine.recording.reader import SUFFIX
from engine.running.frame_sampler import Frames
from losses import LOSSES, knob_help, loss_title
from spec import Knob, Refusal, has_text, text
from toy_data import DATA_SETS

#: Columns of the names in a list, of what is behind them, and of the lines about a knob.
_NAME, _KNOB, _WIDE = 18, 16, 78


def train(options: argparse.Namespace) -> int:
    """Train an experiment into a recording and tell how each panel ended; return 130 where it was interrupted."""
    if not options.out:
        raise Refusal("cli.wrong.recording", option="--out")
    keep_freed()
    take_turns()
    experiment = _experiment(options)
    return _record(experiment, Path(options.out), device.chosen(options.device), options.language, options.frames)


def sweep(options: argparse.Namespace) -> int:
    """Train an experiment over a grid into one table."""
    from app.cli.sweep import run  # noqa: PLC0415  (pandas, which no other command needs)

    keep_freed()
    take_turns()
    return run(options, _experiment(options))


def render(options: argparse.Namespace) -> int:
    """Draw a recording."""
    return pictures.run(options)


def verify(options: argparse.Namespace) -> int:
    """Hold losses against everything there is; return 1 where a check fails."""
    from app.cli.verify import run  # noqa: PLC0415  (scikit-learn and all the checks, which no other command needs)

    return run(options)


def new_loss(options: argparse.Namespace) -> int:
    """Write every place that a loss of the project needs."""
    from app.cli.new_loss import run  # noqa: PLC0415  (the verification, which few commands need)

    return run(options)


def losses(options: argparse.Namespace) -> int:
    """List the losses and their knobs."""
    language = options.language
    for slug, loss in LOSSES.items():
        cite = loss.cite
        print(f"{padded(slug, _NAME)}{loss_title(loss, language)}: {cite.authors}, {cite.year}, {cite.where}")
        for knob in loss.knobs():
            show_knob(knob, knob_help(loss, knob, language), language)
    return 0


def nets(options: argparse.Namespace) -> int:
    """List the nets and their knobs."""
    language = options.language
    for slug, net in NETS.items():
        print(f"{padded(slug, _NAME)}{net_title(net, language)}: {net_idea(net, language)}")
        for knob in net.knobs():
            show_knob(knob, _net_help(net, knob, language), language)
    return 0


def data(options: argparse.Namespace) -> int:
    """List, fetch, check or convert data sets."""
    if options.action is not None:
        return data_sets.run(options)
    for slug, data_set in DATA_SETS.items():
        print(f"{padded(slug, _NAME)}{data_sets.state(slug).render(options.language)}")
        for dial in data_set.dials():
            show_knob(dial, text(f"data.dial.{dial.name}", options.language), options.language)
    return 0


def doctor(options: argparse.Namespace) -> int:
    """Check the machine."""
    from app.cli import doctor as machine  # noqa: PLC0415  (the trainer's process, which no other command needs)

    return machine.run(options.language)


def presets(options: argparse.Namespace) -> int:
    """Train the runs that the app opens with, on the CPU: they come along, and are the same on each machine."""
    if options.out == "":
        raise Refusal("cli.wrong.folder", option="--out")
    folder = shipped.FOLDER if options.out is None else Path(options.out)
    for preset in shipped.PRESETS:
        path = folder / f"{preset.slug}{SUFFIX}"
        path.unlink(missing_ok=True)
        if status := _record(preset.experiment, path, "cpu", options.language):
            return status
    return 0


def show_knob(knob: Knob, about: str, language: str) -> None:
    """Print a knob: its default, what it allows, and what it does."""
    print(f"    {padded(knob.name, _KNOB)}{data_sets.ranges(knob).render(language)}")
    for line in wrapped(about, _WIDE - 4 - _KNOB) if about else ():
        print(" " * (4 + _KNOB) + line)


def _net_help(net: type[Net], knob: Knob, language: str) -> str:
    """Return what a knob of a net does, or what a net from outside says of it."""
    key = f"nets.{net.slug}.knobs.{knob.name}"
    return text(key, language) if has_text(key) else knob.about


def _experiment(options: argparse.Namespace) -> Experiment:
    """Make the experiment that the options describe; of a path, remember where the file lies."""
    options.data, file = data_sets.place(options.data)
    options.dial = [*([] if file is None else [f"file={file}"]), *options.dial]
    panels = [
        {"loss": slug, "knobs": parse_knobs(slug, one_of("loss", slug, LOSSES).knobs(), _pairs(written))}
        for slug, written in options.panels
    ]
    plain = ("data", "net", "dim", "batch", "steps", "steps_per_frame", "seed", "points", "learning_rate", "mode")
    return Experiment.parse(
        {
            **{name: getattr(options, name) for name in plain},
            "panels": panels,
            "net_knobs": parse_knobs(options.net, one_of("net", options.net, NETS).knobs(), _pairs(options.net_set)),
            "dials": parse_knobs(options.data, DATA_SETS[options.data].dials(), _pairs(options.dial)),
        }
    )


def _record(experiment: Experiment, path: Path, device: str, language: str, frames: Frames = "all") -> int:
    """Train into a recording; a terminal is shown how far it is."""
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
        print(text("cli.train.panel", language, loss=padded(panel.loss, _NAME), stopped=stopped, **values))
    print(text("cli.train.written", language, steps=last.step, seconds=seconds, path=path))
    return 0


def _pairs(written: Iterable[str]) -> dict[str, str]:
    """Split ``knob=value`` texts; none may be there twice."""
    pairs: dict[str, str] = {}
    for one in written:
        name, sign, value = (part.strip() for part in one.partition("="))
        if not sign:
            raise Refusal("errors.not_a_pair", written=repr(one[:40]))
        if name in pairs:
            raise Refusal("cli.wrong.twice", name=name[:40])
        pairs[name] = value
    return pairs
