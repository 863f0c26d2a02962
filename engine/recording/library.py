"""The folders of recordings: where they are, and which recordings they hold."""

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, final

from engine.machine.data_folder import data_folder
from engine.recording.file_format import SUFFIX
from engine.recording.reader import Recording
from losses import LOSSES
from spec import Refusal

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,63}")


def runs_folder() -> Path:
    """Return the folder of the runs: ``LOSS_GEOMETRY_RUNS``, or a place in the user's data folder."""
    chosen = os.environ.get("LOSS_GEOMETRY_RUNS")
    return Path(chosen) if chosen else data_folder() / "loss-geometry" / "runs"


def check_id(run: str) -> str:
    """Return the id of a run; raise ``Refusal`` where it has characters that are not safe in a file name."""
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
    """A recording in a list; ``pure``: without edits and no fork, so that its experiment alone determines it."""

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
    """The recordings of some folders; new ones go into the first folder, the others are only read."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = tuple(folders)
        self._cache: dict[Path, tuple[tuple[int, ...], Entry | None]] = {}

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
        """Return the recordings, newest first, without files that are no recordings."""
        entries: dict[str, Entry] = {}
        for folder in self.folders:
            for path in folder.glob("*" + SUFFIX):
                entry = self._entry(path)
                if entry is not None:
                    entries.setdefault(entry.id, entry)
        return sorted(entries.values(), key=lambda entry: entry.created, reverse=True)

    def find_complete(self, key: str) -> Entry | None:
        """Return a complete recording of the unedited experiment with this key, or ``None``."""
        same = (entry for entry in self.entries() if entry.key == key and entry.pure and entry.status == "done")
        return next(same, None)

    def _entry(self, path: Path) -> Entry | None:
        """Return an entry, read again only where the file or SQLite's log has changed."""
        try:
            log = path.with_name(path.name + "-wal")
            stats = [path.stat(), *([log.stat()] if log.exists() else [])]
        except OSError:  # removed since it was listed
            return None
        mark = tuple(number for stat in stats for number in (stat.st_mtime_ns, stat.st_size))
        if path not in self._cache or self._cache[path][0] != mark:
            self._cache[path] = (mark, _read_entry(path))
        return self._cache[path][1]


def _read_entry(path: Path) -> Entry | None:
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
