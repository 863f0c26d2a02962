"""The folder of a sweep, from which a sweep that was killed goes on.

``sweep.json`` says what is swept, ``chunks/`` has the rows of each chunk that is done, ``recordings/`` its recording,
``sweep.csv`` and ``sweep.parquet`` are all rows together.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Self, final

import pandas as pd

from engine.recording.file_format import SUFFIX
from engine.running.failures import disk_refusals
from spec import Refusal


@final
class SweepFolder:
    """A folder that this process alone writes. A file gets its final name only once it is complete.

    ``description`` says what is swept, ``data`` are the checksums of its samples. Raises ``Refusal`` where the folder
    holds another sweep, one of other data, or other files, and where it is in use or cannot be written.
    """

    def __init__(self, path: Path, description: Mapping[str, Any], data: Sequence[str]) -> None:
        self.path = path
        self._unfinished = path / ".unfinished"
        self._refusals = partial(disk_refusals, "sweep.disk", folder=path)
        with self._refusals():
            path.mkdir(parents=True, exist_ok=True)
            self._lock = self._acquire_lock()
        try:
            with self._refusals():
                self._claim(json.loads(json.dumps({**description, "data": data})))
                shutil.rmtree(self._unfinished, ignore_errors=True)
                for folder in (self._unfinished, path / "chunks", path / "recordings"):
                    folder.mkdir(exist_ok=True)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._lock.close()

    def read_tables(self) -> list[pd.DataFrame]:
        """Return the rows of the chunks that are done; the name of a recording that is gone is empty."""
        tables = []
        for file in sorted((self.path / "chunks").glob("*.parquet")):
            try:
                table = pd.read_parquet(file)
                if not {"setting", "seed", "recording"} <= set(table):
                    raise ValueError
            except (OSError, ValueError):
                raise Refusal("sweep.damaged", file=f"chunks/{file.name}", folder=self.path) from None
            names = {name: name if (self.path / name).is_file() else "" for name in set(table["recording"]) - {""}}
            tables.append(table.replace({"recording": names}))
        return tables

    def recording_path(self, name: str) -> Path:
        """Return where the recording of a chunk is written first; ``store_chunk`` moves it to its place."""
        path = self._unfinished / f"{name}{SUFFIX}"
        path.unlink(missing_ok=True)
        return path

    def recording_name(self, name: str) -> str:
        """Return the name of a chunk's recording in the table."""
        return f"recordings/{name}{SUFFIX}"

    def store_chunk(self, name: str, table: pd.DataFrame) -> None:
        """Store a chunk: its recording, where there is one, then its rows. With them, it is done."""
        with self._refusals():
            recording = self._unfinished / f"{name}{SUFFIX}"
            if recording.exists():
                recording.replace(self.path / self.recording_name(name))
            self._write_file(f"chunks/{name}.parquet", lambda file: table.to_parquet(file, index=False))

    def write_table(self, table: pd.DataFrame) -> None:
        """Write the whole table, as CSV and as Parquet."""
        with self._refusals():
            self._write_file("sweep.csv", lambda file: table.to_csv(file, index=False))
            self._write_file("sweep.parquet", lambda file: table.to_parquet(file, index=False))

    def _write_file(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file under another name, then give it its own."""
        unfinished = self._unfinished / Path(name).name
        write(unfinished)
        unfinished.replace(self.path / name)

    def _claim(self, description: Mapping[str, Any]) -> None:
        """Check that the folder holds this sweep; write its description where the folder is empty."""
        file = self.path / "sweep.json"
        if not file.exists():
            if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise Refusal("sweep.foreign", folder=self.path)
            self._unfinished.mkdir(exist_ok=True)
            text = json.dumps(description, indent=1, ensure_ascii=False) + "\n"
            self._write_file("sweep.json", lambda path: path.write_text(text, encoding="utf-8"))
            return
        try:
            plan = dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError, RecursionError):
            raise Refusal("sweep.damaged_plan", file=file.name, folder=self.path) from None
        differing = [name for name in description if plan.get(name) != description[name]]
        if differing == ["data"]:
            raise Refusal("sweep.other_data", data=description["experiment"]["data"])
        if differing:
            raise Refusal("sweep.other", folder=self.path, what=", ".join(differing))

    def _acquire_lock(self) -> sqlite3.Connection:
        """Return a lock that ends with this process, however it ends: SQLite's, which works on every system."""
        lock = sqlite3.connect(self.path / ".lock", timeout=0, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" in str(error):
                raise Refusal("sweep.busy", folder=self.path) from None
            raise
        return lock
