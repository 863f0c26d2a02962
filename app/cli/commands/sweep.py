"""``loss-geometry sweep``: train an experiment over a grid into one table, and print its best settings."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from app.cli.device import resolve_device
from app.cli.experiment import make_experiment
from app.cli.terminal import align, pad
from engine.machine.malloc import keep_freed
from engine.machine.threads import take_turns
from engine.sweeping.grid import DIAL, NET
from engine.sweeping.sweep import Sweep, summary
from spec import Refusal, text

#: Settings that are printed at the end.
_BEST = 10


def run(options: argparse.Namespace) -> int:
    """Train the sweep, or list what it would train; return 130 after Ctrl-C."""
    keep_freed()
    take_turns()
    sweep = Sweep(make_experiment(options), _parse_grid(options), options.seeds)
    device = resolve_device(options.device)
    if options.list:
        _list(sweep, options, device)
        return 0
    if not options.out:
        raise Refusal("sweep.no_folder")
    try:
        table = sweep.run(
            Path(options.out), record=options.record, memory=options.memory, device=device, language=options.language
        )
    except KeyboardInterrupt:
        print(text("sweep.stopped", options.language), file=sys.stderr)
        return 130
    best = summary(table).head(_BEST)
    swept = [name for name in best if name.removeprefix("knobs.") in sweep.values]
    print("\n".join(align(_rows(best[["median", "lowest", "highest", "n", "stopped", "loss", *swept]]))))
    print(text("sweep.said.rows", options.language, rows=len(table), folder=options.out))
    return 0


def _parse_grid(options: argparse.Namespace) -> dict[str, str]:
    """Read the grid; raise ``Refusal`` where a knob of the grid is named twice or set as well."""
    grid: dict[str, str] = {}
    for word in options.grid:
        name, sign, values = word.partition("=")
        name = name.strip()
        if not sign:
            raise Refusal("sweep.not_a_grid", written=repr(word[:40]))
        if name in grid:
            raise Refusal("sweep.named_twice", name=name)
        grid[name] = values
    settings = [pair for _, pairs in options.panels for pair in pairs]
    settings += [f"{DIAL}{pair}" for pair in options.dial] + [f"{NET}{pair}" for pair in options.net_set]
    for name in (pair.partition("=")[0].strip() for pair in settings):
        if name in grid:
            raise Refusal("sweep.set_too", name=name)
    return grid


def _list(sweep: Sweep, options: argparse.Namespace, device: str) -> None:
    """Print how much the sweep would train, and its first experiment."""
    plan = sweep.plan(options.memory, device)
    chunks = sweep.chunks(plan.panels, options.record)
    settings = len(sweep.settings)
    limits = {"panels": plan.panels, "at_once": plan.chunks_at_once, "memory": options.memory}
    for name, value in (
        ("settings", str(settings)),
        ("trainings", text("sweep.said.seeds", options.language, count=settings * sweep.seeds, seeds=sweep.seeds)),
        ("chunks", text("sweep.said.panels", options.language, count=len(chunks), **limits)),
        ("first", chunks[0].experiment.canonical),
    ):
        print(pad(text(f"sweep.said.{name}", options.language), 12) + value)


def _rows(table: pd.DataFrame) -> list[Sequence[str]]:
    """Return the rows of a table as texts; the first row holds the names of the columns, as in the files."""
    columns = [[str(name), *(_cell(value) for value in table[name])] for name in table]
    return list(zip(*columns, strict=True))


def _cell(value: object) -> str:
    if pd.isna(value):
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
