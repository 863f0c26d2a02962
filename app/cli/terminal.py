"""Text in the columns of a terminal, where a Chinese character takes two."""

import re
from collections.abc import Iterable, Iterator, Sequence
from unicodedata import east_asian_width

_HAN, _OPENING, _CLOSING = r"\u3040-\u9fff", "（“", "，。；：、！？）”"

#: What stays in one line: a Chinese character or a word, with its brackets and its punctuation.
_PIECE = re.compile(
    rf"[{_OPENING}]*(?:[{_HAN}]|[^\s{_HAN}{_OPENING}{_CLOSING}]+)[{_CLOSING}]*|\s+|.",
)


def width(content: str) -> int:
    """Return how many columns a text takes."""
    return sum(2 if east_asian_width(letter) in "WF" else 1 for letter in content)


def pad(content: str, columns: int) -> str:
    """Return a text with spaces behind it, so that it takes at least so many columns."""
    return content + " " * (columns - width(content))


def wrap(content: str, columns: int) -> list[str]:
    """Break a text into lines of at most so many columns; only a single long word may take more."""
    lines = [""]
    for piece in _PIECE.findall(content):
        if width(lines[-1] + piece.rstrip()) > columns:
            lines.append("")
        lines[-1] += piece if lines[-1] else piece.lstrip()
    return [line.rstrip() for line in lines]


def align(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Yield the lines of a table whose columns are as wide as their widest cell."""
    rows = list(rows)
    widths = [max(map(width, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(map(pad, row, widths)).rstrip()
