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

from engine.recording.file_format import (
    APPLICATION_ID,
    PAGE_SIZE,
    PATIENCE,
    SCHEMA,
    USER_VERSION,
    Event,
    StoredFrame,
    message_to_json,
)
from engine.recording.reader import Recording
from spec import Message, Refusal


@final
class Recorder:
    """The one writer of a recording. Each call has written everything to the disk when it returns.

    ``Recorder(path)`` goes on with a recording that ended. Every method raises ``sqlite3.Error`` where the disk is full
    or fails.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._rows = sqlite3.connect(path, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
        self._rows.execute(f"PRAGMA page_size = {PAGE_SIZE}")
        self._rows.execute("PRAGMA journal_mode = wal")
        # a power cut may lose the last frames; killing the process loses none
        self._rows.execute("PRAGMA synchronous = normal")
        self.frames = self._count_frames()

    @classmethod
    def fork(cls, path: Path, source: Recording, frame: int, device: str) -> "Recorder":
        """Create a recording from another one up to ``frame``: its frames, edits and checkpoints."""
        last = source.step_of(frame)
        parent = {"run": source.path.stem, "frame": frame}
        meta = {**source.meta, **initial_meta(device), "parent": parent}
        events = (
            event
            for event in source.events
            if (event.kind == "edit" and event.step < last)
            or (event.kind == "stage" and event.step <= last)
            or (event.kind == "diverged" and event.frame is not None and event.frame <= frame)
        )
        self = cls.create(path, meta, source.points_blob, source.stored_frames(0, frame + 1), events)
        for step, body in source.checkpoints(last):
            self.write_checkpoint(step, body)
        return self

    @classmethod
    def create(
        cls,
        path: Path,
        meta: Mapping[str, Any],
        points: bytes,
        frames: Iterable[StoredFrame] = (),
        events: Iterable[Event] = (),
    ) -> "Recorder":
        """Create a recording; raise ``Refusal`` where it exists, and ``OSError`` where it cannot be written."""
        if path.is_dir():
            raise Refusal("errors.recording_folder", name=path)
        if path.exists():
            raise Refusal("server.recording_exists", name=path.name)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except FileExistsError:  # a file has the name of the folder
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(path.parent)) from None
        self = cls(path)
        try:
            with self._transaction():
                for statement in SCHEMA:
                    self._rows.execute(statement)
                self._rows.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                self._rows.execute(f"PRAGMA user_version = {USER_VERSION}")
                self.write_meta(**meta)
                self._rows.execute("INSERT INTO points VALUES ('points', ?)", (points,))
                rows = ((frame.id, frame.step, frame.crc, frame.body) for frame in frames)
                self._rows.executemany("INSERT INTO frames VALUES (?, ?, ?, ?)", rows)
                for event in events:
                    self.write_event(event)
        except BaseException:  # a recording is complete, or it does not exist
            self.abandon()
            path.unlink(missing_ok=True)
            raise
        self.frames = self._count_frames()
        return self

    def write_frame(self, step: int, body: bytes) -> int:
        """Append a frame and return its place."""
        place = self.frames
        self._rows.execute("INSERT INTO frames VALUES (?, ?, ?, ?)", (place, step, zlib.crc32(body), body))
        self.frames = place + 1
        return place

    def write_event(self, event: Event) -> None:
        """Append an event."""
        body = json.dumps(dict(event.body), allow_nan=False)
        self._rows.execute(
            "INSERT INTO events (step, frame, kind, body) VALUES (?, ?, ?, ?)",
            (event.step, event.frame, event.kind, body),
        )

    def append_event(self, step: int, kind: str, body: Mapping[str, Any]) -> Event:
        """Append an event that happened at a step, after the last frame, and return it."""
        event = Event(step, self.frames - 1, kind, body)
        self.write_event(event)
        return event

    def write_checkpoint(self, step: int, body: bytes) -> None:
        """Write the state of the trainer after a step (safetensors)."""
        self._rows.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?)", (step, body))

    def write_meta(self, **values: Any) -> None:
        """Write entries of ``meta``, over those of the same name."""
        # sorted and without spaces, as an experiment's canonical JSON is
        form: dict[str, Any] = {"allow_nan": False, "ensure_ascii": False, "sort_keys": True, "separators": (",", ":")}
        rows = [(key, json.dumps(value, **form)) for key, value in values.items()]
        self._rows.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", rows)

    def finish(self, status: str, reason: Message | None = None) -> None:
        """Write how the run ended, close the file, and leave no other file beside it."""
        try:
            with self._transaction():
                self.write_meta(status=status, reason=message_to_json(reason))
            self._leave_wal()
        finally:
            self._rows.close()

    def end(self, step: int, status: str) -> None:
        """End the run after a step: write the event and finish."""
        try:
            self.append_event(step, status, {})
        finally:
            self.finish(status)

    def abandon(self) -> None:
        """Close the file as it is, as the end of the process would; the recording stays ``open``."""
        self._rows.close()

    def _count_frames(self) -> int:
        """Count the frames; a new file has no tables yet."""
        if self._rows.execute("SELECT 1 FROM sqlite_master WHERE name = 'frames'").fetchone() is None:
            return 0
        return int(self._rows.execute("SELECT coalesce(max(id) + 1, 0) FROM frames").fetchone()[0])

    def _leave_wal(self) -> None:
        """Empty SQLite's log and remove it, as soon as no reader holds the file."""
        self._rows.execute("PRAGMA wal_checkpoint(truncate)")
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline:
            try:
                self._rows.execute("PRAGMA journal_mode = delete")
            except sqlite3.OperationalError:  # SQLite itself does not wait here
                time.sleep(0.01)
            else:
                return

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        self._rows.execute("BEGIN IMMEDIATE")
        try:
            yield
        except BaseException:
            if self._rows.in_transaction:  # SQLite itself rolls back where the disk is full
                self._rows.execute("ROLLBACK")
            raise
        self._rows.execute("COMMIT")


def initial_meta(device: str) -> dict[str, Any]:
    """Return the entries of ``meta`` that every new run has."""
    packages = {name: version(name) for name in ("numpy", "torch", "loss-geometry")}
    return {
        "created": time.time(),
        "status": "open",
        "reason": None,
        "parent": None,
        "versions": {"python": platform.python_version(), **packages},
        "device": device,
        "threads": torch.get_num_threads(),  # the sums of convolutions depend on it in their last digits
    }
