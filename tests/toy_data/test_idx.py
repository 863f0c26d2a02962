"""The IDX reader against files written by hand, whole ones and every kind of damage."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spec import Refusal
from toy_data.idx import MOST_PIXELS, MOST_SAMPLES, read_images, read_labels

PICTURES = bytes(range(24))


def images(count=2, height=3, width=4, body=PICTURES, magic=0x0803):
    return struct.pack(">IIII", magic, count, height, width) + body


def labels(values, magic=0x0801, count=None):
    return struct.pack(">II", magic, len(values) if count is None else count) + bytes(values)


def written(tmp_path, content, zipped=False):
    path = tmp_path / "some-file"
    path.write_bytes(gzip.compress(content) if zipped else content)
    return path


@pytest.mark.parametrize("zipped", [False, True])
def test_images_come_back_row_by_row(tmp_path, zipped):
    found = read_images(written(tmp_path, images(), zipped))
    assert found.dtype == np.uint8
    assert found.tolist() == [
        [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9, 10, 11]],
        [[12, 13, 14, 15], [16, 17, 18, 19], [20, 21, 22, 23]],
    ]


@pytest.mark.parametrize("zipped", [False, True])
def test_labels_come_back_as_int64(tmp_path, zipped):
    found = read_labels(written(tmp_path, labels([3, 0, 9]), zipped), 10)
    assert found.dtype == np.int64
    assert found.tolist() == [3, 0, 9]


DAMAGED = {
    "empty": (b"", "starts with -"),
    "one byte": (b"\0", "starts with 00"),
    "labels where pictures belong": (labels([1, 2]), "starts with 00000801, but an IDX file of this kind"),
    "signed bytes": (images(magic=0x0903), "starts with 00000903"),
    "little endian": (struct.pack("<IIII", 0x0803, 2, 3, 4) + PICTURES, "starts with 03080000"),
    "no sizes": (struct.pack(">I", 0x0803), "holds 0 bytes where its header asks for 12"),
    "cut header": (images()[:11], "holds 7 bytes where its header asks for 12"),
    "cut body": (images()[:-1], "holds 23 bytes where its header asks for 24"),
    "body too long": (images() + b"\0", "holds > 24 bytes where its header asks for 24"),
    "no samples": (images(count=0, body=b""), "announces 0 x 3 x 4"),
    "no pixels": (images(width=0, body=b""), "announces 2 x 3 x 0"),
    "too many samples": (images(count=MOST_SAMPLES + 1), f"announces {MOST_SAMPLES + 1} x 3 x 4"),
    "too large": (images(height=MOST_PIXELS + 1), f"announces 2 x {MOST_PIXELS + 1} x 4"),
    "sizes that overflow": (images(2**32 - 1, 2**32 - 1, 2**32 - 1), "announces 4294967295 x"),
    "html": (b"<!DOCTYPE html>", "starts with 3c21444f"),
    "cut gzip": (gzip.compress(images())[:-9], "cannot be read"),
    "gzip head only": (b"\x1f\x8b", "cannot be read"),
    "gzip noise": (b"\x1f\x8b\x08\0\0\0\0\0\0\0" + b"\xff" * 40, "cannot be read"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_damaged_pictures_are_refused_with_one_sentence(tmp_path, name):
    content, sentence = DAMAGED[name]
    with pytest.raises(Refusal, match="some-file") as caught:
        read_images(written(tmp_path, content))
    assert sentence in str(caught.value)
    assert str(tmp_path) not in str(caught.value), "the sentence names the file, not its place"


def test_a_label_out_of_range_is_refused(tmp_path):
    with pytest.raises(Refusal, match="label 10, but labels must lie between 0 and 9"):
        read_labels(written(tmp_path, labels([3, 10])), 10)


def test_missing_file_and_folder_are_refused(tmp_path):
    for path in (tmp_path / "nothing", tmp_path):
        with pytest.raises(Refusal, match="cannot be read"):
            read_images(path)


def test_a_gzip_bomb_is_not_unpacked(tmp_path):
    """Half a gigabyte of zeros behind a small header: only what the header asks for, and one byte, is unpacked."""
    path = tmp_path / "bomb"
    with gzip.open(path, "wb", compresslevel=1) as file:
        file.write(images())
        for _ in range(512):
            file.write(bytes(2**20))
    import tracemalloc

    tracemalloc.start()
    with pytest.raises(Refusal, match="holds > 24 bytes"):
        read_images(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**22


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=80), st.booleans())
def test_whatever_stands_in_a_file_it_is_read_or_refused(tmp_path_factory, content, zipped):
    path = written(tmp_path_factory.mktemp("idx"), content, zipped)
    for read in (read_images, lambda file: read_labels(file, 10)):
        try:
            size = read(path).size
        except Refusal:
            continue
        assert size > 0
