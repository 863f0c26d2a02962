"""Folders of pictures by class: formats, sizes, limits, and files that are no pictures."""

import os
import struct
import zlib

import numpy as np
import pytest
from PIL import Image
from user_data_parts import refused, shapes

from toy_data import picture_folder, raw
from toy_data.user_data import Own, checksum, read, read_raw


def test_a_folder_of_pictures_by_class(place):
    folder = shapes(place)
    (folder / "left" / "notes.txt").write_text("no picture")
    samples = Own(file="shapes").load()
    assert samples.classes == ("left", "right")
    assert samples.train_x.shape == (8, 10, 12)
    assert samples.test_x.shape == (2, 10, 12)
    for label, side in ((0, slice(0, 6)), (1, slice(6, 12))):
        pictures = samples.train_x[samples.train_y == label]
        assert (pictures[..., side] >= 200).all()
        assert pictures.sum() == pictures[..., side].sum()


@pytest.mark.parametrize("ending", ["jpg", "bmp", "gif", "webp"])
def test_pictures_of_other_sizes_and_kinds_are_fitted(place, ending):
    shapes(place, size=(200, 100), ending=ending)
    shapes(place, size=(28, 28), ending="png")
    found = read_raw(place / "shapes")
    assert found.x.shape == (20, 28, 28)
    left = found.x[found.y == 0].astype(int)
    assert (left[:, 12:16, :12] > 150).all()
    assert (left[:, 12:16, 16:] < 60).all()


def numbered(place, *names):
    """Classes whose pictures are as bright as the number of the class says."""
    for name in names:
        (place / "numbers" / name).mkdir(parents=True)
        for k in range(5):
            Image.new("L", (4, 4), int(name)).save(place / "numbers" / name / f"{k}.png")


def test_classes_with_numbers_for_names_come_in_their_order(place):
    numbered(place, "10", "9", "1")
    samples = Own(file="numbers").load()
    assert samples.classes == ("1", "9", "10")
    assert np.array(samples.classes, int)[samples.train_y].tolist() == samples.train_x[:, 0, 0].tolist()
    assert np.array(samples.classes, int)[samples.test_y].tolist() == samples.test_x[:, 0, 0].tolist()
    assert Own(file="numbers", classes=2).load().classes == ("1", "9")
    assert Own(file="numbers", held_out=1).load().held_out_classes == ("10",)


def test_converted_classes_stay_in_order(place):
    numbered(place, "10", "9", "1")
    raw.write(read_raw(place / "numbers"), place / "a.npz")
    assert read_raw(place / "a.npz").classes == ("1", "9", "10")
    assert checksum(read(place / "a.npz")) == checksum(read(place / "numbers"))


def test_colour_becomes_grey(place):
    folder = shapes(place)
    for path in folder.rglob("*.png"):
        Image.open(path).convert("RGBA").save(path)
    assert read_raw(folder).x.max() == 204


def one_each(place, **pictures):
    """Two classes of two pictures each, all of them the same one."""
    (picture,) = pictures.values()
    (name,) = pictures
    for label in "ab":
        (place / name / label).mkdir(parents=True)
        for k in range(2):
            picture.save(place / name / label / f"{k}.png")
    return read_raw(place / name).x[0]


def test_sixteen_bits_become_eight_and_are_not_cut_off(place):
    ramp = np.linspace(0, 65535, 400).reshape(20, 20).astype(np.uint16)
    found = one_each(place, ramp=Image.fromarray(ramp))
    assert np.abs(found - ramp / 257).max() <= 0.5
    assert (found[0, 0], found[-1, -1]) == (0, 255)


@pytest.mark.parametrize("mode", ["RGBA", "LA", "P"])
def test_transparent_parts_are_white_paper(place, mode):
    picture = Image.new("RGBA", (9, 9), (0, 0, 0, 0))
    picture.paste((0, 0, 0, 255), (3, 3, 6, 6))
    found = one_each(place, ink=picture.convert(mode))
    assert (found[3:6, 3:6] == 0).all()
    assert (found == 255).sum() == 81 - 9


def test_half_transparent_ink_is_grey(place):
    assert (one_each(place, ink=Image.new("RGBA", (5, 5), (0, 0, 0, 51))) == 204).all()


def test_a_photo_is_turned_as_its_camera_was_held(place):
    folder = shapes(place, size=(20, 10))
    for path in folder.rglob("*.png"):
        picture = Image.open(path)
        exif = picture.getexif()
        exif[274] = 6  # Orientation: turn right
        picture.save(path, exif=exif)
    found = read_raw(folder)
    assert found.x.shape == (10, 20, 10)
    left = found.x[found.y == 0]
    assert (left[:, :10] >= 200).all()
    assert not left[:, 10:].any()


def test_what_is_hidden_is_passed_over(place):
    folder = shapes(place)
    (folder / "left" / "._0.png").write_bytes(b"\0\5\x16\7")  # as a Mac leaves them on other disks
    (folder / "left" / ".thumbs").mkdir()
    (folder / ".git").mkdir()
    assert len(read_raw(folder).x) == 10


def text_for_a_picture(place):
    (shapes(place) / "left" / "0.png").write_text("no picture")


def cut_picture(place):
    path = shapes(place, size=(60, 60)) / "left" / "0.png"
    path.write_bytes(path.read_bytes()[:-30])


def foreign_format(place):
    Image.new("L", (5, 5)).save(shapes(place) / "left" / "0.png", format="TIFF")


def announced(path, side):
    """A PNG of a few bytes whose header announces a square."""
    content = b"\x89PNG\r\n\x1a\n"
    for kind, body in ((b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0)), (b"IDAT", b"")):
        content += struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
    path.write_bytes(content)


def giant_picture(place):
    announced(shapes(place) / "left" / "0.png", 30_000)


def large_picture(place):
    announced(shapes(place) / "left" / "0.png", 6_000)


def link_outside(place):
    secret = place.parent / "secret.png"
    Image.new("L", (12, 10)).save(secret)
    (shapes(place) / "left" / "9.png").symlink_to(secret)


def class_outside(place):
    (shapes(place) / "third").symlink_to(place.parent)


def empty_class(place):
    shapes(place)
    (place / "shapes" / "none").mkdir()


def one_class(place):
    (place / "shapes" / "only").mkdir(parents=True)


def lone_picture(place):
    shapes(place)
    for path in sorted((place / "shapes" / "left").iterdir())[1:]:
        path.unlink()


def pipe(place):
    os.mkfifo(shapes(place) / "left" / "f.png")


def dead_link(place):
    (shapes(place) / "left" / "f.png").symlink_to("nowhere.png")


def nested(place):
    shapes(place, name="shapes/right/deep")
    shapes(place)


def named_nan(place):
    (shapes(place) / "left").rename(place / "shapes" / "NaN")


def alike(place):
    (shapes(place) / "left").rename(place / "shapes" / " right")


FOLDERS = {
    "label nan": (named_nan, "shapes holds the label 'nan'"),
    "names alike": (alike, "Two subfolders of shapes are called 'right' but for spaces"),
    "text": (text_for_a_picture, "left/0.png cannot be read"),
    "cut": (cut_picture, "left/0.png cannot be read"),
    "pipe": (pipe, "left/f.png cannot be read"),
    "dead link": (dead_link, "left/f.png cannot be read"),
    "nested": (nested, "The subfolder right of shapes holds a folder, deep, but the pictures of a class"),
    "format": (foreign_format, "0.png cannot be read"),
    "giant": (giant_picture, "left/0.png has more than 33554432 pixels"),
    "large": (large_picture, "left/0.png has more than 33554432 pixels"),
    "link": (link_outside, "left/9.png leads out of its folder"),
    "class outside": (class_outside, "third leads out of its folder"),
    "empty class": (empty_class, "none of shapes holds no picture"),
    "one class": (one_class, "holds 1 classes"),
    "one picture": (lone_picture, "one sample of class left"),
    "nothing": (lambda place: (place / "shapes").mkdir(), "neither four IDX files nor"),
}


@pytest.mark.parametrize("name", FOLDERS)
def test_a_folder_that_is_none_is_refused_with_one_sentence(place, name):
    make, sentence = FOLDERS[name]
    make(place)
    refused(place / "shapes", sentence)


def test_a_folder_has_limits_too(place, monkeypatch):
    folder = shapes(place)
    monkeypatch.setattr(picture_folder, "MOST_BYTES_EACH", 10)
    refused(folder, "left/0.png holds 0 MiB")
    monkeypatch.setattr(picture_folder, "MOST_PICTURES", 9)
    refused(folder, "more than 9 pictures")
