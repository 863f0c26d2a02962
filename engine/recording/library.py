"""The folders of recordings: where they are, and what is in them."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from engine.machine.data_folder import data_folder
from engine.recording.reader import SUFFIX, Recording
from losses import LOSSES
from spec import Refusal

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def runs_folder() -> Path:
    """Return the folder of the runs: ``LOSS_GEOMETRY_RUNS``, or a place in the user's data folder."""
    named = os.environ.get("LOSS_GEOMETRY_RUNS")
    return Path(named) if named else data_folder() / "loss-geometry" / "runs"


def check_id(run: str) -> str:
    """Return the id of a run, or raise ``Refusal`` where it cannot be one (and would not be a safe file name)."""
    if _ID.fullmatch(run) is None:
        raise Refusal("server.bad_id")
    return run


def title_of(experiment: Mapping[str, Any]) -> str:
    """Return a short name for a run: its losses, each once, and its data set."""
    slugs = dict.fromkeys(panel["loss"] for panel in experiment["panels"])
    titles = [LOSSES[slug].title if slug in LOSSES else slug for slug in slugs]
    return f"{', '.join(titles)} · {experiment['data']}"


@dataclass(frozen=True)
class Entry:
    """What a listing says of a recording; ``pure`` means that its experiment alone determines it."""

    id: str
    path: Path
    status: str
    frames: int
    created: float
    key: str
    experiment: Mapping[str, Any]
    pure: bool


@final
class Library:
    """Recordings in some folders; the first folder takes new ones, the others are only read."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._known: dict[Path, tuple[tuple[int, ...], Entry | None]] = {}

    @property
    def folder(self) -> Path:
        """Where new recordings go."""
        return self.folders[0]

    def find(self, run: str) -> Path:
        """Return the file of a run; raise ``Refusal`` where the id is bad or there is none."""
        name = check_id(run) + SUFFIX
        for folder in self.folders:
            if (folder / name).is_file():
                return folder / name
        raise Refusal("server.unknown_run", run=run)

    def open(self, run: str) -> Recording:
        """Open the recording of a run."""
        return Recording(self.find(run))

    def entries(self) -> list[Entry]:
        """List the recordings, newest first; files that are none are passed over."""
        found: dict[str, Entry] = {}
        for folder in self.folders:
            for path in folder.glob("*" + SUFFIX):
                entry = self._entry(path)
                if entry is not None:
                    found.setdefault(entry.id, entry)
        return sorted(found.values(), key=lambda entry: entry.created, reverse=True)

    def finished(self, key: str) -> Entry | None:
        """Return a recording of the whole, unedited experiment of this key, if there is one."""
        same = (entry for entry in self.entries() if entry.key == key and entry.pure and entry.status == "done")
        return next(same, None)

    def _entry(self, path: Path) -> Entry | None:
        """Read an entry, or take what was read before where neither file nor log has changed."""
        try:
            log = path.with_name(path.name + "-wal")
            seen = [path.stat(), *([log.stat()] if log.exists() else [])]
        except OSError:  # gone since it was listed
            return None
        mark = tuple(number for one in seen for number in (one.st_mtime_ns, one.st_size))
        if path not in self._known or self._known[path][0] != mark:
            self._known[path] = (mark, _read(path))
        return self._known[path][1]


def _read(path: Path) -> Entry | None:
    try:
        check_id(path.stem)
        with Recording(path) as recording:
            meta = recording.meta
            status = "interrupted" if meta["status"] == "open" else meta["status"]
            pure = not meta.get("parent") and not recording.edits
            return Entry(
                id=path.stem,
                path=path,
                status=status,
                frames=recording.frames,
                created=meta["created"],
                key=meta["key"],
                experiment=meta["experiment"],
                pure=pure,
            )
    except Refusal:
        return None
