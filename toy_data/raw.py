"""The samples of a user's file, and the checks that they must pass."""

import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data.idx import MOST_PIXELS, MOST_SAMPLES

#: Bytes of a file and of each array in it, unpacked: 100,000 pictures of 50x50. A page must load it in seconds.
MOST_BYTES = 256 * 2**20
MOST_FEATURES = 1024
#: Features become float32 and must then stay within ``MOST_BYTES``, however small they are in the file.
MOST_VALUES = MOST_BYTES // 4
#: The stage has room for no more (``CLASSES`` in app/stage/gl/context.js).
MOST_CLASSES = 64
#: Longer names of classes would cover the picture.
LONGEST_LABEL = 40

# rows that are checked together: 0.5 MiB of float64 in 64 columns, 8 MiB in the most
_ROWS = 1024


@dataclass(frozen=True, eq=False)
class Raw:
    """The samples of a file called ``name``: pictures ``(N, H, W)`` as bytes, or features ``(N, F)`` unchanged.

    Labels are int64 from 0; ``classes`` are their names. ``test_x`` and ``test_y`` are ``None`` where the file does
    not separate training from test.
    """

    name: str
    x: NDArray[Any]
    y: NDArray[np.int64]
    test_x: NDArray[Any] | None
    test_y: NDArray[np.int64] | None
    classes: tuple[str, ...]


def check_samples(name: str, arrays: Mapping[str, NDArray[Any]], classes: NDArray[Any] | None = None) -> Raw:
    """Check ``x`` and ``y``, or ``x_train``, ``y_train``, ``x_test`` and ``y_test``, and return them as samples.

    ``classes`` may name the labels 0, 1, ... Raises ``Refusal`` where the arrays are not samples or exceed a limit.
    """
    parts = [(f"x{end}", f"y{end}") for end in (("_train", "_test") if "x_train" in arrays else ("",))]
    for x, y in parts:
        _check(name, x, arrays[x], y, arrays[y])
    xs, ys = [arrays[x] for x, _ in parts], [arrays[y] for _, y in parts]
    if any(x.shape[1:] != xs[0].shape[1:] or x.dtype != xs[0].dtype for x in xs):
        found = ", ".join(f"{x.dtype} {_size(x.shape[1:])}" for x in xs)
        raise Refusal("data.own_mixed", file=name, found=found)
    if len({y.dtype.kind == "U" for y in ys}) > 1:
        raise Refusal("data.own_mixed", file=name, found=", ".join(str(y.dtype) for y in ys))
    if xs[0].ndim == 2 and (values := sum(x.size for x in xs)) > MOST_VALUES:
        raise Refusal("data.own_values", file=name, found=values, most=MOST_VALUES)
    numbers, labels = _labels(name, ys, classes)
    samples = _bytes(name, xs) if xs[0].ndim == 3 else xs
    test_x, test_y = (samples[1], numbers[1]) if len(parts) == 2 else (None, None)
    return Raw(name, samples[0], numbers[0], test_x, test_y, labels)


def pieces(x: NDArray[Any]) -> Iterator[tuple[slice, NDArray[np.float64]]]:
    """Yield samples ``(N, ...)`` as float64, some rows at a time, since a copy may take eight times their memory."""
    for first in range(0, len(x), _ROWS):
        rows = slice(first, first + _ROWS)
        with np.errstate(over="ignore"):  # numbers of more than eight bytes become infinite, and are refused as such
            yield rows, np.ascontiguousarray(x[rows], dtype=np.float64)


def write(raw: Raw, path: Path) -> None:
    """Write samples as NPZ; raise ``Refusal`` where the file exists or cannot be written."""
    arrays: dict[str, NDArray[Any]] = {"classes": np.array(raw.classes)}
    if raw.test_x is None or raw.test_y is None:
        arrays |= {"x": raw.x, "y": raw.y}
    else:
        arrays |= {"x_train": raw.x, "y_train": raw.y, "x_test": raw.test_x, "y_test": raw.test_y}
    if path.suffix != ".npz" or path.exists():
        raise Refusal("data.convert_out", file=path.name)
    beside = path.with_name(f".{os.getpid()}.part")  # a file that a full disk cuts off never has the final name
    try:
        with beside.open("wb") as file:
            np.savez_compressed(file, allow_pickle=False, **arrays)
        beside.rename(path)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise Refusal("data.convert_disk", file=path.name, reason=reason) from None
    finally:
        with suppress(OSError):
            beside.unlink()


def _check(name: str, x_name: str, x: NDArray[Any], y_name: str, y: NDArray[Any]) -> None:
    if x.dtype.kind not in "buif":
        raise Refusal("data.own_dtype", file=name, array=x_name, found=x.dtype)
    if x.ndim not in {2, 3}:
        raise Refusal("data.own_shape", file=name, array=x_name, found=_size(x.shape))
    most = (MOST_SAMPLES, MOST_FEATURES) if x.ndim == 2 else (MOST_SAMPLES, MOST_PIXELS, MOST_PIXELS)
    if any(not 1 <= size <= limit for size, limit in zip(x.shape, most, strict=True)):
        raise Refusal("data.own_size", file=name, array=x_name, found=_size(x.shape), limits=_size(most))
    if y.dtype.kind not in "buifU" or y.shape != (len(x),):
        raise Refusal("data.own_labels", file=name, array=y_name, found=f"{y.dtype} {_size(y.shape)}", samples=len(x))
    for rows, piece in pieces(x) if x.dtype.kind == "f" else ():
        finite = np.isfinite(piece)
        if not finite.all():
            at = np.unravel_index(finite.argmin(), finite.shape)
            raise Refusal("data.own_finite", file=name, array=x_name, found=str(x[rows][at]), row=rows.start + at[0])
    if y.dtype.kind == "f" and not (whole := np.isfinite(y) & (y == np.rint(y))).all():
        row = int(whole.argmin())
        raise Refusal("data.own_label_whole", file=name, array=y_name, found=str(y[row]), row=row)
    if y.dtype.kind in "uf":
        numbers = y.astype(np.float64)
        far = numbers[(numbers < -(2.0**63)) | (numbers >= 2.0**63)]  # int64 cannot hold them
        if len(far):
            raise Refusal("data.own_label_far", file=name, array=y_name, found=f"{far[0]:.4g}")


def _bytes(name: str, xs: list[NDArray[Any]]) -> list[NDArray[np.uint8]]:
    """Return pixels as bytes: whole numbers from 0 to 255 as they are, fractions from 0 to 1 times 255."""
    low, high = min(x.min() for x in xs), max(x.max() for x in xs)
    fractions = xs[0].dtype.kind == "b" or (xs[0].dtype.kind == "f" and high <= 1)
    whole = xs[0].dtype.kind != "f" or all((piece == np.rint(piece)).all() for x in xs for _, piece in pieces(x))
    if low < 0 or high > 255 or not (fractions or whole):
        raise Refusal("data.own_pixels", file=name, low=f"{low:g}", high=f"{high:g}")
    if xs[0].dtype == np.uint8:
        return list(xs)
    images = [np.empty(x.shape, np.uint8) for x in xs]
    for x, pixels in zip(xs, images, strict=True):
        for rows, piece in pieces(x):
            pixels[rows] = np.rint(piece * 255) if fractions else piece
    return images


def _labels(
    name: str, ys: list[NDArray[Any]], classes: NDArray[Any] | None
) -> tuple[list[NDArray[np.int64]], tuple[str, ...]]:
    """Number the labels from 0: in numerical order where all are whole numbers, else in alphabetical order."""
    trimmed = [np.strings.strip(y) if y.dtype.kind == "U" else y.astype(np.int64) for y in ys]
    values = np.unique(np.concatenate(trimmed))
    if not 2 <= len(values) <= MOST_CLASSES:
        raise Refusal("data.own_classes", file=name, found=len(values), most=MOST_CLASSES)
    order = np.arange(len(values))
    if values.dtype.kind == "U" and all(map(_whole, values.tolist())):
        order = np.array(sorted(order, key=lambda place: (int(values[place]), str(values[place]))))
    names = [str(value) for value in values[order]]
    if classes is not None:
        if (
            classes.dtype.kind != "U"
            or classes.ndim != 1
            or values.dtype.kind == "U"
            or not (values.min() >= 0 and values.max() < len(classes))
        ):
            raise Refusal("data.own_names", file=name, found=classes.size)
        names = [str(classes[value]).strip() for value in values]
        if twice := [label for label in names if names.count(label) > 1]:
            raise Refusal("data.own_names_twice", file=name, label=twice[0][:LONGEST_LABEL])
    if any(map(is_nan, names)):
        raise Refusal("data.own_label_nan", file=name)
    for label in names:
        if not label.isprintable() or not 1 <= len(label) <= LONGEST_LABEL:
            raise Refusal("data.own_label", file=name, found=repr(label[:LONGEST_LABEL]), most=LONGEST_LABEL)
    rank = np.argsort(order)
    return [rank[np.searchsorted(values, y)].astype(np.int64) for y in trimmed], tuple(names)


def is_nan(label: str) -> bool:
    """Return whether a label is ``nan``, which other programs write where it is missing."""
    return label.lower() == "nan"


def _whole(word: str) -> bool:
    return word.isascii() and word.removeprefix("-").isdigit() and len(word) < LONGEST_LABEL


def _size(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "-"
