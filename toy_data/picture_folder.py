"""A folder of pictures, one subfolder a class, read with Pillow: few formats, limits before anything is unpacked."""

import struct
import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from spec import Refusal
from toy_data.idx import MOST_PIXELS
from toy_data.raw import MOST_CLASSES, Raw, checked

#: They are read one by one whenever a file changes; more belong into an NPZ (``loss-geometry data convert``).
MOST_PICTURES = 20_000
#: A photo from a telephone has half as many.
MOST_PIXELS_EACH = 2**25
MOST_BYTES_EACH = 32 * 2**20
#: What pictures of other or of different sizes are brought to: that of MNIST.
SIZE = (28, 28)

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}


def files(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures of each class, the name of the subfolder; raise ``Refusal`` where there are none."""
    subfolders = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not subfolders:
        raise Refusal("data.own_folder", file=folder.name)
    if not 2 <= len(subfolders) <= MOST_CLASSES:
        raise Refusal("data.own_classes", file=folder.name, found=len(subfolders), most=MOST_CLASSES)
    found: dict[str, list[Path]] = {}
    for sub in subfolders:
        found[sub.name] = sorted(each for each in sub.iterdir() if each.suffix.lower() in _ENDINGS)
        if not found[sub.name]:
            raise Refusal("data.own_no_pictures", file=folder.name, label=sub.name, formats=", ".join(_FORMATS))
        if sum(map(len, found.values())) > MOST_PICTURES:
            raise Refusal("data.own_pictures", file=folder.name, most=MOST_PICTURES)
    return found


def read(folder: Path) -> Raw:
    """Read the pictures as grey bytes; raise ``Refusal`` where one is none, too large, or outside the folder.

    Pictures of one size within the limit keep it; otherwise all are fitted into 28x28, borders black.
    """
    found = files(folder)
    root = folder.resolve()
    pictures = [_grey(path, root) for paths in found.values() for path in paths]
    if len({picture.size for picture in pictures}) > 1:
        pictures = [ImageOps.pad(picture, SIZE) for picture in pictures]
    x = np.stack([np.asarray(picture) for picture in pictures])
    y = np.repeat(np.arange(len(found)), [len(paths) for paths in found.values()])
    return checked(folder.name, {"x": x, "y": y}, np.array(list(found)))


def _grey(path: Path, root: Path) -> Image.Image:
    if not path.resolve().is_relative_to(root):
        raise Refusal("data.own_outside", file=path.name)
    try:
        if path.stat().st_size > MOST_BYTES_EACH:
            raise Refusal("data.own_bytes", file=path.name, found=path.stat().st_size >> 20, most=MOST_BYTES_EACH >> 20)
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow only warns of a picture that is suspiciously large
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS_EACH:
                    raise Refusal("data.own_large", file=path.name, most=MOST_PIXELS_EACH)
                grey = picture.convert("L")
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refusal("data.own_large", file=path.name, most=MOST_PIXELS_EACH) from None
    except Refusal:
        raise
    # all that Pillow's readers come to where a picture is damaged
    except (OSError, EOFError, ValueError, SyntaxError, struct.error, Warning):
        raise Refusal("data.own_unreadable", file=path.name) from None
    # at once: thousands of photos in full size would not fit into memory
    return ImageOps.pad(grey, SIZE) if max(grey.size) > MOST_PIXELS else grey


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a picture of the folder does."""
    return tuple(
        (str(path), status.st_mtime_ns, status.st_size)
        for paths in files(folder).values()
        for path in paths
        for status in [path.stat()]
    )
