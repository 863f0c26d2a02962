"""A strict reader of IDX, the file format of MNIST. Whatever is not exactly right is refused with one sentence."""

import gzip
import struct
import zlib
from pathlib import Path
from typing import BinaryIO, cast

import numpy as np
from numpy.typing import NDArray

from spec import Refusal

MOST_SAMPLES = 100_000  # no set of this family has more than 70,000
MOST_PIXELS = 64  # of a side; MNIST has 28

_UINT8 = 0x08  # the type byte of the magic number: unsigned bytes


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read pictures ``(N, H, W)``; raise ``Refusal`` unless the file is a whole IDX file of them, within limits."""
    return _read(path, (MOST_SAMPLES, MOST_PIXELS, MOST_PIXELS))


def read_labels(path: Path, classes: int) -> NDArray[np.int64]:
    """Read labels ``(N,)``; raise ``Refusal`` unless the file is a whole IDX file of labels below ``classes``."""
    labels = _read(path, (MOST_SAMPLES,)).astype(np.int64)
    if labels.max() >= classes:
        raise Refusal("data.idx_label", file=path.name, label=int(labels.max()), last=classes - 1)
    return labels


def write(path: Path, array: NDArray[np.uint8] | NDArray[np.int64]) -> None:
    """Write pictures ``(N, H, W)`` or labels ``(N,)`` as a gzipped IDX file of bytes."""
    header = bytes([0, 0, _UINT8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    body = header + array.astype(np.uint8).tobytes()
    path.write_bytes(gzip.compress(body, compresslevel=6, mtime=0))  # equal arrays, equal bytes


def _read(path: Path, most: tuple[int, ...]) -> NDArray[np.uint8]:
    try:
        with path.open("rb") as raw:
            zipped = raw.read(2) == b"\x1f\x8b"
            raw.seek(0)
            return _parse(cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw, path.name, most)
    except (OSError, EOFError, zlib.error):  # gzip's own errors are of these kinds
        raise Refusal("data.idx_unreadable", file=path.name) from None


def _parse(stream: BinaryIO, name: str, most: tuple[int, ...]) -> NDArray[np.uint8]:
    """Read the header, then at most one byte more than it announces, so that no zip bomb is unpacked."""
    magic = stream.read(4)
    if magic != bytes([0, 0, _UINT8, len(most)]):
        right = f"0000{_UINT8:02x}{len(most):02x}"
        raise Refusal("data.idx_magic", file=name, found=magic.hex() or "-", expected=right)
    header = stream.read(4 * len(most))
    if len(header) < 4 * len(most):
        raise Refusal("data.idx_length", file=name, found=len(header), expected=4 * len(most))
    shape = tuple(int(size) for size in np.frombuffer(header, dtype=">u4"))
    if any(not 1 <= size <= limit for size, limit in zip(shape, most, strict=True)):
        raise Refusal("data.idx_shape", file=name, found=_format(shape), limits=_format(most))
    expected = int(np.prod(shape, dtype=np.int64))
    body = stream.read(expected + 1)
    if len(body) != expected:
        found = f"> {expected}" if len(body) > expected else len(body)
        raise Refusal("data.idx_length", file=name, found=found, expected=expected)
    return np.frombuffer(body, dtype=np.uint8).reshape(shape)


def _format(sizes: tuple[int, ...]) -> str:
    return " x ".join(str(size) for size in sizes)
