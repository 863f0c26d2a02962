"""Fetching MNIST and its siblings from OpenML into four IDX files, checked against the published counts."""

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

#: Downloads data set ``number`` of OpenML into a folder. Returns its name, samples ``(N, F)`` and labels ``(N,)``.
Download = Callable[[int, Path], tuple[str, NDArray[Any], NDArray[Any]]]


def fetch(slug: str, download: Download = download) -> Path:
    """Fetch a data set unless it is here already; return the folder of its files.

    Raises ``Refusal`` where the network fails, the download is not the expected set, or the disk is full.
    Files that arrived whole are kept until the download succeeds and are not fetched again. A file that was cut off
    is fetched anew.
    """
    if slug not in SOURCES:
        raise Refusal("data.fetch_unknown", name=repr(slug[:40]), allowed=", ".join(SOURCES))
    if (existing := _existing(slug)) is not None:
        return existing
    source, place = SOURCES[slug], folder.home() / slug
    partial = folder.home() / f"{slug}.download"
    try:
        partial.mkdir(parents=True, exist_ok=True)
        name, x, y = download(source.number, partial)
        if name.casefold() != source.name.casefold():
            raise Refusal("data.fetch_foreign", name=slug)
        _write(place, partial / "idx", source, *_pictures(slug, source, x, y))
        shutil.rmtree(partial)
    except Refusal:
        shutil.rmtree(partial, ignore_errors=True)  # the same files would be refused again
        raise
    except KeyboardInterrupt:
        raise Refusal("data.fetch_stopped", name=slug) from None
    except HTTPError as error:
        error.close()
        _remove_if_empty(partial)
        raise Refusal("data.fetch_answer", name=slug, code=error.code, variable=folder.VARIABLE) from None
    except URLError:
        _remove_if_empty(partial)
        raise Refusal("data.fetch_network", name=slug, variable=folder.VARIABLE) from None
    except (TimeoutError, ConnectionError, HTTPException):
        _remove_if_empty(partial)
        raise Refusal("data.fetch_broken", name=slug) from None
    except (EOFError, zlib.error, gzip.BadGzipFile):  # an answer without a length was cut off
        shutil.rmtree(partial, ignore_errors=True)
        raise Refusal("data.fetch_damaged", name=slug) from None
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refusal("data.fetch_disk", name=slug, folder=folder.home(), reason=reason) from None
    except (ValueError, KeyError, TypeError, IndexError):  # a wrong checksum, or an answer of another form
        shutil.rmtree(partial, ignore_errors=True)
        raise Refusal("data.fetch_foreign", name=slug) from None
    return place


def _existing(slug: str) -> Path | None:
    """Return the folder that holds the whole set already, or ``None``."""
    places = [folder.home() / slug]
    with suppress(Refusal):
        places.insert(0, folder.find(slug).train_images.parent)
    return next((place for place in places if _whole(place, slug)), None)


def _whole(place: Path, slug: str) -> bool:
    """Tell whether the four files are here, can be read, and have the counts of the set."""
    files, _ = folder.files_in(place)
    try:
        if files is None or folder.identify(files) != slug:  # no files, a part of the set, or another one
            return False
        folder.load(files, tuple(map(str, range(10))))
    except Refusal:
        return False
    return True


def _remove_if_empty(folder: Path) -> None:
    """Remove a folder that holds no file."""
    if not any(path.is_file() for path in folder.rglob("*")):
        shutil.rmtree(folder, ignore_errors=True)


def _pictures(slug: str, source: Source, x: NDArray[Any], y: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return pictures ``(N, H, W)`` as bytes and labels from 0; raise ``Refusal`` for samples of another set."""
    numbers = y.astype(np.float64)
    labels = np.searchsorted(np.unique(numbers), numbers)  # the digits of USPS are numbered from 1
    first = sum(source.train)
    counts = [tuple(np.bincount(part, minlength=10).tolist()) for part in (labels[:first], labels[first:])]
    inside = x.size > 0 and source.low <= x.min() and x.max() <= source.high
    if x.shape != (len(labels), source.side**2) or counts != [source.train, source.test] or not inside:
        raise Refusal("data.fetch_foreign", name=slug)
    pictures = np.empty(x.shape, np.uint8)
    factor = 255 / (source.high - source.low)
    for first in range(0, len(x), 1000):  # in pieces: a second copy of all these floats would take half a gigabyte
        np.rint((x[first : first + 1000] - source.low) * factor, out=pictures[first : first + 1000], casting="unsafe")
    return pictures.reshape(-1, source.side, source.side), labels


def _write(place: Path, before: Path, source: Source, pictures: NDArray[Any], labels: NDArray[Any]) -> None:
    """Write the four files into a folder, then move it into place, so that a set is never there in part."""
    shutil.rmtree(before, ignore_errors=True)
    before.mkdir()
    first = sum(source.train)
    arrays = (pictures[:first], labels[:first], pictures[first:], labels[first:])
    for role, array in zip(folder.ROLES, arrays, strict=True):
        idx.write(before / f"{role}-idx{array.ndim}-ubyte.gz", array)
    shutil.rmtree(place, ignore_errors=True)
    before.replace(place)
