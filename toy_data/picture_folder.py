"""A folder of pictures, one subfolder a class, read with Pillow: few formats, limits before anything is unpacked."""

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
    """Return the pictures of each class, the name of the subfolder; raise ``Refusal`` where there are none.

    Hidden files and folders are passed over, as are files with other endings.
    """
    subfolders = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not subfolders:
        raise Refusal("data.own_folder", file=folder.name)
    if not 2 <= len(subfolders) <= MOST_CLASSES:
        raise Refusal("data.own_classes", file=folder.name, found=len(subfolders), most=MOST_CLASSES)
    labels = [each.name.strip() for each in subfolders]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise Refusal("data.own_folders_twice", file=folder.name, label=repr(twice[0]))
    found: dict[str, list[Path]] = {}
    for sub in subfolders:
        if not sub.resolve().is_relative_to(folder.resolve()):
            raise Refusal("data.own_outside", file=sub.name)
        inside = [each for each in sub.iterdir() if not each.name.startswith(".")]
        if deep := sorted(each.name for each in inside if each.is_dir()):
            raise Refusal("data.own_nested", file=folder.name, label=sub.name, found=deep[0])
        found[sub.name] = sorted(each for each in inside if each.suffix.lower() in _ENDINGS)
        if not found[sub.name]:
            raise Refusal("data.own_no_pictures", file=folder.name, label=sub.name, formats=", ".join(_FORMATS))
        if sum(map(len, found.values())) > MOST_PICTURES:
            raise Refusal("data.own_pictures", file=folder.name, most=MOST_PICTURES)
        if odd := [each for each in found[sub.name] if not each.is_file()]:  # a dead link, or a pipe to wait for
            raise Refusal("data.own_unreadable", file=f"{sub.name}/{odd[0].name}")
    return found


def read(folder: Path) -> Raw:
    """Read the pictures as grey bytes; raise ``Refusal`` where one is none, too large, or outside the folder.

    Pictures of one size within the limit keep it; otherwise all are fitted into 28x28, borders black. Colours become
    grey, sixteen bits eight; what is transparent lets white paper through; a photo is turned as its camera was held.
    """
    found = files(folder)
    root = folder.resolve()
    pictures = [_grey(path, root) for paths in found.values() for path in paths]
    if len({picture.size for picture in pictures}) > 1:
        pictures = [ImageOps.pad(picture, SIZE) for picture in pictures]
    x = np.stack([np.asarray(picture) for picture in pictures])
    y = np.repeat(np.array(list(found)), [len(paths) for paths in found.values()])  # texts are put in order there
    return checked(folder.name, {"x": x, "y": y})


def _grey(path: Path, root: Path) -> Image.Image:
    name = f"{path.parent.name}/{path.name}"
    if not path.resolve().is_relative_to(root):
        raise Refusal("data.own_outside", file=name)
    try:
        if (size := path.stat().st_size) > MOST_BYTES_EACH:
            raise Refusal("data.own_bytes", file=name, found=size >> 20, most=MOST_BYTES_EACH >> 20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of flaws beside the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS_EACH:
                    raise Refusal("data.own_large", file=name, most=MOST_PIXELS_EACH)
                grey = _flat(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refusal("data.own_large", file=name, most=MOST_PIXELS_EACH) from None
    except Refusal:
        raise
    except Exception:  # where a picture is damaged, Pillow's readers come to errors of every kind
        raise Refusal("data.own_unreadable", file=name) from None
    # at once: thousands of photos in full size would not fit into memory
    return ImageOps.pad(grey, SIZE) if max(grey.size) > MOST_PIXELS else grey


def _flat(picture: Image.Image) -> Image.Image:
    """Return a picture as grey bytes."""
    if picture.mode.startswith("I"):  # of sixteen bits, which convert() would cut off at 255
        return Image.fromarray(np.rint(np.asarray(picture) / 257).astype(np.uint8))
    if picture.has_transparency_data:
        inked = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", inked.size, "white"), inked)
    return picture.convert("L")


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return what changes when a picture of the folder does."""
    return tuple(
        (str(path), status.st_mtime_ns, status.st_size)
        for paths in files(folder).values()
        for path in paths
        for status in [path.stat()]
    )
