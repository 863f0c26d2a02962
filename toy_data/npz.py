"""A strict reader of NPZ, NumPy's archives. It reads headers first, never unpickles, and unpacks no surplus bytes."""

import math
import warnings
import zipfile
import zlib
from lzma import LZMAError
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from spec import Refusal
from toy_data.raw import MOST_BYTES, Raw, check_samples

_SPLIT = ("x_train", "y_train", "x_test", "y_test")
_PLAIN = ("x", "y")
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(path: Path) -> Raw:
    """Read ``x_train``, ``y_train``, ``x_test`` and ``y_test``, or ``x`` and ``y``; also ``classes`` if there is one.

    Raises ``Refusal`` unless these are arrays of samples and labels within the limits.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = {info.filename.removesuffix(".npy"): info for info in archive.infolist()}
            names = next((names for names in (_SPLIT, _PLAIN) if set(names) <= set(members)), None)
            if names is None:
                found = ", ".join(sorted(members))[:100] or "-"
                raise Refusal("data.own_members", file=path.name, found=found)
            names = (*names, "classes") if "classes" in members else names
            arrays = {name: _array(archive, members[name], name, path.name) for name in names}
    except Refusal:
        raise
    # errors of zipfile and NumPy where a file is damaged, encrypted, or packed in an unknown way
    except (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        NotImplementedError,
        zipfile.BadZipFile,
        zlib.error,
        LZMAError,
    ):
        raise Refusal("data.own_unreadable", file=path.name) from None
    return check_samples(path.name, arrays, arrays.pop("classes", None))


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, file: str) -> NDArray[Any]:
    with archive.open(member) as stream:
        header = _HEADERS.get(npy.read_magic(stream))
        if header is None:
            raise ValueError(name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # about headers written by Python 2
                shape, fortran, dtype = header(stream)
        except Exception:  # NumPy passes the header to Python's tokeniser and parser, which raise many kinds of errors
            raise ValueError(name) from None
        if any(size < 0 for size in shape):  # a negative size would read everything there is
            raise ValueError(name)
        if dtype.hasobject:
            raise Refusal("data.own_pickle", file=file, array=name)
        if dtype.kind not in "buifU" or dtype.itemsize == 0:
            raise Refusal("data.own_dtype", file=file, array=name, found=dtype)
        size = math.prod(shape) * dtype.itemsize
        if size > MOST_BYTES:
            raise Refusal("data.own_bytes", file=file, found=f"> {MOST_BYTES >> 20}", most=MOST_BYTES >> 20)
        body = stream.read(size + 1)  # one byte more shows that the body is too long
        if len(body) != size:
            raise ValueError(name)
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")
