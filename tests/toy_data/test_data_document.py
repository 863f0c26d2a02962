"""The figures of docs/data.md are those of the program."""

import re
from pathlib import Path

import pytest

from toy_data import DATA_SETS, picture_folder, raw, table
from toy_data.dials import DialSet
from toy_data.idx import MOST_PIXELS, MOST_SAMPLES
from toy_data.public_sets import SOURCES

TEXT = (Path(__file__).parents[2] / "docs" / "data.md").read_text(encoding="utf-8")


def rows(heading):
    """The table below a heading: the last cell by the first."""
    part = TEXT.split(f"\n{heading}\n", 1)[1].split("\n#", 1)[0]
    lines = [line.strip("|").split("|") for line in part.splitlines() if line.startswith("|")]
    return {cells[0].strip(): cells[-1].strip() for cells in lines[2:]}


def test_the_limits_are_those_of_the_readers():
    pictures = f"{picture_folder.MOST_BYTES_EACH >> 20} MiB, {picture_folder.MOST_PIXELS_EACH:,} pixels"
    assert rows("### Limits") == {
        "a file, and each array in it": f"{raw.MOST_BYTES >> 20} MiB",
        "samples for training, and for testing": f"{MOST_SAMPLES:,}",
        "features of a sample": f"{raw.MOST_FEATURES:,}",
        "all features together": f"{raw.MOST_VALUES:,} numbers",
        "sides of a picture (in a folder of pictures, larger ones are fitted)": f"{MOST_PIXELS} pixels",
        "classes": f"{raw.MOST_CLASSES}",
        "letters of a label": f"{raw.LONGEST_LABEL}",
        "pictures in a folder": f"{picture_folder.MOST_PICTURES:,}",
        "a picture in a folder": pictures,
    }
    assert "×".join(map(str, picture_folder.SIZE)) in TEXT


def test_the_dials_and_the_sets_are_those_of_the_catalogue():
    assert [name.strip("`") for name in rows("## Dials")] == [knob.name for knob in DialSet.dials()]
    named = re.findall(r"`(\w+)`", TEXT.split("\n## ")[0].split("| where it comes from |")[1].split("\n\n")[0])
    assert named == list(DATA_SETS)
    for slug, data in DATA_SETS.items():
        for knob in set(data.dials()) - set(DialSet.dials()):
            assert f"`{knob.name}`" in TEXT, f"{slug}.{knob.name}"


@pytest.mark.parametrize("slug", SOURCES)
def test_the_sizes_are_the_published_ones(slug):
    source = SOURCES[slug]
    count = sum(source.train) + sum(source.test)
    assert f"| `{slug}` | {count:,} pictures of {source.side}×{source.side}, ten classes |" in TEXT


def test_the_names_of_the_column_of_labels_are_said():
    assert all(f"`{name}`" in TEXT for name in table.LABEL)
