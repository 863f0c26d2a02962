"""A sweep: a grid over knobs, learning rates and dials, each setting trained under some seeds (docs/sweeps.md)."""

import math
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any, Literal, final, get_args

import pandas as pd
from tqdm import tqdm

from engine.chunks import CACHED, PANELS, Chunk, Setting, Trial, cut, footprint, train_chunk
from engine.experiment import Experiment, Panel, one_of
from engine.frame import Frame
from engine.grid import MOST, values_of
from engine.sweep_folder import SweepFolder
from engine.sweep_table import Columns, summary
from engine.trainer import LEARNING_RATE
from engine.worker import why_failed
from spec import Knob, Message, Refusal
from spec.knobs import Value
from toy_data import DATA_SETS

__all__ = ["Sweep", "summary"]

Record = Literal["last", "all", "none"]

#: What is recorded of each chunk: its first and its last frame, all frames of the experiment, or nothing.
RECORDS: tuple[Record, ...] = get_args(Record)

#: MiB that the panels of a chunk may take together, unless something else is said.
MIB = 1024
_MEMORY = Knob(name="memory", kind="whole", default=MIB, low=1, high=2**24)

#: What stands before the name of a dial in a grid, and in the columns of the table.
DIAL = "data."

_SEEDS = Knob(name="seeds", kind="whole", default=1, low=1, high=MOST)
_LAST_SEED = 2**31 - 1  # of an experiment

#: Steps between two frames at most, which an experiment allows.
_FAR = 10_000

#: The tables of the folder are written anew when training has taken so many times as long as writing them did.
_PATIENCE = 20


@final
@dataclass(frozen=True)
class Sweep:
    """Which settings are trained: the losses of an experiment, each over the knobs of the grid that it has.

    The panels of ``experiment`` are the losses and their fixed knobs; everything else of it holds for all settings.
    ``grid`` has, for each knob of a loss, for ``learning_rate`` and for dials of the data (``data.classes``), the
    values, in a list or as text (``0:0.6:13``, ``4,8,16``, ``1:64:7:log``). Seeds are counted from the experiment's.
    Raises ``Refusal`` where a knob or a value does not exist, something is there twice, or it would be too many.
    """

    experiment: Experiment
    grid: Mapping[str, str | Iterable[Any]] = field(default_factory=dict)
    seeds: int = 1
    values: Mapping[str, tuple[Value, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        _SEEDS.check(self.seeds)
        last = self.experiment.seed + self.seeds - 1
        if last > _LAST_SEED:
            raise Refusal("sweep.last_seed", last=last, most=_LAST_SEED)
        values = {name: _checked(self._knobs(name), given) for name, given in self.grid.items()}
        object.__setattr__(self, "values", MappingProxyType(values))
        object.__setattr__(self, "grid", self.values)
        trainings = self.seeds * sum(
            math.prod(len(values[name]) for name in self._own(panel)) for panel in self.experiment.panels
        )
        if trainings > MOST:
            raise Refusal("sweep.too_many", count=trainings, most=MOST)
        seen = set()
        for setting in self.settings:
            if setting.identity in seen:
                raise Refusal("sweep.same_setting", loss=setting.loss)
            seen.add(setting.identity)

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting: loss after loss, each with the product of its values, the last knob moving fastest."""
        return tuple(self._settings())

    @property
    def description(self) -> dict[str, Any]:
        """What is swept, for JSON; sweeps with equal descriptions are the same."""
        grid = [[name, list(values)] for name, values in self.values.items()]
        return {"experiment": self.experiment.model_dump(mode="json"), "grid": grid, "seeds": self.seeds}

    def panels(self, memory: int = MIB, device: str = "cpu") -> int:
        """Return how many panels of the most expensive setting fit into so many MiB, from 1 to 16 (a GPU: to 64).

        Raises ``Refusal`` where the data set is not to be had with one of the dials, or the net cannot take it.
        """
        budget = int(_MEMORY.check(memory)) * 2**20
        seen: dict[tuple[Any, ...], int] = {}
        for setting in self.settings:
            # numbers do not change what is kept of a batch; words and switches may, and so may the data
            words = tuple(value for value in setting.knobs.values() if isinstance(value, str | bool))
            kind = (setting.loss, words, tuple(setting.dials.items()))
            if kind not in seen:
                samples = DATA_SETS[self.experiment.data](**setting.dials).load()
                seen[kind] = footprint(self.experiment, setting.panel, samples)
        most = CACHED if device.startswith("cpu") else PANELS
        return max(1, min(most, budget // max(seen.values())))

    def chunks(
        self, panels: int, record: Record = "last", done: frozenset[tuple[int, int]] = frozenset()
    ) -> list[Chunk]:
        """Return what is trained together, so many panels at most; ``done`` is left out."""
        one_of("record", record, dict.fromkeys(RECORDS))
        own = self.experiment
        base = own if record == "all" else own.model_copy(update={"steps_per_frame": min(own.steps, _FAR)})
        trials = (
            Trial(setting.number * self.seeds + place, setting, own.seed + place)
            for place in range(self.seeds)
            for setting in self.settings
        )
        return cut((trial for trial in trials if (trial.setting.number, trial.seed) not in done), base, panels)

    def run(
        self,
        folder: Path | str | None = None,
        *,
        record: Record = "last",
        memory: int = MIB,
        device: str = "cpu",
        progress: bool = True,
    ) -> pd.DataFrame:
        """Train all settings, chunk after chunk, and return the table: one row for each setting and seed.

        With a ``folder``, tables and recordings are kept there, and the same sweep in the same folder goes on where
        it stopped. ``memory`` is what the panels of a chunk may take, in MiB; in the mode ``exact`` it changes no
        result. Raises ``Refusal`` where the data, the device or the folder is not to be had.
        """
        # what can be refused is refused before the folder is there
        panels, columns = self.panels(memory, device), Columns(self.experiment)
        self.chunks(panels, record)
        if folder is None:
            with TemporaryDirectory() as passing:
                return self.run(passing, record="none", memory=memory, device=device, progress=progress)
        with SweepFolder(Path(folder), {**self.description, "record": record}) as kept:
            tables = kept.tables()
            done = frozenset(pair for table in tables for pair in zip(table["setting"], table["seed"], strict=True))
            cost, shown = 0.0, -math.inf
            with self._bar(len(done), progress) as bar:
                for chunk in self.chunks(panels, record, done):
                    path = None if record == "none" else kept.recording(chunk.name)
                    frame, seconds = _trained(chunk, path, device, memory, bar)
                    recording = "" if path is None else kept.place(chunk.name)
                    tables.append(columns.table(chunk, frame, seconds, recording))
                    kept.keep(chunk.name, tables[-1])
                    began = time.monotonic()
                    if began - shown > _PATIENCE * cost:
                        kept.show(columns.joined(tables))
                        shown = time.monotonic()
                        cost = shown - began
            whole = columns.joined(tables)
            kept.show(whole)
        return whole

    def _settings(self) -> Iterator[Setting]:
        numbers = count()
        for panel in self.experiment.panels:
            names = self._own(panel)
            for values in product(*(self.values[name] for name in names)):
                chosen = dict(zip(names, values, strict=True))
                rate = chosen.pop(LEARNING_RATE.name, panel.learning_rate)
                dials = {name.removeprefix(DIAL): chosen.pop(name) for name in names if name.startswith(DIAL)}
                yield Setting(
                    number=next(numbers),
                    loss=panel.loss,
                    knobs={**panel.knobs, **chosen},
                    learning_rate=None if rate is None else float(rate),
                    dials={**self.experiment.dials, **dials},
                )

    def _own(self, panel: Panel) -> list[str]:
        """Return the names in the grid that concern a panel, in their order."""
        knobs = {knob.name for knob in panel.make().knobs()}
        return [name for name in self.values if name == LEARNING_RATE.name or name.startswith(DIAL) or name in knobs]

    def _knobs(self, name: str) -> list[Knob]:
        """Return the knobs that a name in the grid means: those of all losses that have it, or the one there is."""
        if name == LEARNING_RATE.name:
            return [LEARNING_RATE]
        dials = {f"{DIAL}{dial.name}": dial for dial in self.experiment.data_set().dials()}
        if name in dials:
            return [dials[name]]
        knobs = [knob for panel in self.experiment.panels for knob in panel.make().knobs()]
        found = [knob for knob in knobs if knob.name == name]
        if not found:
            allowed = dict.fromkeys([*(knob.name for knob in knobs), LEARNING_RATE.name, *dials])
            raise Refusal("sweep.unknown_knob", name=repr(name)[:40], allowed=", ".join(allowed))
        return found

    def _bar(self, done: int, progress: bool) -> "tqdm[Any]":
        """Return the progress in steps of panels."""
        steps, trials = self.experiment.steps, len(self.settings) * self.seeds
        total, initial = trials * steps, done * steps
        return tqdm(total=total, initial=initial, desc="sweep", unit="step", unit_scale=True, disable=not progress)


def _checked(knobs: Sequence[Knob], given: str | Iterable[Any]) -> tuple[Value, ...]:
    """Return the values as the first knob has them; the others of that name must take them too."""
    values = values_of(knobs[0], given)
    for knob in knobs[1:]:
        for value in values:
            knob.check(value)
    return values


def _trained(chunk: Chunk, path: Path | None, device: str, memory: int, bar: "tqdm[Any]") -> tuple[Frame, float]:
    size = len(chunk.trials)
    try:
        return train_chunk(chunk.experiment, path, device=device, tick=lambda steps: bar.update(steps * size))
    except Exception as error:
        if why_failed(error) == Message.of("server.out_of_memory"):
            raise Refusal("sweep.out_of_memory", panels=size, memory=memory) from error
        raise
