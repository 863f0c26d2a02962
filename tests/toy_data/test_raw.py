"""What is asked of numbers whatever file they stand in, and how samples are written."""

import errno

import numpy as np
import pytest
from user_data_parts import FEATURES, LABELS, PICTURES, refused, save

from spec import Refusal
from toy_data import raw
from toy_data.user_data import checksum, read, read_raw


def spoilt(array, row, value):
    """A copy as float64 that holds something else in the last place of a row."""
    array = array.astype(np.float64)
    array[row].reshape(-1)[-1] = value
    return array


HALVES = {"x_train": FEATURES, "y_train": LABELS, "x_test": FEATURES, "y_test": LABELS}
MANY = {"x": np.zeros((3000, 2)), "y": np.arange(3000) % 2}

ODD = {
    "nan": ({"x": spoilt(spoilt(FEATURES, 7, np.nan), 9, np.inf), "y": LABELS}, "x in a.npz holds nan in row 7, count"),
    "infinite": (HALVES | {"x_test": spoilt(FEATURES, 9, -np.inf)}, "x_test in a.npz holds -inf in row 9, counted"),
    "far below": (MANY | {"x": spoilt(MANY["x"], 2999, np.inf)}, "x in a.npz holds inf in row 2999, counted"),
    "a picture": ({"x": spoilt(PICTURES / 255, 4, np.nan), "y": LABELS}, "x in a.npz holds nan in row 4, counted"),
    "beyond eight bytes": (
        {"x": FEATURES * np.longdouble(10) ** 4000, "y": LABELS},
        r"x in a.npz holds \S+e.400\d in row 0, counted from 0, but all numbers must be finite as float64",
    ),
    "label nan": (
        HALVES | {"y_test": spoilt(LABELS, slice(5, 6), np.nan)},
        "y_test in a.npz holds the label nan in row 5",
    ),
    "half a label": (
        {"x": FEATURES, "y": LABELS / 2},
        "y in a.npz holds the label 0.5 in row 1, counted from 0, but numbered labels must be whole",
    ),
}


@pytest.mark.parametrize("name", ODD)
def test_the_first_number_that_is_none_is_told_with_its_place(place, name):
    arrays, sentence = ODD[name]
    refused(save(place, **arrays), sentence)


def test_converted_features_keep_their_type_and_their_checksum(place):
    path = save(place, x=FEATURES.astype(np.float32), y=LABELS)
    raw.write(read_raw(path), place / "b.npz")
    assert read_raw(place / "b.npz").x.dtype == np.float32
    assert checksum(read(place / "b.npz")) == checksum(read(path))


@pytest.mark.parametrize("stop", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_what_breaks_off_while_it_is_written_leaves_nothing_behind(place, monkeypatch, stop):
    path = save(place, x=FEATURES, y=LABELS)

    def half(file, **arrays):
        file.write(b"PK half of it")
        raise stop

    with monkeypatch.context() as patched:
        patched.setattr(np, "savez_compressed", half)
        with pytest.raises((Refusal, KeyboardInterrupt)) as caught:
            raw.write(read_raw(path), place / "b.npz")
    if isinstance(stop, OSError):
        assert str(caught.value) == "b.npz could not be written: No space left on device."
    assert [each.name for each in place.iterdir()] == ["a.npz"]
    raw.write(read_raw(path), place / "b.npz")
    assert sorted(each.name for each in place.iterdir()) == ["a.npz", "b.npz"]
