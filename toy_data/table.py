"""A strict reader of CSV: numbers, and one column of labels."""

import codecs
import csv
import re
from array import array
from collections.abc import Iterable, Iterator
from itertools import chain
from math import isfinite
from pathlib import Path

import numpy as np

from spec import Refusal
from toy_data.idx import MOST_SAMPLES
from toy_data.raw import LONGEST_LABEL, MOST_BYTES, MOST_FEATURES, Raw, check_samples, is_nan

#: Names of the column of labels.
LABEL = ("label", "标签")

#: What separates cells. The one that gives the most cells is used; of equal ones, the first.
DELIMITERS = ("\t", ";", ",")

# a first line that tells Excel the delimiter
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?[\r\n]*', re.IGNORECASE)

# What spreadsheets write. GB2312 and not GB18030, which would read accented Western letters as Chinese.
_ENCODINGS = ("utf-8-sig", "gb2312")

# a first line with one of these has a missing number; it is not a line of names
_MISSING = {"", "na", "n/a", "null", "none", "?"}


def read(path: Path) -> Raw:
    """Read features ``(N, F)`` and labels from a table; raise ``Refusal`` where that is not possible.

    The labels are in the column ``label``, or else in the last one. The first line holds names if one of its cells
    is ``label`` or any cell but the last is a text. Commas, semicolons or tabs separate cells; a first line like
    ``sep=;`` may say which. The text is UTF-8, UTF-16 with a byte-order mark, or GB2312.
    """
    try:
        encoding = _encoding(path)
        with path.open(encoding=encoding, newline="") as file:
            separator = _SEPARATOR_LINE.fullmatch(file.readline())
            delimiter = separator[1] if separator else None
            if delimiter is not None and delimiter not in DELIMITERS:
                raise Refusal("data.own_delimiter", file=path.name, found=repr(delimiter))
            if delimiter is None:
                file.seek(0)
                delimiter = _delimiter(next((line for line in file if line.strip()), ""))
                file.seek(0)
            return _table(_lines(file, delimiter, 1 if separator else 0, path.name), path.name)
    except (OSError, UnicodeError, csv.Error):
        raise Refusal("data.own_unreadable", file=path.name) from None


def _encoding(path: Path) -> str:
    """Return the encoding of a file; raise ``Refusal`` where it is none of the known ones."""
    with path.open("rb") as file:
        start = file.read(2)
    has_mark = start in {codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE}
    for encoding in ("utf-16",) if has_mark else _ENCODINGS:
        try:
            with path.open(encoding=encoding) as file:
                while part := file.read(2**20):
                    if "\0" in part:  # UTF-16 without a mark looks like UTF-8
                        raise Refusal("data.own_encoding", file=path.name)
        except UnicodeError:
            continue
        return encoding
    raise Refusal("data.own_encoding", file=path.name)


def _delimiter(line: str) -> str:
    return max(DELIMITERS, key=lambda delimiter: len(next(csv.reader([line], delimiter=delimiter), ())))


def _lines(file: Iterable[str], delimiter: str, before: int, name: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the cells of each row and the number of its last line. ``before`` is how many lines were read already."""
    reader = csv.reader(file, delimiter=delimiter, strict=True)
    while True:
        first_line = reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            # a cell that is too long, not a quote that is never closed
            if reader.line_num == first_line and "limit" in str(error):
                raise
            raise Refusal("data.own_quote", file=name, line=before + first_line) from None
        if cells is None:
            return
        if cells:
            yield before + reader.line_num, cells


def _table(lines: Iterator[tuple[int, list[str]]], name: str) -> Raw:
    number, first = next(lines, (0, []))
    width = len(first)
    if not 2 <= width <= MOST_FEATURES + 1:
        raise Refusal("data.own_columns", file=name, found=width, most=MOST_FEATURES + 1)
    names = [cell.strip().lower() for cell in first]
    label_column = next((names.index(label) for label in LABEL if label in names), None)
    header = label_column is not None or any(_number(cell) is None and cell not in _MISSING for cell in names[:-1])
    at = width - 1 if label_column is None else label_column
    values = array("d")
    labels: list[str] = []
    for line, cells in lines if header else chain([(number, first)], lines):
        if len(cells) != width:
            raise Refusal("data.own_width", file=name, line=line, found=len(cells), expected=width)
        if len(labels) == MOST_SAMPLES:
            raise Refusal("data.own_lines", file=name, most=MOST_SAMPLES)
        if len(values) * values.itemsize > MOST_BYTES:
            raise Refusal("data.own_bytes", file=name, found=f"> {MOST_BYTES >> 20}", most=MOST_BYTES >> 20)
        for cell in chain(cells[:at], cells[at + 1 :]):
            value = _number(cell)
            if value is None or not isfinite(value):
                raise Refusal("data.own_number", file=name, line=line, found=repr(cell[:40]), label=LABEL[0])
            values.append(value)
        label = cells[at].strip()
        if not label or is_nan(label):
            raise Refusal("data.own_no_label", file=name, line=line, found=repr(label))
        labels.append(label)
    x = np.frombuffer(values, dtype=np.float64) if values else np.empty(0)
    return check_samples(
        name, {"x": x.reshape(len(labels), width - 1), "y": np.array(labels, dtype=f"U{LONGEST_LABEL + 1}")}
    )


def _number(cell: str) -> float | None:
    try:
        return float(cell)
    except ValueError:
        return None
