"""What each command of ``loss-geometry`` does, beside the start of the app."""

import argparse
import time
from collections.abc import Iterable
from pathlib import Path

from app import gathering, rendering
from app import presets as shipped
from engine import Experiment, record
from engine.experiment import one_of, parse_knobs
from engine.heap import keep_freed
from engine.nets import NETS, net_idea, net_title
from losses import LOSSES
from spec import Refusal
from toy_data import DATA_SETS


def train(options: argparse.Namespace) -> int:
    """Train an experiment into a recording and tell how each panel ended."""
    keep_freed()
    _record(_experiment(options), options.out)
    return 0


def sweep(options: argparse.Namespace) -> int:
    """Train an experiment over a grid into one table."""
    from app.sweeping import run  # noqa: PLC0415  (pandas, which no other command needs)

    keep_freed()
    return run(options, _experiment(options))


def render(options: argparse.Namespace) -> int:
    """Draw a recording."""
    return rendering.run(options)


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


def nets(options: argparse.Namespace) -> int:
    """List the nets and their knobs."""
    for slug, net in NETS.items():
        print(f"{slug:<18}{net_title(net)}: {net_idea(net)}")
        for knob in net.knobs():
            print(f"    {knob.name:<16}{gathering.ranges(knob)}")
    return 0


def data(options: argparse.Namespace) -> int:
    """List, fetch, check or convert data sets."""
    return gathering.run(options)


def doctor(options: argparse.Namespace) -> int:
    """Check the machine."""
    from app import doctor as machine  # noqa: PLC0415  (the trainer's process, which no other command needs)

    return machine.run()


def presets(options: argparse.Namespace) -> int:
    """Train the runs that the app opens with."""
    for preset in shipped.PRESETS:
        path = (options.out or shipped.FOLDER) / f"{preset.slug}.lossgeo"
        path.unlink(missing_ok=True)
        _record(preset.experiment, path)
    return 0


def _experiment(options: argparse.Namespace) -> Experiment:
    """Make the experiment that the options describe."""
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
            "dials": parse_knobs(options.data, one_of("data", options.data, DATA_SETS).dials(), _pairs(options.dial)),
        }
    )


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
