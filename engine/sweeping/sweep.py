"""A sweep: a grid over knobs of losses and net, dials and more, each setting under some seeds (docs/sweeps.md)."""

import math
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import MappingProxyType
from typing import Any, final

import pandas as pd

from engine.config.experiment import Experiment, one_of
from engine.config.validation import plain
from engine.frames.frame import Frame
from engine.machine.device import device_of
from engine.running.failures import disk_refusals, is_out_of_memory
from engine.sweeping.chunks import RECORD_MODES, Chunk, RecordMode, cut_into_chunks, train_chunk
from engine.sweeping.expansion import Setting, Trial, count_settings, expand, find_knobs
from engine.sweeping.folder import SweepFolder
from engine.sweeping.grid import MAX_TRAININGS, parse_values
from engine.sweeping.memory import estimate_bytes
from engine.sweeping.parallel import ParallelPlan, train_in_parallel
from engine.sweeping.progress import Progress
from engine.sweeping.table import Columns, summary
from spec import LANGUAGES, Knob, Refusal
from spec.knobs import Value
from toy_data import DATA_SETS, Samples
from toy_data.user_data import checksum

__all__ = ["Sweep", "summary"]

#: MiB that the panels that are trained at once may take, unless the caller says otherwise.
MIB = 1024
_MEMORY = Knob(name="memory", kind="whole", default=MIB, low=1, high=2**24)

_SEEDS = Knob(name="seeds", kind="whole", default=1, low=1, high=MAX_TRAININGS)
_LAST_SEED = 2**31 - 1  # of an experiment

#: The whole table is written again when training has taken so many times as long as writing it did.
_PATIENCE = 20


@final
@dataclass(frozen=True)
class Sweep:
    """Which settings are trained: the losses of an experiment, each over those knobs of the grid that it has.

    The panels of ``experiment`` are the losses and their fixed knobs; everything else of it holds for all settings.
    ``grid`` has the values, in a list or as text (``0:0.6:13``, ``4,8,16``, ``1:64:7:log``), of knobs of the losses,
    of ``learning_rate``, ``dim``, ``batch``, ``steps``, of knobs of the net (``net.depth``) and of dials of the data
    (``data.classes``). Seeds count up from the experiment's.
    Raises ``Refusal`` where a knob or a value does not exist, where something is there twice, and where there would be
    more than 100,000 trainings.
    """

    experiment: Experiment
    grid: Mapping[str, str | Iterable[Any]] = field(default_factory=dict)
    seeds: int = 1
    values: Mapping[str, tuple[Value, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if not isinstance(self.experiment, Experiment):
            raise Refusal("sweep.not_an_experiment", value=repr(self.experiment)[:40])
        if not isinstance(self.grid, Mapping):
            raise Refusal("sweep.not_a_mapping", value=repr(self.grid)[:40])
        object.__setattr__(self, "seeds", _SEEDS.check(plain(self.seeds)))
        last = self.experiment.seed + self.seeds - 1
        if last > _LAST_SEED:
            raise Refusal("sweep.last_seed", last=last, most=_LAST_SEED)
        values = {name: _check_values(find_knobs(self.experiment, name), given) for name, given in self.grid.items()}
        object.__setattr__(self, "values", MappingProxyType(values))
        object.__setattr__(self, "grid", self.values)
        trainings = self.seeds * count_settings(self.experiment, self.values)
        if trainings > MAX_TRAININGS:
            raise Refusal("sweep.too_many", count=trainings, most=MAX_TRAININGS)
        identities = set()
        for setting in self.settings:
            if setting.identity in identities:
                raise Refusal("sweep.same_setting", loss=setting.loss)
            identities.add(setting.identity)

    @cached_property
    def settings(self) -> tuple[Setting, ...]:
        """Every setting: loss after loss, each with the product of its values, the last knob moving fastest."""
        return tuple(expand(self.experiment, self.values))

    @property
    def description(self) -> dict[str, Any]:
        """What is swept, for JSON; equal sweeps have equal descriptions."""
        grid = [[name, list(values)] for name, values in self.values.items()]
        return {"experiment": self.experiment.model_dump(mode="json"), "grid": grid, "seeds": self.seeds}

    def plan(self, memory: int = MIB, device: str = "cpu") -> ParallelPlan:
        """Return how many panels are trained side by side: as many of the largest setting as fit into ``memory`` MiB.

        Raises ``Refusal`` where the device or a data set is missing, or the net cannot take the data.
        """
        budget, place = int(_MEMORY.check(plain(memory))) * 2**20, device_of(device)
        sizes: dict[tuple[Any, ...], int] = {}
        for setting in self.settings:
            # a loss's numbers do not change what autograd saves of a batch; its words and switches may
            words = tuple(value for value in setting.knobs.values() if isinstance(value, str | bool))
            kind = (setting.loss, words, setting.common)
            if kind not in sizes:
                sizes[kind] = estimate_bytes(
                    setting.experiment(self.experiment), setting.panel, self._load_samples(setting)
                )
        return ParallelPlan.of(len(self.settings) * self.seeds, budget // max(sizes.values()), place)

    def chunks(
        self, panels: int, record: RecordMode = "last", done: frozenset[tuple[int, int]] = frozenset()
    ) -> list[Chunk]:
        """Return the chunks of at most ``panels`` panels, without trials that are ``done`` (setting's number, seed)."""
        one_of("record", record, dict.fromkeys(RECORD_MODES))
        trials = (
            Trial(setting.number * self.seeds + place, setting, self.experiment.seed + place)
            for place in range(self.seeds)
            for setting in self.settings
        )
        chunks = cut_into_chunks(trials, self.experiment, panels, all_frames=record in {"all", "adapted"})
        # cut first: a sweep that goes on is cut at the same places
        left = (chunk.without(done) for chunk in chunks)
        return [chunk for chunk in left if chunk.trials]

    def run(
        self,
        folder: Path | str | None = None,
        *,
        record: RecordMode = "last",
        memory: int = MIB,
        device: str = "cpu",
        progress: bool = True,
        language: str = "en",
    ) -> pd.DataFrame:
        """Train all settings, chunk after chunk, and return the table: one row for each setting and seed.

        With a ``folder``, tables and recordings are stored there, and the same sweep in the same folder goes on where
        it stopped. ``memory`` is what all panels that are trained at once may take, in MiB; in the mode ``exact`` it
        changes no result. In the mode ``fast`` steps are compiled only if the sweep goes on for a minute or more.
        ``progress`` shows a bar, in a ``language`` (``en`` or ``zh``). Raises ``Refusal`` where the data, the device or
        the folder cannot be used, or the data change.
        """
        one_of("language", language, dict.fromkeys(LANGUAGES))
        one_of("record", record, dict.fromkeys(RECORD_MODES))
        if folder is None:
            with TemporaryDirectory() as temporary:
                return self.run(
                    temporary, record="none", memory=memory, device=device, progress=progress, language=language
                )
        # whatever can be refused is refused before the folder exists
        plan, columns, data = self.plan(memory, device), Columns(self.experiment), self._checksums()

        def check_data(chunk: Chunk) -> None:
            setting = chunk.trials[0].setting
            if _checksum(self._load_samples(setting)) != data[tuple(setting.dials.items())]:
                raise Refusal("sweep.other_data", data=self.experiment.data)

        description = {**self.description, "record": record}
        with SweepFolder(Path(folder), description, list(data.values())) as own:
            tables = own.read_tables()
            done = frozenset(pair for table in tables for pair in zip(table["setting"], table["seed"], strict=True))
            steps = [setting.numbers["steps"] for setting in self.settings]
            total, before = sum(steps) * self.seeds, sum(steps[setting] for setting, _ in done)
            with closing(Progress(total, before, shown=progress, language=language)) as bar:
                runner = _Runner(own, columns, bar, check_data, record, memory, device)
                return runner.run(self.chunks(plan.panels, record, done), plan.chunks_at_once, tables)

    def _load_samples(self, setting: Setting) -> Samples:
        return DATA_SETS[self.experiment.data](**setting.dials).load()

    def _checksums(self) -> dict[tuple[Any, ...], str]:
        """Return for each setting of the dials the checksum of its samples."""
        settings = {tuple(setting.dials.items()): setting for setting in self.settings}
        return {dials: _checksum(self._load_samples(setting)) for dials, setting in settings.items()}


@final
@dataclass(frozen=True, eq=False)
class _Runner:
    """Where the rows of a sweep go and how its chunks are trained.

    ``check_data`` raises ``Refusal`` where the data of a chunk have changed; ``memory`` is in MiB.
    """

    folder: SweepFolder
    columns: Columns
    progress: Progress
    check_data: Callable[[Chunk], None]
    record: RecordMode
    memory: int
    device: str

    def run(self, chunks: Sequence[Chunk], at_once: int, tables: list[pd.DataFrame]) -> pd.DataFrame:
        """Train chunks, ``at_once`` at a time, and return their rows together with those of ``tables``."""
        tables, cost, last_write = list(tables), 0.0, -math.inf
        with train_in_parallel(chunks, self._train, at_once) as results:
            for chunk, (frame, seconds) in results:
                recording = "" if self.record == "none" else self.folder.recording_name(chunk.name)
                tables.append(self.columns.make_rows(chunk, frame, seconds, recording))
                self.folder.store_chunk(chunk.name, tables[-1])
                began = time.monotonic()
                if began - last_write > _PATIENCE * cost:
                    self.folder.write_table(self.columns.join(tables))
                    last_write = time.monotonic()
                    cost = last_write - began
        table = self.columns.join(tables)
        self.folder.write_table(table)
        return table

    def _train(self, chunk: Chunk, stop: Event) -> tuple[Frame, float]:
        self.check_data(chunk)
        path = None if self.record == "none" else self.folder.recording_path(chunk.name)
        panels = len(chunk.trials)
        try:
            with disk_refusals("sweep.disk", folder=self.folder.path):
                return train_chunk(
                    chunk.experiment,
                    path,
                    device=self.device,
                    tick=lambda steps: self.progress.count(steps * panels, stop),
                    worth=self.progress.worth_compiling,
                    adapted=self.record == "adapted",
                )
        except Exception as error:
            if is_out_of_memory(error):
                raise Refusal("sweep.out_of_memory", panels=panels, memory=self.memory) from error
            raise


@lru_cache(maxsize=4)  # as many samples as the readers of data sets cache
def _checksum(samples: Samples) -> str:
    return checksum(samples)


def _check_values(knobs: Sequence[Knob], given: str | Iterable[Any]) -> tuple[Value, ...]:
    """Return the values as the first knob has them; the other knobs of that name must accept them too."""
    values = parse_values(knobs[0], given)
    for knob in knobs[1:]:
        for value in values:
            knob.check(value)
    return values
