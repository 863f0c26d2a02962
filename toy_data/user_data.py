"""The user's own data: a file or a folder, known by its name alone."""

import hashlib
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import ClassVar, final

import numpy as np
from numpy.typing import NDArray

from spec import Message, Refusal, param, word
from toy_data import folder, npz, picture_folder, table
from toy_data.dials import DialSet
from toy_data.idx import MOST_SAMPLES
from toy_data.public_sets import SOURCES
from toy_data.raw import MOST_BYTES, MOST_CLASSES, Raw, check_samples
from toy_data.samples import Samples, freeze, scale_of
from toy_data.scaling import standardize

#: Names that a sentence lists at most.
_LISTED = 5
#: Letters of a name that a sentence shows at most.
_LONGEST = 80


@final
@dataclass(frozen=True, kw_only=True)
class Own(DialSet):
    """The samples in ``file``: an NPZ, a CSV, a folder of four IDX files, or one of pictures by class.

    It is in one of the folders that ``LOSS_GEOMETRY_DATA`` names, or in the folder of fetched sets. Where it does
    not separate training from test, a fifth of each class is for testing. Features get mean 0 and standard
    deviation 1. All classes and samples are kept unless a dial says otherwise. ``checksum``, the first digits of
    what ``loss-geometry data check`` shows, ties an experiment to the content of the file: other content is refused.
    """

    slug: ClassVar[str] = "own"
    classes: int = param(MOST_CLASSES, symbol="C", low=2, high=MOST_CLASSES, whole=True)
    per_class: int = param(
        MOST_SAMPLES, symbol="n", low=5, high=MOST_SAMPLES, slider=(10, MOST_SAMPLES), log=True, whole=True
    )
    held_out: int = param(0, symbol="H", low=0, high=MOST_CLASSES - 2, slider=(0, 8), whole=True)
    file: str = word()
    checksum: str = word()

    @classmethod
    def trouble(cls) -> Message | None:
        """Return a sentence where there is no file to choose, else ``None``."""
        return None if at_hand() else _none()

    @property
    def display_name(self) -> str:
        """The name of the file."""
        return self.file

    def read(self) -> Samples:
        """Read the file; raise ``Refusal`` where there is none or it cannot be read."""
        samples = read(self._path())
        if self.checksum and not checksum(samples).startswith(self.checksum.lower()):
            raise Refusal("data.own_changed", file=self.file, found=checksum(samples)[:12], asked=repr(self.checksum))
        return samples

    def _path(self) -> Path:
        for place in _places():
            path = place / self.file
            if self.file and path.exists():
                if not path.resolve().is_relative_to(place.resolve()):
                    raise Refusal("data.own_outside", file=self.file)
                return path
        names = at_hand()
        if not names:
            raise Refusal(_none().key, **dict(_none().values))
        for name in names:
            if name.strip() == self.file:  # a knob drops spaces around a name
                check_name(name)
        more = ", ..." if len(names) > _LISTED else ""
        raise Refusal("data.own_choose", file=repr(self.file), allowed=", ".join(names[:_LISTED]) + more)


def at_hand() -> tuple[str, ...]:
    """Return the names of files and folders that may be the user's own data."""
    names = set()
    for place in _places():
        with suppress(OSError):  # a missing folder, or one without permission
            names |= {each.name for each in place.iterdir() if each.suffix.lower() in _READERS or _samples(each)}
    return tuple(sorted(names))


def check_name(name: str) -> None:
    """Raise ``Refusal`` where an experiment cannot contain the name of a file or a folder."""
    try:
        Own(file=name)
    except Refusal:
        shown = name if len(name) <= _LONGEST else name[:_LONGEST] + "..."
        raise Refusal("data.own_rename", file=repr(shown)) from None


def _none() -> Message:
    """Return the sentence that there is no file, and why."""
    if (lost := folder.nowhere()) is not None:
        return Message.of("data.own_nowhere", folder=lost, variable=folder.VARIABLE)
    return Message.of("data.own_none", variable=folder.VARIABLE)


def read(path: Path) -> Samples:
    """Read a file or a folder of the user; raise ``Refusal`` where that is not possible."""
    path = _with_name(path)
    try:
        return _whole(path, _stamp(path))
    except OSError:
        raise Refusal("data.own_unreadable", file=path.name) from None


def read_raw(path: Path) -> Raw:
    """Read the unscaled samples of a file or a folder; raise ``Refusal`` where that is not possible."""
    path = _with_name(path)
    if path.is_dir():
        try:
            return _idx(path) or picture_folder.read(path)
        except OSError:  # a folder inside without permission
            raise Refusal("data.own_unreadable", file=path.name) from None
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise Refusal("data.own_kind", file=path.name)
    if not path.is_file():  # missing, or a pipe that would block
        raise Refusal("data.own_unreadable", file=path.name)
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise Refusal("data.own_bytes", file=path.name, found=size >> 20, most=MOST_BYTES >> 20)
    return reader(path)


def checksum(samples: Samples) -> str:
    """Return the SHA-256 of the arrays with their types and shapes, and of the names of the classes."""
    digest = hashlib.sha256(repr(samples.classes).encode())
    for array in samples.arrays:
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


_READERS = {".npz": npz.read, ".csv": table.read}


def _with_name(path: Path) -> Path:
    """Return a path that has a name; ``.`` has none."""
    return path if path.name not in {"", ".."} else path.resolve()


def _places() -> tuple[Path, ...]:
    return (*folder.data_folders(), folder.home())


def _samples(path: Path) -> bool:
    """Return whether a folder holds IDX files or folders. Folders of published sets do not count."""
    published = path.name.replace("-", "_") in SOURCES
    if published or path.suffix == ".download" or path.name.startswith(".") or not path.is_dir():
        return False
    try:
        return folder.file(path, folder.ROLES[0]) is not None or any(each.is_dir() for each in path.iterdir())
    except OSError:  # without permission
        return False


def _stamp(path: Path) -> tuple[object, ...]:
    """Return a value that changes when the file does, or one in the folder."""
    if not path.is_dir():
        return (path.stat().st_mtime_ns, path.stat().st_size)
    files = [file for role in folder.ROLES if (file := folder.file(path, role)) is not None]
    return tuple((str(file), file.stat().st_mtime_ns) for file in files) if files else picture_folder.stamp(path)


@lru_cache(maxsize=2)
def _whole(path: Path, stamp: tuple[object, ...]) -> Samples:
    raw = read_raw(path)
    train, test = _split(raw)
    x, test_x = raw.x[train], raw.x[test] if raw.test_x is None else raw.test_x
    y, test_y = raw.y[train], raw.y[test] if raw.test_y is None else raw.test_y
    if x.ndim == 3:
        offset, factor = scale_of(x)
        return freeze(Samples(x, y, test_x, test_y, classes=raw.classes, offset=offset, factor=factor))
    x, test_x = standardize(raw.name, x, test_x)
    return freeze(Samples(x, y, test_x, test_y, classes=raw.classes, offset=0.0, factor=1.0))


def _split(raw: Raw) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the indices of training and test samples; where the file separates them, all of ``x`` are for training."""
    every = np.arange(len(raw.y))
    if raw.test_y is not None:
        return every, every[:0]
    rng = np.random.default_rng(0)
    test = []
    for label, name in enumerate(raw.classes):
        places = rng.permutation(np.flatnonzero(raw.y == label))
        if len(places) < 2:
            raise Refusal("data.own_few", file=raw.name, label=name)
        test.append(places[: max(1, len(places) // 5)])
    tests = np.sort(np.concatenate(test))
    return np.setdiff1d(every, tests), tests


def _idx(path: Path) -> Raw | None:
    """Read the four IDX files of a folder, or return ``None`` where it holds none of them."""
    by_role = {role: folder.file(path, role) for role in folder.ROLES}
    if not any(by_role.values()):
        return None
    if missing := [role for role, file in by_role.items() if file is None]:
        raise Refusal("data.own_roles", file=path.name, missing=", ".join(missing))
    files = folder.Files(*(file for file in by_role.values() if file is not None))
    samples = folder.load(
        files, tuple(map(str, range(256)))
    )  # all values of a byte; the labels that occur become classes
    return check_samples(
        path.name,
        {
            "x_train": samples.train_x,
            "y_train": samples.train_y,
            "x_test": samples.test_x,
            "y_test": samples.test_y,
        },
    )
