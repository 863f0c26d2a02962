"""What the writer and the reader of a recording agree on (docs/recording.md)."""

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spec import Message

#: The ending of a recording's file name.
SUFFIX = ".lossgeo"

#: ``LGEO`` in ASCII, and the version of the tables.
APPLICATION_ID, USER_VERSION = 0x4C47454F, 1

#: Seconds to wait for another process that holds the file. Readers hold it for milliseconds.
PATIENCE = 5.0

#: Bytes of a page. Frames are blobs of tens of KiB, which SQLite's default of 4 KiB would scatter.
PAGE_SIZE = 16384

#: The statements that create the tables.
SCHEMA = (
    "CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL)",
    "CREATE TABLE points (name TEXT PRIMARY KEY, body BLOB NOT NULL)",
    "CREATE TABLE frames (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL)",
    "CREATE TABLE events"
    " (id INTEGER PRIMARY KEY, step INTEGER NOT NULL, frame INTEGER, kind TEXT NOT NULL, body TEXT NOT NULL)",
    "CREATE TABLE checkpoints (step INTEGER PRIMARY KEY, body BLOB NOT NULL)",
)


@dataclass(frozen=True, eq=False)
class StoredFrame:
    """A row of the table ``frames``: place, step, CRC-32 of the body, and the body (``engine.frames.codec``)."""

    id: int
    step: int
    crc: int
    body: bytes

    def pack(self) -> bytes:
        """Return the bytes that are sent: four little-endian ``u32``, the body, zeros up to a multiple of 8."""
        head = struct.pack("<IIII", self.id, self.step, len(self.body), self.crc)
        return head + self.body + bytes(-len(self.body) % 8)


@dataclass(frozen=True)
class Event:
    """Something that happened in a run, at a step and after a frame (``None``: before the first frame)."""

    step: int
    frame: int | None
    kind: str
    body: Mapping[str, Any]


def message_to_json(message: Message | None) -> dict[str, Any] | None:
    """Return a sentence as JSON; values that are neither numbers nor sentences become text."""
    if message is None:
        return None
    values = {
        name: message_to_json(value)
        if isinstance(value, Message)
        else value
        if isinstance(value, int | float)
        else str(value)
        for name, value in message.values
    }
    return {"key": message.key, "values": values}


def message_from_json(written: Mapping[str, Any] | None) -> Message | None:
    """Return the sentence that ``message_to_json`` wrote."""
    if written is None:
        return None
    values = {
        name: message_from_json(value) if isinstance(value, dict) else value
        for name, value in written["values"].items()
    }
    return Message.of(written["key"], **values)
