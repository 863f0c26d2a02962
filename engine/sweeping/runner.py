"""Trains the chunks of a sweep, and puts their rows and recordings into its folder."""

import math
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Event
from typing import final

import pandas as pd

from engine.frames.frame import Frame
from engine.running.failures import is_out_of_memory
from engine.sweeping.chunks import Chunk, RecordMode, train_chunk
from engine.sweeping.folder import SweepFolder
from engine.sweeping.parallel import train_in_parallel
from engine.sweeping.progress import Progress
from engine.sweeping.table import Columns
from spec import Refusal

#: The whole table is written again when training has taken so many times as long as writing it did.
_PATIENCE = 20


@final
@dataclass(frozen=True, eq=False)
class Runner:
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
        with self._refusals(panels):
            return train_chunk(
                chunk.experiment,
                path,
                device=self.device,
                tick=lambda steps: self.progress.count(steps * panels, stop),
                worth=self.progress.worth_compiling,
                adapted=self.record == "adapted",
            )

    @contextmanager
    def _refusals(self, panels: int) -> Iterator[None]:
        """Turn a full disk and missing memory into one sentence."""
        try:
            yield
        except sqlite3.Error as error:  # of the recording
            raise Refusal("sweep.disk", folder=self.folder.path, reason=str(error)) from error
        except Refusal:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise Refusal("sweep.out_of_memory", panels=panels, memory=self.memory) from error
            raise
