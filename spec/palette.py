"""The colours of the classes; app/page/stage_numbers.py writes them down for the browser."""

import math

Colour = tuple[int, int, int]

# M. A. Petroff, "Accessible Color Sequences for Data Visualization", 2021 (arXiv:2107.02270), the sequence of ten:
# chosen for colour-blind readers, by distance in lightness, and by a survey of preferences.
_TEN = ("3f90da", "ffa90e", "bd1f01", "94a4a2", "832db6", "a96b59", "e76300", "b9ac70", "717581", "92dadd")


def class_colour(c: int) -> Colour:
    """Return red, green and blue (0 to 255) of class ``c``; after ten, hues a golden angle apart."""
    if c < len(_TEN):
        red, green, blue = bytes.fromhex(_TEN[c])
        return red, green, blue
    hue, light = (c * 137.508) % 360, (0.42, 0.6, 0.74)[c % 3]
    chroma = 0.62 * (1 - abs(2 * light - 1))

    def channel(n: int) -> int:
        k = (n + hue / 30) % 12
        return math.floor(255 * (light - chroma / 2 * max(-1, min(k - 3, 9 - k, 1))) + 0.5)

    return channel(0), channel(8), channel(4)


def class_hex(c: int) -> str:
    """Return the colour of class ``c`` as ``#rrggbb``."""
    return "#" + bytes(class_colour(c)).hex()
