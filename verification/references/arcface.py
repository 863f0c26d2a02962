"""What ArcFace is held against."""

import math

from verification.other_code import class_vectors
from verification.reference_numbers import number, numbers
from verification.siblings import Sibling

NUMBERS = (
    number("k1", "0.627734", margin=0, scale=16),
    number("k1", "0.993939", margin=0.2, scale=8),
    number("k1", "1.744789", margin=0.3, scale=16),
    number("k1", "12.531275", margin=0.5, scale=64),
    number("k2", "0.007170", margin=0.5, scale=8),
    numbers("k1", "-0.647913 3.674499", "gradient", margin=0.3, scale=16),
)

SIBLINGS = tuple(
    Sibling(knobs={"margin": 0, "scale": 9, "beyond": beyond}, other="nsl", other_knobs={"scale": 9}, logits=True)
    for beyond in ("monotonic", "raw", "cosface", "easy")
)

OTHER_CODE = (
    class_vectors("ArcFaceLoss", {"margin": math.degrees(0.6), "scale": 11}, margin=0.6, scale=11, beyond="cosface"),
)
