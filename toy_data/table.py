"""A strict reader of CSV: numbers, and one column of labels."""

import csv
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spec import Refusal
from toy_data.idx import MOST_SAMPLES
from toy_data.raw import LONGEST_LABEL, MOST_FEATURES, Raw, checked


def read(path: Path) -> Raw:
    """Read features ``(N, F)`` and labels from comma-separated lines; raise ``Refusal`` where they are none.

    The labels stand in the column called ``label``, or else in the last one. The first line is taken for names
    where any but its last cell is no number.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.reader(file, strict=True)
            return _table(((reader.line_num, cells) for cells in reader if cells), path.name)
    except (OSError, UnicodeDecodeError, csv.Error):
        raise Refusal("data.own_unreadable", file=path.name) from None


def _table(lines: Iterator[tuple[int, list[str]]], name: str) -> Raw:
    number, first = next(lines, (0, []))
    width = len(first)
    if not 2 <= width <= MOST_FEATURES + 1:
        raise Refusal("data.own_columns", file=name, found=width, most=MOST_FEATURES + 1)
    header = any(not _number(cell) for cell in first[:-1])
    names = [cell.strip().lower() for cell in first]
    at = names.index("label") if header and "label" in names else width - 1
    rows: list[NDArray[np.float64]] = []
    labels: list[str] = []
    for line, cells in lines if header else chain([(number, first)], lines):
        if len(cells) != width:
            raise Refusal("data.own_width", file=name, line=line, found=len(cells), expected=width)
        if len(rows) == MOST_SAMPLES:
            raise Refusal("data.own_lines", file=name, most=MOST_SAMPLES)
        rows.append(_numbers(cells[:at] + cells[at + 1 :], line, name))
        labels.append(cells[at].strip())
    x = np.array(rows) if rows else np.empty((0, width - 1))
    return checked(name, {"x": x, "y": np.array(labels, dtype=f"U{LONGEST_LABEL + 1}")})


def _numbers(cells: list[str], line: int, name: str) -> NDArray[np.float64]:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError:
        found = next((cell for cell in cells if not _number(cell)), "")
        raise Refusal("data.own_number", file=name, line=line, found=repr(found[:40])) from None


def _number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
