"""CSV files of the user's own: whole ones and others."""

import numpy as np
import pytest
from user_data_parts import FEATURES, refused

from toy_data import table
from toy_data.user_data import read_raw


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


TABLE = "高,宽,标签\n1.5,2,猫\n3,4,狗\n1,2,猫\n5,6,狗\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "gb2312"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_what_spreadsheets_write_is_read(place, encoding, delimiter):
    (place / "a.csv").write_bytes(TABLE.replace(",", delimiter).encode(encoding))
    found = read_raw(place / "a.csv")
    assert found.classes == ("狗", "猫")
    assert found.x.tolist() == [[1.5, 2], [3, 4], [1, 2], [5, 6]]
    assert found.y.tolist() == [1, 0, 1, 0]


def test_names_may_be_numbers_or_missing_where_a_column_is_called_label(place):
    lines = "\n1,2,a\n3,4,b\n"
    for first in ("0,1,label", ",1,Label", ",width,kind"):
        (place / "a.csv").write_text(first + lines)
        assert read_raw(place / "a.csv").x.tolist() == [[1, 2], [3, 4]]
    (place / "a.csv").write_text("0,1,7" + lines)
    assert read_raw(place / "a.csv").classes == ("7", "a", "b"), "a line of numbers is one of samples"


def test_a_label_may_hold_what_parts_cells_elsewhere(place):
    (place / "a.csv").write_text('1,2,"a;b,c"\n3,4,d;e\n')
    assert read_raw(place / "a.csv").classes == ("a;b,c", "d;e")


@pytest.mark.parametrize("first", ["sep=;\r\n", '"Sep=;"\n', "\ufeffsep=;\n"])
def test_a_first_line_may_name_what_parts_the_cells(place, first):
    (place / "a.csv").write_bytes((first + "p;label\n1;a,b,c,d\n2;e\n").encode())
    found = read_raw(place / "a.csv")
    assert found.classes == ("a,b,c,d", "e")
    assert found.x.tolist() == [[1], [2]]
    (place / "a.csv").write_bytes((first + "1;a\nx;b\n").encode())
    refused(place / "a.csv", "Line 3 of a.csv holds 'x'")


def test_that_line_may_name_tabs(place):
    (place / "a.csv").write_text("sep=\t\n1\ta;b;c\n2\td\n")
    assert read_raw(place / "a.csv").classes == ("a;b;c", "d")


CSV = {
    "empty": ("", "has 0 columns"),
    "one column": ("1\n2\n", "has 1 columns, but needs 2 to 1025"),
    "bars": ("1|2|a\n3|4|b\n", "has 1 columns, .* parted by commas, semicolons or tabs"),
    "spaces": ("1 2 a\n3 4 b\n", "has 1 columns, .* parted by commas, semicolons or tabs"),
    "named bars": ("sep=|\n1|2|a\n", "says that cells are parted by '|', but only commas, semicolons and tabs are"),
    "names only": ("a,b,label\n", "shape 0 x 2"),
    "text for a number": ("1,2,a\n3,x,b\n", "Line 2 of a.csv holds 'x' where a number is needed"),
    "nothing for a number": ("1,2,a\n\n3,,b\n", "Line 3 of a.csv holds '' where"),
    "short line": ("1,2,a\n3,b\n", "Line 2 of a.csv has 2 cells where the first line has 3"),
    "nan": ("1,2,a\nnan,2,b\n", "Line 2 of a.csv holds 'nan' where a number is needed, finite"),
    "infinite": ("1,2,a\n1,1e999,b\n", "Line 2 of a.csv holds '1e999' where a number is needed, finite"),
    "one class": ("1,2,a\n3,4,a\n", "holds 1 classes"),
    "no label": ("1,2,a\n3,4, \n", "Line 2 of a.csv holds '' where a label is needed"),
    "label nan": ("1,2,a\n3,4,NaN\n", "Line 2 of a.csv holds 'NaN' where a label is needed"),
    "label elsewhere": (
        "kind,p,q\ndog,1,2\n",
        "holds 'dog' where .*; labels stand in the column called label, or else",
    ),
    "first line lacks a number": (",2,a\n1,2,b\n", "Line 1 of a.csv holds '' where a number is needed"),
    "first line without a number": ("NA,2,a\n1,2,b\n", "Line 1 of a.csv holds 'NA' where a number is needed"),
    "decimal comma": (
        "p;q;kind\n1,5;2,5;a\n",
        "Line 2 of a.csv holds '1,5' where a number is needed, finite and with a dec",
    ),
    "Western accents": ("1,2,Müller\n3,4,b\n".encode("latin-1"), "no text in UTF-8, in UTF-16 .* or in GB2312"),
    "UTF-16 cut in two": ("1,2,a\n".encode("utf-16")[:-1], "no text in UTF-8"),
    "UTF-16 without a mark": ("1,2,a\n3,4,b\n".encode("utf-16-le"), "no text in UTF-8, in UTF-16 with a byte-order"),
    "UTF-16 the other way": ("1,2,a\n3,4,b\n".encode("utf-16-be"), "no text in UTF-8, in UTF-16 with a byte-order"),
    "a character of nothing": ("1,2,a\n3,4,b\0\n", "no text in UTF-8"),
    "long label": ("1,2,a\n3,4," + "b" * 99, "1 to 40 printable"),
    "open quote": ('1,2,a\n\n3,4,"b\n5,6,a\n', "From line 3 on, the quotes of a.csv do not match: one is not closed"),
    "open quote behind sep": ('sep=,\n1,2,a\n3,4,"b\n5,6,a\n', "From line 3 on, the quotes of a.csv"),
    "quote closed by the next": ('1,2,a\n3,4,"b\n5,6,"c"\n', "From line 2 on, the quotes of a.csv do not match"),
    "text behind a quote": ('1,2,a\n3,4,"b"c\n', "From line 2 on, .* or something stands behind one that closes"),
    "quote open too long": ('1,2,a\n3,4,"b\n' + "5,6,a\n" * 30_000, "From line 2 on, the quotes of a.csv"),
    "endless cell": ("1,2," + "a" * 200_000, "cannot be read"),
    "bytes": (b"\xff\xfd\0\0", "no text in UTF-8"),
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


def test_a_csv_stops_where_its_numbers_take_too_much_room(place, monkeypatch):
    monkeypatch.setattr(table, "MOST_BYTES", 2**20)
    (place / "a.csv").write_text((",".join("1" * 1024) + ",a\n") * 200)
    refused(place / "a.csv", "holds > 1 MiB, but at most 1 MiB")
