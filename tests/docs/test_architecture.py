"""The file names of docs/architecture.md are those of the house, and each README of a room names its files."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")

#: A path from the root of the repository, in backticks or in the drawing.
_PATH = re.compile(r"\b(?:app|engine|losses|plots|spec|toy_data|verification|museum)/[\w./]*\w\.(?:py|js|toml)\b")
_FOLDER = re.compile(r"`([\w/]+/)`")
_NAME = re.compile(r"`([\w./]+\.(?:py|js|toml|md))`")

#: Folders at the root that are rooms of the house.
HOUSE = ("spec", "toy_data", "losses", "verification", "museum", "engine", "plots", "app")


def test_every_file_that_is_named_exists():
    names = {*_PATH.findall(TEXT), *_NAME.findall(TEXT)}
    assert len(names) > 25
    assert sorted(name for name in names if not (ROOT / name).is_file()) == []


def test_every_room_has_a_line_and_every_line_is_a_room():
    section = TEXT.split("## The rooms")[1].split("## ")[0]
    rooms = {line.split("`")[1].rstrip("/") for line in section.splitlines() if line.startswith("| `")}
    folders = {
        *HOUSE,
        *(
            str(path.parent.relative_to(ROOT))
            for house in ("engine", "app")
            for path in (ROOT / house).glob("*/__init__.py")
        ),
    }
    assert sorted(folders - rooms) == []
    assert sorted(room for room in rooms if not (ROOT / room).is_dir()) == []


def test_every_folder_that_is_named_exists():
    assert sorted(name for name in _FOLDER.findall(TEXT) if not (ROOT / name).is_dir()) == []


@pytest.mark.parametrize("room", ["engine/recording", "engine/running", "engine/sweeping"])
def test_the_readme_of_a_room_has_one_line_for_each_file(room):
    text = (ROOT / room / "README.md").read_text(encoding="utf-8")
    names = [line.split("`")[1] for line in text.splitlines() if line.startswith("| `")]
    assert sorted(names) == sorted(path.name for path in (ROOT / room).glob("*.py") if path.name != "__init__.py")
