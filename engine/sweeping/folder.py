"""The folder of a sweep: what is done is there, whole, and a sweep that was killed goes on from it.

``sweep.json`` says what is swept, ``chunks/`` has the rows of each finished chunk, ``recordings/`` its recording,
``sweep.csv`` and ``sweep.parquet`` are all rows together.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self, final

import pandas as pd

from engine.recording.reader import SUFFIX
from spec import Refusal


@final
class SweepFolder:
    """A folder that this process alone writes. Whatever stands under its final name is whole.

    ``data`` are checksums of what is trained on. Raises ``Refusal`` where the folder holds another sweep, one of other
    data, or other files, is in use, or cannot be written.
    """

    def __init__(self, path: Path, description: Mapping[str, Any], data: Sequence[str]) -> None:
        self.path = path
        self._unfinished = path / ".unfinished"
        with self._writing():
            path.mkdir(parents=True, exist_ok=True)
            self._lock = self._locked()
        try:
            with self._writing():
                self._claim(json.loads(json.dumps({**description, "data": data})))
                shutil.rmtree(self._unfinished, ignore_errors=True)
                for folder in (self._unfinished, path / "chunks", path / "recordings"):
                    folder.mkdir(exist_ok=True)
        except BaseException:
            self._lock.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        shutil.rmtree(self._unfinished, ignore_errors=True)
        self._lock.close()

    def tables(self) -> list[pd.DataFrame]:
        """Read the rows of the chunks that are done; where a recording is gone, they name none."""
        found = []
        for file in sorted((self.path / "chunks").glob("*.parquet")):
            try:
                table = pd.read_parquet(file)
                if not {"setting", "seed", "recording"} <= set(table):
                    raise ValueError
            except (OSError, ValueError):
                raise Refusal("sweep.damaged", file=f"chunks/{file.name}", folder=self.path) from None
            there = {place: place if (self.path / place).is_file() else "" for place in set(table["recording"]) - {""}}
            found.append(table.replace({"recording": there}))
        return found

    def recording(self, name: str) -> Path:
        """Return where the recording of a chunk is to be written; ``keep`` puts it into its place."""
        path = self._unfinished / f"{name}{SUFFIX}"
        path.unlink(missing_ok=True)
        return path

    def place(self, name: str) -> str:
        """Return where the recording of a chunk will be, as the table has it."""
        return f"recordings/{name}{SUFFIX}"

    def keep(self, name: str, table: pd.DataFrame) -> None:
        """Keep a chunk: its recording, where there is one, then its rows, with which it is done."""
        with self._writing():
            recording = self._unfinished / f"{name}{SUFFIX}"
            if recording.exists():
                recording.replace(self.path / self.place(name))
            self._put(f"chunks/{name}.parquet", lambda file: table.to_parquet(file, index=False))

    def show(self, table: pd.DataFrame) -> None:
        """Write the whole table, as CSV and as Parquet."""
        with self._writing():
            self._put("sweep.csv", lambda file: table.to_csv(file, index=False))
            self._put("sweep.parquet", lambda file: table.to_parquet(file, index=False))

    def _put(self, name: str, write: Callable[[Path], object]) -> None:
        """Write a file under another name, then give it its own."""
        unfinished = self._unfinished / Path(name).name
        write(unfinished)
        unfinished.replace(self.path / name)

    def _claim(self, description: Mapping[str, Any]) -> None:
        """Find this sweep here, or begin it where nothing is."""
        file = self.path / "sweep.json"
        if not file.exists():
            if any(not entry.name.startswith(".") for entry in self.path.iterdir()):
                raise Refusal("sweep.foreign", folder=self.path)
            self._unfinished.mkdir(exist_ok=True)
            written = json.dumps(description, indent=1, ensure_ascii=False) + "\n"
            self._put("sweep.json", lambda path: path.write_text(written, encoding="utf-8"))
            return
        try:
            found = dict(json.loads(file.read_text(encoding="utf-8")))
        except (ValueError, TypeError, RecursionError):
            raise Refusal("sweep.damaged_plan", file=file.name, folder=self.path) from None
        differing = [name for name in description if found.get(name) != description[name]]
        if differing == ["data"]:
            raise Refusal("sweep.other_data", data=description["experiment"]["data"])
        if differing:
            raise Refusal("sweep.other", folder=self.path, what=", ".join(differing))

    def _locked(self) -> sqlite3.Connection:
        """Hold a lock that ends with this process, however it ends: SQLite has one on every system."""
        lock = sqlite3.connect(self.path / ".lock", timeout=0, isolation_level=None)
        try:
            lock.execute("BEGIN EXCLUSIVE")
        except sqlite3.OperationalError as error:
            lock.close()
            if "locked" in str(error):
                raise Refusal("sweep.busy", folder=self.path) from None
            raise
        return lock

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Put what the disk refuses into one sentence."""
        try:
            yield
        except OSError as error:
            raise Refusal("sweep.disk", folder=self.path, reason=error.strerror or type(error).__name__) from error
        except sqlite3.Error as error:
            raise Refusal("sweep.disk", folder=self.path, reason=str(error)) from error
