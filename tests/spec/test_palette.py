"""The colours of the classes are the same in Python and in the browser."""

import re
from pathlib import Path

from app.page.stage_component import FOLDER
from spec.palette import class_colour, class_hex


def test_the_first_ten_are_those_of_the_stage():
    source = (Path(FOLDER) / "palette.js").read_text(encoding="utf-8")
    (ten,) = re.findall(r"const TEN = \[([^\]]*)\]", source)
    assert [class_hex(c) for c in range(10)] == [f"#{name}" for name in re.findall(r'"(\w{6})"', ten)]


def test_all_are_different_numbers_of_a_byte():
    every = [class_colour(c) for c in range(64)]
    assert len(set(every)) == 64
    assert all(0 <= channel <= 255 and isinstance(channel, int) for colour in every for channel in colour)
