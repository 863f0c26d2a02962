"""How MNIST and its siblings come to this computer: from OpenML into four IDX files, checked against their counts."""

import gzip
import shutil
import zlib
from collections.abc import Callable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data import folder, idx
from toy_data.openml import download
from toy_data.public_sets import SOURCES, Source

#: Downloads data set ``number`` of OpenML, keeping files in a folder: its name, samples (N, F), labels (N,).
Download = Callable[[int, Path], tuple[str, NDArray[Any], NDArray[Any]]]


def fetch(slug: str, download: Download = download) -> Path:
    """Fetch a data set unless it is here, in whatever place; return the folder of its files.

    Raises ``Refusal`` where the network fails, the download is not what was expected, or the disk does not take it.
    Of the files of a download, those that arrived whole are kept until it succeeds, and are not fetched again; one
    that was cut off is fetched anew.
    """
    if slug not in SOURCES:
        raise Refusal("data.fetch_unknown", name=repr(slug[:40]), allowed=", ".join(SOURCES))
    if (here := _here(slug)) is not None:
        return here
    source, place = SOURCES[slug], folder.home() / slug
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
    except HTTPError as error:
        error.close()
        _tidy(arrived)
        raise Refusal("data.fetch_answer", name=slug, code=error.code, variable=folder.VARIABLE) from None
    except URLError:
        _tidy(arrived)
        raise Refusal("data.fetch_network", name=slug, variable=folder.VARIABLE) from None
    except (TimeoutError, ConnectionError, HTTPException):
        _tidy(arrived)
        raise Refusal("data.fetch_broken", name=slug) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):  # the server had not said how long its answer would be
        shutil.rmtree(arrived, ignore_errors=True)
        raise Refusal("data.fetch_damaged", name=slug) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refusal("data.fetch_disk", name=slug, folder=folder.home(), reason=reason) from None
    except (ValueError, KeyError, TypeError, IndexError):  # a wrong checksum, or an answer that is none
        shutil.rmtree(arrived, ignore_errors=True)
        raise Refusal("data.fetch_foreign", name=slug) from None
    return place


def _here(slug: str) -> Path | None:
    """Return the folder that holds the whole set already, or ``None``."""
    places = [folder.home() / slug]
    with suppress(Refusal):
        places.insert(0, folder.find(slug).train_images.parent)
    return next((place for place in places if _whole(place, slug)), None)


def _whole(place: Path, slug: str) -> bool:
    """Tell whether the four files are here, can be read, and have the counts of the set."""
    files, _ = folder.files_in(place)
    try:
        if files is None or folder.held_in(files) != slug:  # none, a part of it, or something in its stead
            return False
        folder.load(files, tuple(map(str, range(10))))
    except Refusal:
        return False
    return True


def _tidy(arrived: Path) -> None:
    """Remove the folder where nothing has arrived in it."""
    if not any(path.is_file() for path in arrived.rglob("*")):
        shutil.rmtree(arrived, ignore_errors=True)


def _pictures(slug: str, source: Source, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pictures as bytes and labels from 0, or raise ``Refusal`` where these are not the samples expected."""
    numbers = y.astype(np.float64)
    labels = np.searchsorted(np.unique(numbers), numbers)  # the digits of USPS are numbered from 1
    first = sum(source.train)
    counts = [tuple(np.bincount(part, minlength=10).tolist()) for part in (labels[:first], labels[first:])]
    inside = x.size > 0 and source.low <= x.min() and x.max() <= source.high
    if x.shape != (len(labels), source.side**2) or counts != [source.train, source.test] or not inside:
        raise Refusal("data.fetch_foreign", name=slug)
    pictures = np.empty(x.shape, np.uint8)
    factor = 255 / (source.high - source.low)
    for first in range(0, len(x), 1000):  # a second copy of all these floats would take half a gigabyte
        np.rint((x[first : first + 1000] - source.low) * factor, out=pictures[first : first + 1000], casting="unsafe")
    return pictures.reshape(-1, source.side, source.side), labels


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
