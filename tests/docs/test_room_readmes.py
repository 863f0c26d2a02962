"""The README.md of a folder names each of its files of code, and no other."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("room", ["spec", "toy_data", "plots"])
def test_every_file_has_a_line(room):
    text = (ROOT / room / "README.md").read_text(encoding="utf-8")
    cells = [line.split("|")[1] for line in text.splitlines() if line.startswith("| `")]
    listed = [name for cell in cells for name in re.findall(r"`(\w+\.py)`", cell)]
    files = {path.name for path in (ROOT / room).glob("*.py")} - {"__init__.py"}
    assert sorted(listed) == sorted(files)
