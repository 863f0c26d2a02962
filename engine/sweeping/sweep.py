"""A sweep: a grid over knobs of losses and net, dials and more, each setting under some seeds (docs/sweeps.md)."""

import dataclasses
import math
import sqlite3
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from itertools import count, product
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event
from types import MappingProxyType
from typing import Any, Literal, final, get_args

import pandas as pd

from engine.config.edits import LEARNING_RATE
from engine.config.experiment import NUMBERS as OF_EXPERIMENT
from engine.config.experiment import Experiment, Panel, one_of
from engine.config.validation import plain
from engine.frames.frame import Frame
from engine.machine.device import device_of
from engine.running.worker import why_failed
from engine.sweeping.chunks import Chunk, Setting, Trial, cut, footprint, train_chunk
from engine.sweeping.folder import SweepFolder
from engine.sweeping.grid import DIAL, MOST, NET, NUMBERS, values_of
from engine.sweeping.parallel import Together, trained
from engine.sweeping.progress import Progress
from engine.sweeping.table import Columns, summary
from spec import LANGUAGES, Knob, Message, Refusal
from spec.knobs import Value
from toy_data import DATA_SETS, Samples
from toy_data.user_data import checksum

__all__ = ["Sweep", "summary"]

Record = Literal["last", "all", "adapted", "none"]

#: What is recorded of each chunk: its first and its last frame, all frames of the experiment, as many of them as their
#: share of the time allows (``engine.running.frame_sampler``), or nothing.
RECORDS: tuple[Record, ...] = get_args(Record)

#: MiB that the panels that are trained at once may take, unless something else is said.
MIB = 1024
_MEMORY = Knob(name="memory", kind="whole", default=MIB, low=1, high=2**24)

_SEEDS = Knob(name="seeds", kind="whole", default=1, low=1, high=MOST)
_LAST_SEED = 2**31 - 1  # of an experiment

#: The tables of the folder are written anew when training has taken so many times as long as writing them did.
_PATIENCE = 20


@final
@dataclass(frozen=True)
class Sweep:
    """Which settings are trained: the losses of an experiment, each over the knobs of the grid that it has.

    The panels of ``experiment`` are the losses and their fixed knobs; everything else of it holds for all settings.
    ``grid`` has the values, in a list or as text (``0:0.6:13``, ``4,8,16``, ``1:64:7:log``), of knobs of the losses,
    of ``learning_rate``, ``dim``, ``batch``, ``steps``, of knobs of the net (``net.depth``) and of dials of the data
    (``data.classes``). Seeds are counted from the experiment's.
    Raises ``Refusal`` where a knob or a value does not exist, something is there twice, or it would be too many.
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

    def together(self, memory: int = MIB, device: str = "cpu") -> Together:
        """Return what is trained together, as many panels of the most expensive setting as fit into so many MiB.

        Raises ``Refusal`` where the device or, with one of the dials, the data set is not to be had, or the net cannot
        take it.
        """
        budget, place = int(_MEMORY.check(plain(memory))) * 2**20, device_of(device)
        seen: dict[tuple[Any, ...], int] = {}
        for setting in self.settings:
            # numbers of a loss do not change what is kept of a batch; words and switches may, and what is shared does
            words = tuple(value for value in setting.knobs.values() if isinstance(value, str | bool))
            kind = (setting.loss, words, setting.shared)
            if kind not in seen:
                seen[kind] = footprint(setting.experiment(self.experiment), setting.panel, self._samples(setting))
        return Together.of(len(self.settings) * self.seeds, budget // max(seen.values()), place)

    def chunks(
        self, panels: int, record: Record = "last", done: frozenset[tuple[int, int]] = frozenset()
    ) -> list[Chunk]:
        """Return what is trained together, so many panels at most; ``done`` is left out."""
        one_of("record", record, dict.fromkeys(RECORDS))
        trials = (
            Trial(setting.number * self.seeds + place, setting, self.experiment.seed + place)
            for place in range(self.seeds)
            for setting in self.settings
        )
        whole = cut(trials, self.experiment, panels, film=record in {"all", "adapted"})
        left = (chunk.without(done) for chunk in whole)  # what is left of a sweep is cut at the same places
        return [chunk for chunk in left if chunk.trials]

    def run(
        self,
        folder: Path | str | None = None,
        *,
        record: Record = "last",
        memory: int = MIB,
        device: str = "cpu",
        progress: bool = True,
        language: str = "en",
    ) -> pd.DataFrame:
        """Train all settings, chunk after chunk, and return the table: one row for each setting and seed.

        With a ``folder``, tables and recordings are kept there, and the same sweep in the same folder goes on where
        it stopped. ``memory`` is what all panels that are trained at once may take, in MiB; in the mode ``exact`` it
        changes no result. In the mode ``fast`` a program is compiled only if the sweep goes on for a minute or more.
        ``progress`` shows a bar, in a ``language`` (``en`` or ``zh``). Raises ``Refusal`` where the data, the
        device or the folder is not to be had, or the data change.
        """
        one_of("language", language, dict.fromkeys(LANGUAGES))
        one_of("record", record, dict.fromkeys(RECORDS))
        if folder is None:
            with TemporaryDirectory() as passing:
                return self.run(
                    passing, record="none", memory=memory, device=device, progress=progress, language=language
                )
        # what can be refused is refused before the folder is there
        together, columns, data = self.together(memory, device), Columns(self.experiment), self._checksums()
        self.chunks(together.panels, record)
        with SweepFolder(Path(folder), {**self.description, "record": record}, list(data.values())) as kept:
            tables = kept.tables()
            done = frozenset(pair for table in tables for pair in zip(table["setting"], table["seed"], strict=True))
            cost, shown = 0.0, -math.inf

            def train(chunk: Chunk, ending: Event) -> tuple[Frame, float]:
                self._unchanged(chunk, data)
                path = None if record == "none" else kept.recording(chunk.name)
                size = len(chunk.trials)
                with _said(kept, size, memory):
                    return train_chunk(
                        chunk.experiment,
                        path,
                        device=device,
                        tick=lambda steps: bar.step(steps * size, ending),
                        worth=bar.long,
                        adapted=record == "adapted",
                    )

            chunks = self.chunks(together.panels, record, done)
            with self._progress(done, progress, language) as bar, trained(chunks, train, together.at_once) as ended:
                for chunk, (frame, seconds) in ended:
                    recording = "" if record == "none" else kept.place(chunk.name)
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

    def _samples(self, setting: Setting) -> Samples:
        return DATA_SETS[self.experiment.data](**setting.dials).load()

    def _checksums(self) -> dict[tuple[Any, ...], str]:
        """Return for the dials of each setting, each once, the checksum of their samples."""
        once = {tuple(setting.dials.items()): setting for setting in self.settings}
        return {dials: _checksum(self._samples(setting)) for dials, setting in once.items()}

    def _unchanged(self, chunk: Chunk, data: Mapping[tuple[Any, ...], str]) -> None:
        """Raise ``Refusal`` where a file of the user's is no longer what it was when the sweep began."""
        setting = chunk.trials[0].setting
        if _checksum(self._samples(setting)) != data[tuple(setting.dials.items())]:
            raise Refusal("sweep.other_data", data=self.experiment.data)

    def _settings(self) -> Iterator[Setting]:
        numbers, own = count(), self.experiment
        for panel in own.panels:
            names = self._own(panel)
            for values in product(*(self.values[name] for name in names)):
                chosen = dict(zip(names, values, strict=True))
                rate = chosen.pop(LEARNING_RATE.name, panel.learning_rate)
                dials, net = _under(DIAL, chosen), _under(NET, chosen)
                sizes = {name: int(chosen.pop(name, getattr(own, name))) for name in NUMBERS}
                yield Setting(
                    number=next(numbers),
                    loss=panel.loss,
                    knobs={**panel.knobs, **chosen},
                    learning_rate=None if rate is None else float(rate),
                    dials={**own.dials, **dials},
                    net_knobs={**own.net_knobs, **net},
                    numbers=sizes,
                )

    def _own(self, panel: Panel) -> list[str]:
        """Return the names in the grid that concern a panel, in their order."""
        knobs = {knob.name for knob in panel.make().knobs()} | set(self._common)
        return [name for name in self.values if name in knobs]

    @cached_property
    def _common(self) -> Mapping[str, Knob]:
        """What a grid may have for every loss; it goes before a knob of a loss that is called the same."""
        own = self.experiment
        return {
            LEARNING_RATE.name: LEARNING_RATE,
            **{name: OF_EXPERIMENT[name] for name in NUMBERS},
            **{
                f"{NET}{knob.name}": dataclasses.replace(knob, name=f"{NET}{knob.name}")
                for knob in own.make_net().knobs()
            },
            **{
                f"{DIAL}{dial.name}": dataclasses.replace(dial, name=f"{DIAL}{dial.name}")
                for dial in own.data_set().dials()
            },
        }

    def _knobs(self, name: str) -> list[Knob]:
        """Return the knobs that a name in the grid means: those of all losses that have it, or the one there is."""
        if name in self._common:
            return [self._common[name]]
        knobs = [knob for panel in self.experiment.panels for knob in panel.make().knobs()]
        found = [knob for knob in knobs if knob.name == name]
        if not found:
            allowed = dict.fromkeys([*(knob.name for knob in knobs), *self._common])
            raise Refusal("sweep.unknown_knob", name=repr(name)[:40], allowed=", ".join(allowed))
        return found

    def _progress(self, done: Iterable[tuple[int, int]], shown: bool, language: str) -> Progress:
        steps = [setting.numbers["steps"] for setting in self.settings]
        return Progress(sum(steps) * self.seeds, sum(steps[own] for own, _ in done), shown=shown, language=language)


@lru_cache(maxsize=4)  # as many as their readers keep
def _checksum(samples: Samples) -> str:
    return checksum(samples)


def _under(prefix: str, chosen: dict[str, Any]) -> dict[str, Any]:
    """Take those out whose name begins so, and return them without it."""
    names = [name for name in chosen if name.startswith(prefix)]
    return {name.removeprefix(prefix): chosen.pop(name) for name in names}


def _checked(knobs: Sequence[Knob], given: str | Iterable[Any]) -> tuple[Value, ...]:
    """Return the values as the first knob has them; the others of that name must take them too."""
    values = values_of(knobs[0], given)
    for knob in knobs[1:]:
        for value in values:
            knob.check(value)
    return values


@contextmanager
def _said(kept: SweepFolder, panels: int, memory: int) -> Iterator[None]:
    """Put what the disk refuses and what does not fit into memory into one sentence."""
    try:
        yield
    except sqlite3.Error as error:  # of the recording
        raise Refusal("sweep.disk", folder=kept.path, reason=str(error)) from error
    except Exception as error:
        if why_failed(error) == Message.of("server.out_of_memory"):
            raise Refusal("sweep.out_of_memory", panels=panels, memory=memory) from error
        raise
