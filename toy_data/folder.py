"""Finding the files of published data sets, and reading four IDX files as one set."""

import os
import sys
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from spec import Refusal
from toy_data.idx import read_images, read_labels
from toy_data.public_sets import SOURCES, with_counts
from toy_data.samples import Samples, scale_of

#: The environment variable that names folders with data, separated as in ``PATH``.
VARIABLE = "LOSS_GEOMETRY_DATA"

ROLES = ("train-images", "train-labels", "t10k-images", "t10k-labels")
_RANKS = {"images": 3, "labels": 1}

#: The refusals that mean that a set is not here at all; others mean that its files are damaged.
ABSENT = frozenset({"data.files_missing", "data.files_nowhere", "data.files_unknown", "data.files_foreign"})

#: The folder of Debian's package dataset-fashion-mnist
SYSTEM_FOLDERS = {"fashion_mnist": (Path("/usr/share/datasets/fashion-mnist"),)}


@dataclass(frozen=True)
class Files:
    """The four files of a data set."""

    train_images: Path
    train_labels: Path
    test_images: Path
    test_labels: Path


def home() -> Path:
    """Return the folder of fetched data sets, inside the user's data folder. It may not exist yet."""
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share")
    return base / "loss-geometry" / "data"


def data_folders() -> tuple[Path, ...]:
    """Return the folders that ``LOSS_GEOMETRY_DATA`` names."""
    return tuple(Path(name) for name in os.environ.get(VARIABLE, "").split(os.pathsep) if name)


def find(slug: str) -> Files:
    """Find the four files of a data set; raise ``Refusal`` saying what is missing and what to do.

    Searches the folders of ``LOSS_GEOMETRY_DATA`` and their subfolders of the set's name, then the fetched sets,
    then the system's folder. All four files must be in one folder. A folder of the set's name may hold any files
    except those of another published set; in other folders the files must have the published counts and size.
    """
    own_names = (slug, slug.replace("_", "-"))
    under = [folder / name for folder in data_folders() for name in own_names]
    fewest_missing: list[str] = list(ROLES)
    reason: Refusal | None = None
    # subfolders first: where several sets are here, the one under its own name is meant
    for folder in (*under, *data_folders(), home() / slug, *SYSTEM_FOLDERS.get(slug, ())):
        files, missing = files_in(folder)
        if files is None:
            fewest_missing = min(fewest_missing, missing, key=len)
            continue
        name = folder.absolute().name  # of "." too
        mine = name.lower() in own_names
        try:
            content = identify(files)
        except Refusal as refusal:
            if mine:
                return files  # reading them raises the sentence that says what is wrong
            reason = reason or refusal
            continue
        if content == slug or (mine and content is None):
            return files
        if mine:
            reason = reason or Refusal("data.files_foreign", name=slug, folder=name, found=content)
        elif content is None:
            reason = reason or Refusal("data.files_unknown", name=slug, folder=name, variable=VARIABLE)
    if reason is not None and len(fewest_missing) == len(ROLES):
        raise reason
    if len(fewest_missing) == len(ROLES) and (lost := nowhere()) is not None:
        raise Refusal("data.files_nowhere", name=slug, folder=lost, variable=VARIABLE)
    raise Refusal("data.files_missing", name=slug, missing=", ".join(fewest_missing), variable=VARIABLE)


def files_in(folder: Path) -> tuple[Files | None, list[str]]:
    """Return the four files of a folder, or ``None`` and the roles (of ``ROLES``) that are missing."""
    by_role = {role: file(folder, role) for role in ROLES}
    paths = [path for path in by_role.values() if path is not None]
    return Files(*paths) if len(paths) == len(ROLES) else None, [role for role, path in by_role.items() if path is None]


def nowhere() -> str | None:
    """Return the name of the first folder of ``LOSS_GEOMETRY_DATA`` that does not exist, or ``None``."""
    return next((folder.name or str(folder) for folder in data_folders() if not folder.is_dir()), None)


def identify(files: Files) -> str | None:
    """Return the slug of the published set in the files, or ``None``; raise ``Refusal`` where a file is damaged."""
    return _identify(files, _stamp(files))


@lru_cache(maxsize=8)
def _identify(files: Files, stamp: tuple[int, ...]) -> str | None:
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
    """Read the four files; raise ``Refusal`` where one is damaged or they do not fit together.

    ``mean`` and ``deviation`` of the pixels (0 to 255) scale them for the net; without them, those of the training
    pixels do. ``names`` are the names of the classes.
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
    """Return the file of a role (of ``ROLES``) in a folder, under any of its usual names, or ``None``."""
    rank = _RANKS[role.split("-")[1]]
    for separator in "-.":
        for ending in ("", ".gz"):
            path = folder / f"{role}{separator}idx{rank}-ubyte{ending}"
            if path.is_file():
                return path
    return None
