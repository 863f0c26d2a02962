"""What ``loss-geometry sweep`` does: make the sweep, train it or list it, and show its best settings."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from app.cli import device
from app.cli.terminal import aligned, padded
from engine import Experiment
from engine.sweeping.grid import DIAL, NET
from engine.sweeping.sweep import Sweep, summary
from spec import Refusal, text

#: Settings that are shown at the end.
_BEST = 10


def run(options: argparse.Namespace, experiment: Experiment) -> int:
    """Train the sweep, or list it; return 130 where it was interrupted."""
    sweep = Sweep(experiment, _grid(options), options.seeds)
    place = device.chosen(options.device)
    if options.list:
        _list(sweep, options, place)
        return 0
    if not options.out:
        raise Refusal("sweep.no_folder")
    try:
        table = sweep.run(
            Path(options.out), record=options.record, memory=options.memory, device=place, language=options.language
        )
    except KeyboardInterrupt:
        print(text("sweep.stopped", options.language), file=sys.stderr)
        return 130
    best = summary(table).head(_BEST)
    swept = [name for name in best if name.removeprefix("knobs.") in sweep.values]
    print("\n".join(aligned(_rows(best[["median", "lowest", "highest", "n", "stopped", "loss", *swept]]))))
    print(text("sweep.said.rows", options.language, rows=len(table), folder=options.out))
    return 0


def _grid(options: argparse.Namespace) -> dict[str, str]:
    """Read the grid; what is in it cannot be set as well."""
    grid: dict[str, str] = {}
    for written in options.grid:
        name, sign, values = written.partition("=")
        name = name.strip()
        if not sign:
            raise Refusal("sweep.not_a_grid", written=repr(written[:40]))
        if name in grid:
            raise Refusal("sweep.named_twice", name=name)
        grid[name] = values
    named = [one for _, settings in options.panels for one in settings]
    named += [f"{DIAL}{one}" for one in options.dial] + [f"{NET}{one}" for one in options.net_set]
    for name in (one.partition("=")[0].strip() for one in named):
        if name in grid:
            raise Refusal("sweep.set_too", name=name)
    return grid


def _list(sweep: Sweep, options: argparse.Namespace, place: str) -> None:
    plan = sweep.plan(options.memory, place)
    chunks = sweep.chunks(plan.panels, options.record)
    settings = len(sweep.settings)
    many = {"panels": plan.panels, "at_once": plan.chunks_at_once, "memory": options.memory}
    for name, value in (
        ("settings", str(settings)),
        ("trainings", text("sweep.said.seeds", options.language, count=settings * sweep.seeds, seeds=sweep.seeds)),
        ("chunks", text("sweep.said.panels", options.language, count=len(chunks), **many)),
        ("first", chunks[0].experiment.canonical),
    ):
        print(padded(text(f"sweep.said.{name}", options.language), 12) + value)


def _rows(table: pd.DataFrame) -> list[Sequence[str]]:
    """Return the names of the columns, as they stand in the table of the folder, and below them what they hold."""
    columns = [[str(name), *(_cell(value) for value in table[name])] for name in table]
    return list(zip(*columns, strict=True))


def _cell(value: object) -> str:
    if pd.isna(value):
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
