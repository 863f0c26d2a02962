"""A run as one SQLite file, written: ``Recorder`` (docs/recording.md)."""

import errno
import json
import os
import platform
import sqlite3
import time
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any, final

import torch

from engine.recording.reader import APPLICATION_ID, PATIENCE, USER_VERSION, Event, Record, Recording, to_json
from spec import Message, Refusal

#: Bytes of a page: frames are blobs of tens of KiB, which the default of 4 KiB would scatter.
_PAGE = 16384

_SCHEMA = """
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL);
CREATE TABLE points (name TEXT PRIMARY KEY, body BLOB NOT NULL);
CREATE TABLE frames (
  id INTEGER PRIMARY KEY, step INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL
);
CREATE TABLE events (
  id INTEGER PRIMARY KEY, step INTEGER NOT NULL, frame INTEGER, kind TEXT NOT NULL, body TEXT NOT NULL
);
CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, body BLOB NOT NULL);
"""


@final
class Recorder:
    """The one writer of a recording; every call is on disk, whole, when it returns.

    Raises ``sqlite3.Error`` where the disk does not take it.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
        self._rows.execute(f"PRAGMA page_size = {_PAGE}")
        self._rows.execute("PRAGMA journal_mode = wal")
        # a power cut may take the last frames; a killed process takes none
        self._rows.execute("PRAGMA synchronous = normal")
        self.frames = self._count()

    @classmethod
    def create(cls, path: Path, meta: Mapping[str, Any], points: bytes) -> "Recorder":
        """Begin a recording that is not there yet; raise ``Refusal`` where it is, ``OSError`` where it cannot be."""
        return cls._begin(path, meta, points, (), ())

    @classmethod
    def fork(cls, path: Path, source: Recording, frame: int, device: str) -> "Recorder":
        """Begin a recording with what led another one to ``frame``: frames, edits, and the checkpoints on the way."""
        last = source.step_of(frame)
        parent = {"run": source.path.stem, "frame": frame}
        meta = {**source.meta, **begun(device), "parent": parent}
        events = (
            event
            for event in source.events
            if (event.kind == "edit" and event.step < last)
            or (event.kind == "stage" and event.step <= last)
            or (event.kind == "diverged" and event.frame is not None and event.frame <= frame)
        )
        self = cls._begin(path, meta, source.points_blob, source.records(0, frame + 1), events)
        for step, body in source.checkpoints(last):
            self.checkpoint(step, body)
        return self

    @classmethod
    def _begin(
        cls, path: Path, meta: Mapping[str, Any], points: bytes, records: Iterable[Record], events: Iterable[Event]
    ) -> "Recorder":
        if path.is_dir():
            raise Refusal("errors.recording_folder", name=path)
        if path.exists():
            raise Refusal("server.recording_exists", name=path.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # a file is where the folder should be
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
        self = cls(path)
        try:
            with self._together():
                for statement in _SCHEMA.split(";"):
                    self._rows.execute(statement)
                self._rows.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._rows.execute(f"PRAGMA user_version = {USER_VERSION}")
                self.note(**meta)
                self._rows.execute("INSERT INTO points VALUES ('points', ?)", (points,))
                rows = ((record.id, record.step, record.crc, record.body) for record in records)
                self._rows.executemany("INSERT INTO frames VALUES (?, ?, ?, ?)", rows)
                for event in events:
                    self.event(event)
        except BaseException:  # a recording is there whole or not at all
            self._rows.close()
            path.unlink(missing_ok=True)
            raise
        self.frames = self._count()
        return self

    def frame(self, step: int, body: bytes) -> int:
        """Append a frame and return its place."""
        place = self.frames
        self._rows.execute("INSERT INTO frames VALUES (?, ?, ?, ?)", (place, step, zlib.crc32(body), body))
        self.frames = place + 1
        return place

    def event(self, event: Event) -> None:
        """Append an event."""
        body = json.dumps(dict(event.body), allow_nan=False)
        self._rows.execute(
            "INSERT INTO events (step, frame, kind, body) VALUES (?, ?, ?, ?)",
            (event.step, event.frame, event.kind, body),
        )

    def checkpoint(self, step: int, body: bytes) -> None:
        """Keep the trainer's tensors as they are after a step."""
        self._rows.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (step, body))

    def note(self, **values: Any) -> None:
        """Write entries of ``meta``."""
        # sorted and without spaces, as an experiment's canonical JSON is
        form: dict[str, Any] = {"allow_nan": False, "ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
        rows = [(key, json.dumps(value, **form)) for key, value in values.items()]
        self._rows.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def finish(self, status: str, reason: Message | None = None) -> None:
        """End the run and leave one portable file; ``Recorder(path)`` goes on with it."""
        try:
            with self._together():
                self.note(status=status, reason=to_json(reason))
            self._leave_wal()
        finally:
            self._rows.close()

    def happened(self, step: int, kind: str, body: Mapping[str, Any]) -> None:
        """Note an event after a step, in its place after the last frame."""
        self.event(Event(step, self.frames - 1, kind, body))

    def end(self, step: int, status: str) -> None:
        """End the run after a step, and note it among the events."""
        try:
            self.happened(step, status, {})
        finally:
            self.finish(status)

    def _count(self) -> int:
        """Count the frames; a file that is new has no tables yet."""
        if self._rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'frames'").fetchone() is None:
            return 0
        return int(self._rows.execute("SELECT coalesce(max(id) + 1, 0) FROM frames").fetchone()[0])

    def _leave_wal(self) -> None:
        """Empty the log and drop it, as soon as no reader holds the file."""
        self._rows.execute("PRAGMA wal_checkpoint(truncate)")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self._rows.execute("PRAGMA journal_mode = delete")
            except sqlite3.OperationalError:  # SQLite does not wait here by itself
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _together(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._rows.in_transaction:  # a full disk has rolled it back by itself
                self._rows.execute("ROLLBACK")
            raise
        self._rows.execute("COMMIT")


def begun(device: str) -> dict[str, Any]:
    """Return the entries of ``meta`` that every run begins with."""
    packages = {name: version(name) for name in ("numpy", "torch", "loss-geometry")}
    return {
        "created": time.time(),
        "status": "open",
        "reason": None,
        "parent": None,
        "versions": {"python": platform.python_version(), **packages},
        "device": device,
        "threads": torch.get_num_threads(),  # with another number of them convolutions add up in another order
    }
