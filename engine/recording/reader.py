"""A run as one SQLite file, read: ``Recording`` (docs/recording.md)."""

import errno
import json
import os
import sqlite3
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from html import escape
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self, final

from engine.config.edits import Edit
from engine.frames.codec import decode, decode_points
from engine.frames.frame import Frame
from engine.recording.html_card import card
from engine.state.points import Points
from spec import Message, Refusal

SUFFIX = ".lossgeo"

#: ``LGEO`` in ASCII, and the version of the tables.
APPLICATION_ID, USER_VERSION = 0x4C47454F, 1

#: Seconds to wait for a reader who is in the way; readers open a file for milliseconds.
PATIENCE = 5.0


@dataclass(frozen=True, eq=False)
class Record:
    """One frame as it is stored: its place, its step, the CRC-32 of its body, and the body."""

    id: int
    step: int
    crc: int
    body: bytes

    def pack(self) -> bytes:
        """Return the record as it is sent: four little-endian ``u32``, the body, zeros up to a multiple of 8."""
        head = struct.pack("<IIII", self.id, self.step, len(self.body), self.crc)
        return head + self.body + bytes(-len(self.body) % 8)


@dataclass(frozen=True)
class Event:
    """Something that happened in a run, at a step and after a frame (``None``: before the first)."""

    step: int
    frame: int | None
    kind: str
    body: Mapping[str, Any]


def to_json(message: Message | None) -> dict[str, Any] | None:
    """Return a sentence of the catalogue as JSON: ``{"key", "values"}``."""
    if message is None:
        return None
    values = {
        name: to_json(value) if isinstance(value, Message) else value if isinstance(value, int | float) else str(value)
        for name, value in message.values
    }
    return {"key": message.key, "values": values}


def from_json(reason: Mapping[str, Any] | None) -> Message | None:
    """Return the sentence that ``to_json`` wrote."""
    if reason is None:
        return None
    values = {name: from_json(value) if isinstance(value, dict) else value for name, value in reason["values"].items()}
    return Message.of(reason["key"], **values)


@final
class Recording:
    """A recording that is read, also while its writer goes on.

    Raises ``Refusal`` where the file is missing, foreign, of another version, damaged, or not to be read, and once it
    is closed.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path = Path(path)
        self._closed = False
        with self._sound():
            self._rows = _open_read_only(path)
        try:
            with self._sound():
                self._check()
                rows = self._rows.execute("SELECT key, value FROM meta").fetchall()
                self.meta: Mapping[str, Any] = MappingProxyType({key: json.loads(value) for key, value in rows})
                if not {"experiment", "key", "status", "created"} <= set(self.meta):
                    raise ValueError
        except Refusal:
            self._rows.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._closed = True
        self._rows.close()

    @property
    def frames(self) -> int:
        """How many frames there are."""
        with self._sound():
            return int(self._rows.execute("SELECT coalesce(max(id) + 1, 0) FROM frames").fetchone()[0])

    @property
    def last_step(self) -> int:
        """The step of the newest frame; 0 where there is none."""
        with self._sound():
            return int(self._rows.execute("SELECT coalesce(max(step), 0) FROM frames").fetchone()[0])

    def step_of(self, frame: int) -> int:
        """Return the step of a frame; raise ``Refusal`` where there is no such frame."""
        with self._sound():
            row = self._rows.execute("SELECT step FROM frames WHERE id = ?", (int(frame),)).fetchone()
        if row is None:
            raise Refusal("server.no_frame", frame=frame, frames=self.frames)
        return int(row[0])

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened, in order."""
        with self._sound():
            rows = self._rows.execute("SELECT step, frame, kind, body FROM events ORDER BY id").fetchall()
            return tuple(Event(step, frame, kind, json.loads(body)) for step, frame, kind, body in rows)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The knobs that were moved, in order."""
        return tuple(Edit(event.step, **event.body) for event in self.events if event.kind == "edit")

    def records(self, first: int, count: int) -> Iterator[Record]:
        """Yield frames ``first`` to ``first + count - 1``, as far as there are; their CRCs are verified."""
        with self._sound():
            # a whole number of NumPy would be taken for bytes
            place = (int(first), int(count))
            rows = self._rows.execute("SELECT id, step, crc, body FROM frames WHERE id >= ? ORDER BY id LIMIT ?", place)
            for row in rows:
                record = Record(*row)
                if zlib.crc32(record.body) != record.crc:
                    raise Refusal("server.recording_frame", name=self.path.name, frame=record.id)
                yield record

    def frame(self, index: int) -> Frame:
        """Return a frame with its arrays."""
        for record in self.records(index, 1):
            return decode(record.body)
        raise Refusal("server.no_frame", frame=index, frames=self.frames)

    @property
    def points_blob(self) -> bytes:
        """What never changes, as bytes."""
        with self._sound():
            row = self._rows.execute("SELECT body FROM points WHERE name = 'points'").fetchone()
            return bytes(row[0])

    @property
    def points(self) -> Points:
        """What never changes: labels, split, place, pictures."""
        return decode_points(self.points_blob)

    def checkpoint(self, step: int) -> bytes | None:
        """Return the newest checkpoint at or before a step; ``None`` where there is none."""
        return next((body for _, body in self.checkpoints(step)), None)

    def checkpoints(self, step: int) -> Iterator[tuple[int, bytes]]:
        """Yield the checkpoints at or before a step, and their steps, the newest first."""
        with self._sound():
            rows = self._rows.execute("SELECT step, body FROM checkpoints WHERE step <= ? ORDER BY step DESC", (step,))
            yield from rows

    @property
    def reason(self) -> Message | None:
        """Why the run ended before its time, or ``None``."""
        return from_json(self.meta.get("reason"))

    def _repr_html_(self) -> str:
        """Show the run in a notebook; where it cannot be read any more, say so."""
        try:
            return card(self)
        except Refusal as refusal:
            return f"<p>{escape(str(refusal))}</p>"

    def export(self, path: Path) -> None:
        """Write a copy that is complete in itself, also where a killed writer left part of the frames in its log."""
        with self._sound():
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                self._rows.backup(copy)
                copy.execute("PRAGMA journal_mode = delete")
            finally:
                copy.close()

    def _check(self) -> None:
        application = self._rows.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise Refusal("server.recording_foreign", name=self.path.name)
        found = self._rows.execute("PRAGMA user_version").fetchone()[0]
        if found != USER_VERSION:
            raise Refusal("server.recording_version", name=self.path.name, found=found, known=USER_VERSION)

    @contextmanager
    def _sound(self) -> Iterator[None]:
        """Turn what a closed, damaged or locked up file makes SQLite or us stumble over into one sentence."""
        try:
            yield
        except Refusal:
            raise
        except (sqlite3.Error, ValueError, TypeError) as error:
            if self._closed:
                raise Refusal("errors.recording_closed", name=self.path.name) from None
            raise Refusal("server.recording_broken", name=self.path.name) from error
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise Refusal("errors.recording_unread", name=self.path, reason=reason) from error


def _open_read_only(path: Path) -> sqlite3.Connection:
    if not path.is_file():
        raise Refusal("server.recording_missing", name=path.name)
    if not os.access(path, os.R_OK):  # SQLite does not say why it cannot open a file
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))
    try:
        return _connect(path, "mode=ro")
    except sqlite3.OperationalError:
        # SQLite cannot make the index of a log in a folder that may not be written; what lies there never changes
        return _connect(path, "mode=ro&immutable=1")


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    uri = f"{path.absolute().as_uri()}?{mode}"
    rows = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=PATIENCE, check_same_thread=False)
    try:
        rows.execute("PRAGMA trusted_schema = OFF")
        rows.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone()
    except sqlite3.Error:
        rows.close()
        raise
    return rows
