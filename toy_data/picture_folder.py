"""A folder of pictures with a subfolder for each class, read with Pillow. Limits hold before anything is unpacked."""

import warnings
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from spec import Refusal
from toy_data.idx import MOST_PIXELS
from toy_data.raw import MOST_CLASSES, Raw, check_samples

#: Pictures are read one by one whenever a file changes. More of them belong into an NPZ (``data convert``).
MOST_PICTURES = 20_000
#: Pixels of a picture. A photo from a telephone has half as many.
MOST_PIXELS_EACH = 2**25
MOST_BYTES_EACH = 32 * 2**20
#: The size, that of MNIST, to which pictures of different or larger sizes are fitted.
SIZE = (28, 28)

_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP")
_ENDINGS = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}


def files(folder: Path) -> dict[str, list[Path]]:
    """Return the pictures of each class by the name of its subfolder; raise ``Refusal`` where there are none.

    Skips hidden files and folders, and files with other endings.
    """
    subfolders = sorted(each for each in folder.iterdir() if each.is_dir() and not each.name.startswith("."))
    if not subfolders:
        raise Refusal("data.own_folder", file=folder.name)
    if not 2 <= len(subfolders) <= MOST_CLASSES:
        raise Refusal("data.own_classes", file=folder.name, found=len(subfolders), most=MOST_CLASSES)
    labels = [each.name.strip() for each in subfolders]
    if twice := [label for label in labels if labels.count(label) > 1]:
        raise Refusal("data.own_folders_twice", file=folder.name, label=repr(twice[0]))
    pictures_of: dict[str, list[Path]] = {}
    for sub in subfolders:
        if not sub.resolve().is_relative_to(folder.resolve()):
            raise Refusal("data.own_outside", file=sub.name)
        inside = [each for each in sub.iterdir() if not each.name.startswith(".")]
        if deep := sorted(each.name for each in inside if each.is_dir()):
            raise Refusal("data.own_nested", file=folder.name, label=sub.name, found=deep[0])
        pictures_of[sub.name] = sorted(each for each in inside if each.suffix.lower() in _ENDINGS)
        if not pictures_of[sub.name]:
            raise Refusal("data.own_no_pictures", file=folder.name, label=sub.name, formats=", ".join(_FORMATS))
        if sum(map(len, pictures_of.values())) > MOST_PICTURES:
            raise Refusal("data.own_pictures", file=folder.name, most=MOST_PICTURES)
        if odd := [
            each for each in pictures_of[sub.name] if not each.is_file()
        ]:  # a broken link, or a pipe that would block
            raise Refusal("data.own_unreadable", file=f"{sub.name}/{odd[0].name}")
    return pictures_of


def read(folder: Path) -> Raw:
    """Read the pictures as grey bytes; raise ``Refusal`` where one is damaged, too large, or outside the folder.

    Pictures of one size within the limit keep it; otherwise all are fitted into 28x28 with black borders. Colours
    become grey and sixteen bits become eight. Transparent parts are white. A photo is turned upright as its camera
    noted.
    """
    pictures_of = files(folder)
    root = folder.resolve()
    pictures = [_grey(path, root) for paths in pictures_of.values() for path in paths]
    if len({picture.size for picture in pictures}) > 1:
        pictures = [ImageOps.pad(picture, SIZE) for picture in pictures]
    x = np.stack([np.asarray(picture) for picture in pictures])
    y = np.repeat(
        np.array(list(pictures_of)), [len(paths) for paths in pictures_of.values()]
    )  # check_samples puts the names in order
    return check_samples(folder.name, {"x": x, "y": y})


def _grey(path: Path, root: Path) -> Image.Image:
    name = f"{path.parent.name}/{path.name}"
    if not path.resolve().is_relative_to(root):
        raise Refusal("data.own_outside", file=name)
    try:
        if (size := path.stat().st_size) > MOST_BYTES_EACH:
            raise Refusal("data.own_bytes", file=name, found=size >> 20, most=MOST_BYTES_EACH >> 20)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # about flaws outside the pixels
            warnings.simplefilter("error", Image.DecompressionBombWarning)
            with Image.open(path, formats=_FORMATS) as picture:
                if picture.width * picture.height > MOST_PIXELS_EACH:
                    raise Refusal("data.own_large", file=name, most=MOST_PIXELS_EACH)
                grey = _flat(ImageOps.exif_transpose(picture))
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise Refusal("data.own_large", file=name, most=MOST_PIXELS_EACH) from None
    except Refusal:
        raise
    except Exception:  # Pillow's readers raise many kinds of errors where a picture is damaged
        raise Refusal("data.own_unreadable", file=name) from None
    # at once, since thousands of photos in full size would not fit into memory
    return ImageOps.pad(grey, SIZE) if max(grey.size) > MOST_PIXELS else grey


def _flat(picture: Image.Image) -> Image.Image:
    """Return a picture as grey bytes."""
    if picture.mode.startswith("I"):  # sixteen bits, which convert() would cut off at 255
        return Image.fromarray(np.rint(np.asarray(picture) / 257).astype(np.uint8))
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", layer.size, "white"), layer)
    return picture.convert("L")


def stamp(folder: Path) -> tuple[tuple[str, int, int], ...]:
    """Return a value that changes when a picture of the folder does."""
    return tuple(
        (str(path), status.st_mtime_ns, status.st_size)
        for paths in files(folder).values()
        for path in paths
        for status in [path.stat()]
    )
