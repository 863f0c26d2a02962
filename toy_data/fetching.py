"""How MNIST and its siblings come to this computer: from OpenML into four IDX files, checked against their counts."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from types import MappingProxyType
from typing import Any
from urllib.error import URLError

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data import folder, idx
from toy_data.openml import download

#: Downloads data set ``number`` of OpenML, keeping files in a folder: its name, samples (N, F), labels (N,).
Download = Callable[[int, Path], tuple[str, NDArray[Any], NDArray[Any]]]


@dataclass(frozen=True)
class Source:
    """A data set on OpenML: its number and name there, the range of its pixels, and what it must hold.

    ``train`` and ``test`` are the published counts of each class. The training samples come first there.
    """

    number: int
    name: str
    side: int
    train: tuple[int, ...]
    test: tuple[int, ...]
    low: int = 0
    high: int = 255


SOURCES: Mapping[str, Source] = MappingProxyType(
    {
        # counts: LeCun, Cortes and Burges 1998
        "mnist": Source(
            554,
            "mnist_784",
            28,
            (5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949),
            (980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009),
        ),
        "fashion_mnist": Source(40996, "Fashion-MNIST", 28, (6000,) * 10, (1000,) * 10),
        "kuzushiji_mnist": Source(41982, "Kuzushiji-MNIST", 28, (6000,) * 10, (1000,) * 10),
        # counts: Hastie, Tibshirani and Friedman, The Elements of Statistical Learning, "ZIP code"
        "usps": Source(
            41082,
            "USPS",
            16,
            (1194, 1005, 731, 658, 652, 556, 664, 645, 542, 644),
            (359, 264, 198, 166, 200, 160, 170, 147, 166, 177),
            low=-1,
            high=1,
        ),
    }
)


def fetch(slug: str, download: Download = download) -> Path:
    """Fetch a data set unless it is here; return the folder of its files.

    Raises ``Refusal`` where the network fails, the download is not what was expected, or the disk does not take it.
    What has arrived is kept, and fetching again goes on from there.
    """
    if slug not in SOURCES:
        raise Refusal("data.fetch_unknown", name=repr(slug[:40]), allowed=", ".join(SOURCES))
    source, place = SOURCES[slug], folder.home() / slug
    if _whole(place, source):
        return place
    arrived = folder.home() / f"{slug}.download"
    try:
        arrived.mkdir(parents=True, exist_ok=True)
        name, x, y = download(source.number, arrived)
        if name.casefold() != source.name.casefold():
            raise Refusal("data.fetch_foreign", name=slug)
        _write(place, arrived / "idx", source, *_pictures(slug, source, x, y))
        shutil.rmtree(arrived)
    except Refusal:
        shutil.rmtree(arrived, ignore_errors=True)  # it would be found wanting again
        raise
    except KeyboardInterrupt:
        raise Refusal("data.fetch_stopped", name=slug) from None
    except (URLError, TimeoutError, ConnectionError, HTTPException):
        if not any(path.is_file() for path in arrived.rglob("*")):
            shutil.rmtree(arrived, ignore_errors=True)
        raise Refusal("data.fetch_network", name=slug, variable=folder.VARIABLE) from None
    except OSError as error:
        raise Refusal("data.fetch_disk", name=slug, folder=folder.home(), reason=error.strerror) from None
    except (ValueError, KeyError):  # a wrong checksum, or an answer that is none
        shutil.rmtree(arrived, ignore_errors=True)
        raise Refusal("data.fetch_foreign", name=slug) from None
    return place


def _pictures(slug: str, source: Source, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pictures as bytes and labels from 0, or raise ``Refusal`` where these are not the samples expected."""
    numbers = y.astype(np.float64)
    labels = np.searchsorted(np.unique(numbers), numbers)  # the digits of USPS are numbered from 1
    first = sum(source.train)
    counts = [tuple(np.bincount(part, minlength=10).tolist()) for part in (labels[:first], labels[first:])]
    inside = x.size > 0 and source.low <= x.min() and x.max() <= source.high
    if x.shape != (len(labels), source.side**2) or counts != [source.train, source.test] or not inside:
        raise Refusal("data.fetch_foreign", name=slug)
    ink = (x - source.low) * (255 / (source.high - source.low))
    return np.rint(ink).astype(np.uint8).reshape(-1, source.side, source.side), labels


def _write(place: Path, before: Path, source: Source, pictures: NDArray[Any], labels: NDArray[Any]) -> None:
    """Write the four files beside their place, then put them there all at once."""
    shutil.rmtree(before, ignore_errors=True)
    before.mkdir()
    first = sum(source.train)
    arrays = (pictures[:first], labels[:first], pictures[first:], labels[first:])
    for role, array in zip(folder.ROLES, arrays, strict=True):
        idx.write(before / f"{role}-idx{array.ndim}-ubyte.gz", array)
    shutil.rmtree(place, ignore_errors=True)
    before.replace(place)


def _whole(place: Path, source: Source) -> bool:
    """Tell whether the files are here and hold what they must."""
    paths = [path for role in folder.ROLES if (path := folder.file(place, role)) is not None]
    if len(paths) < len(folder.ROLES):
        return False
    try:
        samples = folder.load(folder.Files(*paths), tuple(map(str, range(10))))
    except Refusal:
        return False
    counts = [tuple(np.bincount(part, minlength=10).tolist()) for part in (samples.train_y, samples.test_y)]
    return counts == [source.train, source.test]
