"""What ``loss-geometry sweep`` does: make the sweep, train it or list it, and show its best settings."""

import argparse
import sys
from collections.abc import Iterable

import pandas as pd

from engine import Experiment
from engine.sweep import Sweep, summary
from spec import Refusal, text

#: Settings that are shown at the end.
_BEST = 10


def run(options: argparse.Namespace, experiment: Experiment) -> int:
    """Train the sweep, or list it; return 130 where it was interrupted."""
    sweep = Sweep(experiment, _grid(options), options.seeds)
    if options.list:
        _list(sweep, options)
        return 0
    if options.out is None:
        raise Refusal("sweep.no_folder")
    try:
        table = sweep.run(options.out, record=options.record, memory=options.memory, device=options.device)
    except KeyboardInterrupt:
        print(text("sweep.stopped"), file=sys.stderr)
        return 130
    best = summary(table).head(_BEST)
    swept = [name for name in best if name.removeprefix("knobs.") in sweep.values]
    print("\n".join(_aligned(best[["median", "lowest", "highest", "n", "stopped", "loss", *swept]])))
    print(f"{len(table)} rows in {options.out}: sweep.csv, sweep.parquet, recordings/")
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
    named = [one for _, settings in options.panels for one in settings] + [f"data.{one}" for one in options.dial]
    for name in (one.partition("=")[0].strip() for one in named):
        if name in grid:
            raise Refusal("sweep.set_too", name=name)
    return grid


def _list(sweep: Sweep, options: argparse.Namespace) -> None:
    panels = sweep.panels(options.memory, options.device)
    chunks = sweep.chunks(panels, options.record)
    settings = len(sweep.settings)
    print(f"settings    {settings}")
    print(f"trainings   {settings * sweep.seeds}  (seeds: {sweep.seeds})")
    print(f"chunks      {len(chunks)}  (panels: {panels} at most; memory: {options.memory} MiB)")
    print(f"first       {chunks[0].experiment.canonical}")


def _aligned(table: pd.DataFrame) -> Iterable[str]:
    """Yield the lines of a table, its columns as wide as what is in them."""
    columns = [[str(name), *(_cell(value) for value in table[name])] for name in table]
    widths = [max(map(len, column)) for column in columns]
    for line in zip(*columns, strict=True):
        yield "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()


def _cell(value: object) -> str:
    if pd.isna(value):
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
