"""Where the files of data sets are looked for, and how four IDX files make a data set."""

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from spec import Refusal
from toy_data.idx import read_images, read_labels
from toy_data.public_sets import SOURCES, with_counts
from toy_data.samples import Samples, scale_of

#: The environment variable that names the folders, separated as in PATH.
VARIABLE = "LOSS_GEOMETRY_DATA"

ROLES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_RANKS = {"images": 3, "labels": 1}

#: The refusals of a set that is simply not here, whole or damaged.
ABSENT = frozenset({"data.files_missing", "data.files_nowhere", "data.files_unknown", "data.files_foreign"})

# where Debian's package dataset-fashion-mnist puts them
_SYSTEM = {"fashion_mnist": (Path("/usr/share/datasets/fashion-mnist"),)}


@dataclass(frozen=True)
class Files:
    """The four files of a data set."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


def home() -> Path:
    """Return the folder of the data sets that were fetched, in the user's data folder; it need not exist."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "loss-geometry" / "data"


def named() -> tuple[Path, ...]:
    """Return the folders that ``LOSS_GEOMETRY_DATA`` names."""
    return tuple(Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name)


def find(slug: str) -> Files:
    """Find the four files of a data set; raise ``Refusal`` saying what is missing and what to do.

    They are looked for in the folders of ``LOSS_GEOMETRY_DATA`` and in their subfolders named by the slug, then
    among the sets that were fetched and where the system has them. All four must lie in one folder. In a folder
    named by the slug they may be any but those of another published set; in one of another name they must have the
    published counts and size of this one.
    """
    named_after = (slug, slug.replace("_", "-"))
    under = [folder / name for folder in named() for name in named_after]
    best: list[str] = list(ROLES)
    strange: Refusal | None = None
    # the folder itself comes last: with several sets at hand, the one under its own name is meant
    for folder in (*under, *named(), home() / slug, *_SYSTEM.get(slug, ())):
        files, missing = files_in(folder)
        if files is None:
            best = min(best, missing, key=len)
            continue
        called = folder.absolute().name  # of "." too
        mine = called.lower() in named_after
        try:
            held = held_in(files)
        except Refusal as refusal:
            if mine:
                return files  # reading them says what is wrong
            strange = strange or refusal
            continue
        if held == slug or (mine and held is None):
            return files
        if mine:
            strange = strange or Refusal("data.files_foreign", name=slug, folder=called, found=held)
        elif held is None:
            strange = strange or Refusal("data.files_unknown", name=slug, folder=called, variable=VARIABLE)
    if strange is not None and len(best) == len(ROLES):
        raise strange
    if len(best) == len(ROLES) and (lost := nowhere()) is not None:
        raise Refusal("data.files_nowhere", name=slug, folder=lost, variable=VARIABLE)
    raise Refusal("data.files_missing", name=slug, missing=", ".join(best), variable=VARIABLE)


def files_in(folder: Path) -> tuple[Files | None, list[str]]:
    """Return the four files of a folder, or ``None`` and the roles (of ``ROLES``) that are missing."""
    found = {role: file(folder, role) for role in ROLES}
    paths = [path for path in found.values() if path is not None]
    return Files(*paths) if len(paths) == len(ROLES) else None, [role for role, path in found.items() if path is None]


def nowhere() -> str | None:
    """Return the name of the first folder of ``LOSS_GEOMETRY_DATA`` that is none, or ``None`` where all are here."""
    return next((folder.name or str(folder) for folder in named() if not folder.is_dir()), None)


def held_in(files: Files) -> str | None:
    """Return the slug of the published set that the files hold, or ``None``; raise ``Refusal`` where one is bad."""
    return _held_in(files, _stamp(files))


@lru_cache(maxsize=8)
def _held_in(files: Files, stamp: tuple[int, ...]) -> str | None:
    alike = with_counts(read_labels(files.train_labels, 256), read_labels(files.test_labels, 256))
    if not alike:
        return None
    pictures = read_images(files.train_images)
    alike = tuple(slug for slug in alike if pictures.shape[1:] == (SOURCES[slug].side,) * 2)
    if len(alike) < 2:
        return alike[0] if alike else None
    ink = float(pictures.mean())
    return min(alike, key=lambda slug: abs(SOURCES[slug].ink - ink))


def load(files: Files, names: tuple[str, ...], mean: float | None = None, deviation: float = 1.0) -> Samples:
    """Read the four files, the pixels to be brought to mean 0 and deviation 1; raise ``Refusal`` where one is bad.

    Without ``mean``, mean and deviation are those of the training pixels.
    """
    return _load(files, names, mean, deviation, _stamp(files))


def _stamp(files: Files) -> tuple[int, ...]:
    return tuple(path.stat().st_mtime_ns for path in vars(files).values())


@lru_cache(maxsize=4)
def _load(
    files: Files, names: tuple[str, ...], mean: float | None, deviation: float, stamp: tuple[int, ...]
) -> Samples:
    train_x, train_y = read_images(files.train_images), read_labels(files.train_labels, len(names))
    test_x, test_y = read_images(files.test_images), read_labels(files.test_labels, len(names))
    for images, labels, path in ((train_x, train_y, files.train_labels), (test_x, test_y, files.test_labels)):
        if len(images) != len(labels):
            raise Refusal("data.idx_count", file=path.name, labels=len(labels), images=len(images))
    if train_x.shape[1:] != test_x.shape[1:]:
        sizes = {"train": train_x.shape[1:], "test": test_x.shape[1:]}
        raise Refusal(
            "data.idx_sizes", file=files.test_images.name, **{k: "x".join(map(str, v)) for k, v in sizes.items()}
        )
    offset, factor = scale_of(train_x) if mean is None else (mean, 1 / deviation)
    return Samples(train_x, train_y, test_x, test_y, classes=names, offset=offset, factor=factor)


def file(folder: Path, role: str) -> Path | None:
    """Return the file of a role (of ``ROLES``) in a folder, under any of the names in use, or ``None``."""
    rank = _RANKS[role.split("-")[1]]
    for separator in "-.":
        for ending in ("", ".gz"):
            path = folder / f"{role}{separator}idx{rank}-ubyte{ending}"
            if path.is_file():
                return path
    return None
