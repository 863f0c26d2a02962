"""The layout of panels in a picture."""

import math
from dataclasses import dataclass
from typing import Self

from spec import Refusal

#: Up to so many panels are in one row; more are in a grid.
_ROW = 4

#: Default side of a panel in pixels, by the number of panels; the width and least side of a grid.
_SIDES = {1: 720, 2: 600, 3: 520, 4: 460}
_GRID_WIDTH, _LEAST_SIDE = 1600, 240

#: Least side of a panel and largest side of a picture, in pixels.
_LEAST, MOST = 160, 4096

#: Space around the panels in pixels at scale 1: rim, gap between two, above all, above each, below each, below all.
_RIM, _GAP, _TOP, _HEADER, _NOTE, _FOOT = 12.0, 14.0, 36.0, 46.0, 18.0, 30.0

#: Letters and lines have scale 1 in a panel of so many pixels; the scale follows the panel between two limits.
_PLAIN, _SMALLEST, _LARGEST = 480.0, 0.75, 2.5


@dataclass(frozen=True)
class Layout:
    """A picture of ``width`` by ``height`` pixels with ``count`` panels."""

    count: int
    width: int
    height: int

    @classmethod
    def of(cls, count: int, size: tuple[int, int] | None = None) -> Self:
        """Return the layout for a size, or for a default size; raise ``Refusal`` where the panels have no room."""
        if size is None:
            columns, rows = _grid(count)
            side = _SIDES.get(count, max(_LEAST_SIDE, _GRID_WIDTH // columns))
            size = _around(columns, rows, side, side / _PLAIN)
        layout = cls(count, *size)
        least = _around(*_grid(count), _LEAST, _SMALLEST)
        if not all(low <= pixels <= MOST for low, pixels in zip(least, size, strict=True)):
            raise Refusal(
                "film.size_range",
                width=size[0],
                height=size[1],
                panels=count,
                least_width=least[0],
                least_height=least[1],
                most=MOST,
            )
        return layout

    @property
    def scale(self) -> float:
        """The size of letters and lines."""
        columns, rows = _grid(self.count)
        side = min(self.width / columns, 0.85 * self.height / rows)
        return min(_LARGEST, max(_SMALLEST, side / _PLAIN))

    @property
    def margin(self) -> float:
        """The rim in pixels."""
        return _RIM * self.scale

    @property
    def foot(self) -> float:
        """The height in pixels of the line below the panels."""
        return _FOOT * self.scale

    def panel(self, place: int) -> tuple[int, int, int, int]:
        """Return left, bottom, width and height of a panel in pixels from the lower left."""
        columns, rows = _grid(self.count)
        scale = self.scale
        row, column = divmod(place, columns)
        wide = math.floor((self.width - (2 * _RIM + (columns - 1) * _GAP) * scale) / columns)
        high = math.floor((self.height - (_TOP + _FOOT + rows * (_HEADER + _NOTE) + (rows - 1) * _GAP) * scale) / rows)
        left = _RIM * scale + column * (wide + _GAP * scale)
        low = self.height - (_TOP + (row + 1) * _HEADER + row * (_NOTE + _GAP)) * scale - (row + 1) * high
        return round(left), round(low), wide, high


def _grid(count: int) -> tuple[int, int]:
    columns = count if count <= _ROW else math.ceil(math.sqrt(count))
    return columns, math.ceil(count / columns)


def _around(columns: int, rows: int, side: int, scale: float) -> tuple[int, int]:
    """Return the even width and height of a picture with panels of this side."""
    width = columns * side + (2 * _RIM + (columns - 1) * _GAP) * scale
    height = rows * side + (_TOP + _FOOT + rows * (_HEADER + _NOTE) + (rows - 1) * _GAP) * scale
    return 2 * math.ceil(width / 2 + 1), 2 * math.ceil(height / 2 + 1)
