"""The glossary sends its readers to places that exist."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

TEXT = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")

#: The cells of every line of its tables but the heads: term, meaning, place.
ROWS = [
    [cell.strip() for cell in line.strip("|").split(" | ")]
    for line in TEXT.splitlines()
    if line.startswith("| ") and not line.startswith("| term |")
]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_each_term_has_a_meaning_and_a_place_that_exists(row):
    term, meaning, place = row
    assert term
    assert meaning.endswith((".", ".)"))
    assert meaning.count(". ") <= 2, "a meaning is one or two sentences"
    assert (ROOT / place.strip("`")).exists(), place


def test_no_term_stands_twice():
    terms = [row[0] for row in ROWS]
    assert len(terms) == len(set(terms)) > 30


@pytest.mark.parametrize(
    "name", ["docs/glossary.md", *(f"docs/decisions/{p.name}" for p in (ROOT / "docs" / "decisions").iterdir())]
)
def test_every_file_that_is_named_exists(name):
    text = (ROOT / name).read_text(encoding="utf-8")
    for path in re.findall(
        r"`((?:app|engine|losses|spec|toy_data|plots|museum|verification|docs|tests)/[\w./*-]*)`", text
    ):
        assert list(ROOT.glob(path)), path


def test_contributors_are_sent_to_it():
    assert "docs/glossary.md" in (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
