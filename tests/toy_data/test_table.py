"""CSV files of the user's own: whole ones and others."""

import numpy as np
import pytest
from own_parts import FEATURES, refused

from toy_data import table
from toy_data.own import read_raw


def test_a_csv_with_and_without_names(place):
    lines = [f"{a},{b},{'xy'[k % 2]}" for k, (a, b) in enumerate(FEATURES[:, :2])]
    (place / "a.csv").write_text("\n".join(lines))
    (place / "b.csv").write_text(
        "\ufeffLabel,p,q\r\n" + "\r\n\r\n".join(",".join([one[-1], one[:-2]]) for one in lines)
    )
    first, second = read_raw(place / "a.csv"), read_raw(place / "b.csv")
    for found in (first, second):
        assert np.array_equal(found.x, FEATURES[:, :2])
        assert found.y.tolist() == [k % 2 for k in range(30)]
        assert found.classes == ("x", "y")


CSV = {
    "empty": ("", "has 0 columns"),
    "one column": ("1\n2\n", "has 1 columns, but needs 2 to 1025"),
    "names only": ("a,b,label\n", "shape 0 x 2"),
    "text for a number": ("1,2,a\n3,x,b\n", "Line 2 of a.csv holds 'x' where a number is needed"),
    "nothing for a number": ("1,2,a\n\n3,,b\n", "Line 3 of a.csv holds '' where"),
    "short line": ("1,2,a\n3,b\n", "Line 2 of a.csv has 2 cells where the first line has 3"),
    "nan": ("1,2,a\nnan,2,b\n", "holds NaN"),
    "infinite": ("1,2,a\n1e999,2,b\n", "infinite"),
    "one class": ("1,2,a\n3,4,a\n", "holds 1 classes"),
    "no label": ("1,2,a\n3,4,\n", "1 to 40 printable"),
    "long label": ("1,2,a\n3,4," + "b" * 99, "1 to 40 printable"),
    "open quote": ('1,2,"a\n3,4,b\n', "cannot be read"),
    "endless cell": ("1,2," + "a" * 200_000, "cannot be read"),
    "bytes": (b"\xff\xfe\0\0", "cannot be read"),
}


@pytest.mark.parametrize("name", CSV)
def test_a_csv_that_is_none_is_refused_with_one_sentence(place, name):
    content, sentence = CSV[name]
    (place / "a.csv").write_bytes(content if isinstance(content, bytes) else content.encode())
    refused(place / "a.csv", sentence)


def test_a_csv_stops_at_the_limit(place, monkeypatch):
    monkeypatch.setattr(table, "MOST_SAMPLES", 5)
    (place / "a.csv").write_text("1,a\n2,b\n" * 3)
    refused(place / "a.csv", "holds more than 5 samples")
