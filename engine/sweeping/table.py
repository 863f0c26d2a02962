"""The table of a sweep: one row for each setting and seed."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, final

import pandas as pd
from pandas.api.types import is_numeric_dtype

from engine.config.experiment import Experiment
from engine.frames.frame import Frame
from engine.sweeping.chunks import Chunk
from engine.sweeping.grid import DIAL, NET, NUMBERS
from spec import Knob, Refusal

#: The columns beside knobs, dials and metrics, and their types. Those before ``seed`` tell settings apart.
_FIRST = {"setting": "int64", "loss": "str"}
_SHARED = {"learning_rate": "float64", **dict.fromkeys(NUMBERS, "int64")}
_ENDS = {"seed": "int64", "test_accuracy": "float64", "train_accuracy": "float64", "loss_value": "float64"}
_LAST = {
    "stopped": "str",
    "seconds": "float64",
    "mode": "str",
    "key": "str",
    "recording": "str",
    "panel": "int64",
}


@final
class Columns:
    """The columns of a sweep and their types, the same for all its chunks, since they go into one table."""

    def __init__(self, experiment: Experiment) -> None:
        losses = [each.make().knobs() for each in experiment.panels]
        kinds: dict[str, list[str]] = {}
        for knob in (knob for knobs in losses for knob in knobs):
            kinds.setdefault(_knob_column(knob.name), []).append(knob.kind)
        knobs = {name: _type(own, everywhere=len(own) == len(losses)) for name, own in kinds.items()}
        net = _prefix_columns(NET, experiment.make_net().knobs())
        self._settings = {**_FIRST, **knobs, **_SHARED, **net, **_prefix_columns(DIAL, experiment.data_set().dials())}

    def make_rows(self, chunk: Chunk, frame: Frame, seconds: float, recording: str) -> pd.DataFrame:
        """Return the rows of a chunk: what was trained, the results, and where they are recorded."""
        experiment, rows = chunk.experiment, []
        for place, (trial, panel) in enumerate(zip(chunk.trials, frame.panels, strict=True)):
            setting = trial.setting
            row = {
                "setting": setting.number,
                "loss": setting.loss,
                **{_knob_column(name): value for name, value in setting.knobs.items()},
                "learning_rate": setting.learning_rate or experiment.learning_rate,
                **setting.numbers,
                **{f"{NET}{name}": value for name, value in setting.net_knobs.items()},
                **{f"{DIAL}{name}": value for name, value in setting.dials.items()},
                "seed": trial.seed,
                "test_accuracy": panel.test_accuracy,
                "train_accuracy": panel.train_accuracy,
                "loss_value": panel.loss,
                **{f"metrics.{name}": value for name, value in panel.metrics.items()},
                "stopped": "" if panel.stopped is None else panel.stopped.render(),
                "seconds": seconds / len(chunk.trials),
                "mode": experiment.mode,
                "key": experiment.key,
                "recording": recording,
                "panel": place,
            }
            rows.append(row)
        return self._set_types(pd.DataFrame(rows))

    def join(self, tables: Iterable[pd.DataFrame]) -> pd.DataFrame:
        """Return all rows in the order of settings and seeds."""
        whole = pd.concat(tables, ignore_index=True).sort_values(["setting", "seed"], ignore_index=True)
        return self._set_types(whole)

    def _set_types(self, table: pd.DataFrame) -> pd.DataFrame:
        metrics = dict.fromkeys(sorted(name for name in table if str(name).startswith("metrics.")), "float64")
        types: Mapping[str, Any] = {**self._settings, **_ENDS, **metrics, **_LAST}
        return table.reindex(columns=list(types)).astype(types)


def summary(table: pd.DataFrame, by: str | Sequence[str] = (), *, of: str = "test_accuracy") -> pd.DataFrame:
    """Return for each setting the median, lowest and highest of a column over its seeds, the best median first.

    ``n`` is the number of trainings, ``stopped`` how many of them stopped because their numbers were not finite. ``by``
    names other columns to group by. Raises ``Refusal`` where the table is not of a sweep, lacks a column, or ``of`` has
    no numbers.
    """
    columns = list(table.columns)
    if not {"seed", "stopped"} <= set(columns):
        raise Refusal("sweep.no_table")
    keys = list(dict.fromkeys([by] if isinstance(by, str) else by)) or columns[: columns.index("seed")]
    for name, allowed in (
        *((key, [each for each in columns if each != "stopped"]) for key in keys),
        (of, [each for each in columns if each not in {*keys, "stopped"} and is_numeric_dtype(table[each])]),
    ):
        if name not in allowed:
            raise Refusal("sweep.unknown_column", name=repr(name)[:40], allowed=", ".join(map(str, allowed)))
    # empty cells of a file are read as missing numbers
    rows = table.assign(stopped=table["stopped"].notna() & (table["stopped"] != ""))
    groups = rows.groupby(keys, dropna=False, sort=False)
    columns_of = {"median": (of, "median"), "lowest": (of, "min"), "highest": (of, "max"), "n": (of, "size")}
    best = groups.agg(**columns_of, stopped=("stopped", "sum")).reset_index()
    return best.sort_values(["median", "lowest"], ascending=False, kind="stable", ignore_index=True)


def _knob_column(name: str) -> str:
    """Return the column of a knob: its name, unless another column has that name."""
    return f"knobs.{name}" if name in {*_FIRST, *_SHARED, *_ENDS, *_LAST} else name


def _prefix_columns(prefix: str, knobs: Iterable[Knob]) -> dict[str, str]:
    """Return the columns of knobs that every setting has, and their types."""
    return {f"{prefix}{knob.name}": _type([knob.kind], everywhere=True) for knob in knobs}


def _type(kinds: Sequence[str], *, everywhere: bool) -> str:
    """Return the type of a column for knobs of these kinds, which may be empty unless they are ``everywhere``."""
    match sorted(set(kinds)):
        case ["whole"]:
            return "int64" if everywhere else "Int64"
        case ["number"] | ["number", "whole"]:
            return "float64"
        case ["switch"]:
            return "bool" if everywhere else "boolean"
    return "str"
