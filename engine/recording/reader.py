"""A run as one SQLite file, read: ``Recording`` (docs/recording.md)."""

import errno
import json
import os
import sqlite3
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from html import escape
from pathlib import Path
from types import MappingProxyType
from typing import Any, Self, final

from engine.config.edits import Edit
from engine.frames.codec import decode, decode_points
from engine.frames.frame import Frame
from engine.recording.file_format import APPLICATION_ID, PATIENCE, USER_VERSION, Event, StoredFrame, message_from_json
from engine.recording.html_card import render_card
from engine.state.points import Points
from spec import Message, Refusal


@final
class Recording:
    """A recording, open for reading; its writer may go on meanwhile.

    Raises ``Refusal`` where the file is missing, damaged, of another program or of another version, where it cannot be
    read, and where the recording was closed.
    """

    def __init__(self, path: Path | str) -> None:
        self.path = path = Path(path)
        self._closed = False
        with self._refusals():
            self._rows = _open_read_only(path)
        try:
            with self._refusals():
                self._check_version()
                rows = self._rows.execute("SELECT key, value FROM meta").fetchall()
                self.meta: Mapping[str, Any] = MappingProxyType({key: json.loads(value) for key, value in rows})
                if not {"experiment", "key", "status", "created"} <= set(self.meta):
                    raise ValueError
        except Refusal:
            self._rows.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._closed = True
        self._rows.close()

    @property
    def frames(self) -> int:
        """How many frames there are."""
        with self._refusals():
            return int(self._rows.execute("SELECT coalesce(max(id) + 1, 0) FROM frames").fetchone()[0])

    @property
    def last_step(self) -> int:
        """The step of the newest frame; 0 where there is none."""
        with self._refusals():
            return int(self._rows.execute("SELECT coalesce(max(step), 0) FROM frames").fetchone()[0])

    def step_of(self, frame: int) -> int:
        """Return the step of a frame; raise ``Refusal`` where there is no such frame."""
        with self._refusals():
            row = self._rows.execute("SELECT step FROM frames WHERE id = ?", (int(frame),)).fetchone()
        if row is None:
            raise Refusal("server.no_frame", frame=frame, frames=self.frames)
        return int(row[0])

    @property
    def events(self) -> tuple[Event, ...]:
        """What happened, in order."""
        with self._refusals():
            rows = self._rows.execute("SELECT step, frame, kind, body FROM events ORDER BY id").fetchall()
            return tuple(Event(step, frame, kind, json.loads(body)) for step, frame, kind, body in rows)

    @property
    def edits(self) -> tuple[Edit, ...]:
        """The edits of the run, in order."""
        return tuple(Edit(event.step, **event.body) for event in self.events if event.kind == "edit")

    def stored_frames(self, first: int, count: int) -> Iterator[StoredFrame]:
        """Yield frames ``first`` to ``first + count - 1``, as far as they exist, and verify their CRCs."""
        with self._refusals():
            # SQLite would store an integer of NumPy as bytes
            place = (int(first), int(count))
            rows = self._rows.execute("SELECT id, step, crc, body FROM frames WHERE id >= ? ORDER BY id LIMIT ?", place)
            for row in rows:
                frame = StoredFrame(*row)
                if zlib.crc32(frame.body) != frame.crc:
                    raise Refusal("server.recording_frame", name=self.path.name, frame=frame.id)
                yield frame

    def frame(self, index: int) -> Frame:
        """Return a frame with its arrays; raise ``Refusal`` where there is no such frame."""
        for stored in self.stored_frames(index, 1):
            return decode(stored.body)
        raise Refusal("server.no_frame", frame=index, frames=self.frames)

    @property
    def points_blob(self) -> bytes:
        """The points as they are stored (``engine.frames.codec.encode_points``)."""
        with self._refusals():
            row = self._rows.execute("SELECT body FROM points WHERE name = 'points'").fetchone()
            return bytes(row[0])

    @property
    def points(self) -> Points:
        """What is the same in all frames: labels, split, places in the data set, images."""
        return decode_points(self.points_blob)

    def checkpoint(self, step: int) -> bytes | None:
        """Return the newest checkpoint at or before a step; ``None`` where there is none."""
        return next((body for _, body in self.checkpoints(step)), None)

    def checkpoints(self, step: int) -> Iterator[tuple[int, bytes]]:
        """Yield step and body of each checkpoint at or before a step, the newest first."""
        with self._refusals():
            rows = self._rows.execute("SELECT step, body FROM checkpoints WHERE step <= ? ORDER BY step DESC", (step,))
            yield from rows

    @property
    def reason(self) -> Message | None:
        """Why the run ended early, or ``None``."""
        return message_from_json(self.meta.get("reason"))

    def html(self, language: str = "en") -> str:
        """Return a card of HTML without anything outside it, in a ``language`` (``en`` or ``zh``)."""
        frames = self.frames
        return render_card(
            self.meta,
            frames=frames,
            last_step=self.last_step,
            reason=self.reason,
            last_frame=self.frame(frames - 1) if frames else None,
            points=self.points if frames else None,
            language=language,
        )

    def _repr_html_(self) -> str:
        """Show the run in a notebook, or the sentence that says why it cannot be read."""
        try:
            return self.html()
        except Refusal as refusal:
            return f"<p>{escape(str(refusal))}</p>"

    def export(self, path: Path) -> None:
        """Write a copy into one file, with the frames that a killed writer left in SQLite's log."""
        with self._refusals():
            copy = sqlite3.connect(path, isolation_level=None)
            try:
                self._rows.backup(copy)
                copy.execute("PRAGMA journal_mode = delete")
            finally:
                copy.close()

    def _check_version(self) -> None:
        application = self._rows.execute("PRAGMA application_id").fetchone()[0]
        if application != APPLICATION_ID:
            raise Refusal("server.recording_foreign", name=self.path.name)
        version = self._rows.execute("PRAGMA user_version").fetchone()[0]
        if version != USER_VERSION:
            raise Refusal("server.recording_version", name=self.path.name, found=version, known=USER_VERSION)

    @contextmanager
    def _refusals(self) -> Iterator[None]:
        """Turn the errors that a closed, damaged or locked file causes into one sentence."""
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
        # SQLite cannot create the log's index in a read-only folder; nothing changes there, so none is needed
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
