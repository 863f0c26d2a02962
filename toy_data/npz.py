"""A strict reader of NPZ, the archives of NumPy: headers first, no pickle, nothing unpacked that is not announced."""

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
from toy_data.raw import MOST_BYTES, Raw, checked

_SPLIT = ("x_train", "y_train", "x_test", "y_test")
_PLAIN = ("x", "y")
_HEADERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}


def read(path: Path) -> Raw:
    """Read ``x_train``, ``y_train``, ``x_test`` and ``y_test``, or ``x`` and ``y``, and ``classes`` where it is there.

    Raises ``Refusal`` unless these are arrays of samples and labels within limits.
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
    # what zip and header come to where a file is damaged, encrypted, or packed in a way unknown here
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
    return checked(path.name, arrays, arrays.pop("classes", None))


def _array(archive: zipfile.ZipFile, member: zipfile.ZipInfo, name: str, file: str) -> NDArray[Any]:
    with archive.open(member) as stream:
        header = _HEADERS.get(npy.read_magic(stream))
        if header is None:
            raise ValueError(name)
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of headers in the way of Python 2
                shape, fortran, dtype = header(stream)
        except Exception:  # whatever Python's own tokeniser and parser come to, to which NumPy gives the header
            raise ValueError(name) from None
        if any(size < 0 for size in shape):  # of which a body of negative size would be read: all that there is
            raise ValueError(name)
        if dtype.hasobject:
            raise Refusal("data.own_pickle", file=file, array=name)
        if dtype.kind not in "buifU" or dtype.itemsize == 0:
            raise Refusal("data.own_dtype", file=file, array=name, found=dtype)
        size = math.prod(shape) * dtype.itemsize
        if size > MOST_BYTES:
            raise Refusal("data.own_bytes", file=file, found=f"> {MOST_BYTES >> 20}", most=MOST_BYTES >> 20)
        body = stream.read(size + 1)  # a byte too many is enough to tell
        if len(body) != size:
            raise ValueError(name)
    return np.frombuffer(body, dtype).reshape(shape, order="F" if fortran else "C")
