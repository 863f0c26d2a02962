"""What the combined margin is held against."""

from verification.reference_numbers import number
from verification.siblings import Sibling, length_nine

NUMBERS = (
    number("k1", "4.484378", m1=1, m2=0.3, m3=0.2, scale=16),
    number("k1", "4.327199", m1=0.9, m2=0.4, m3=0.15, scale=16),
    number("k1", "1.744789", m1=1, m2=0.3, m3=0, scale=16),
    number("k1", "12.531275", m1=1, m2=0.5, m3=0, scale=64),
    number("k1", "1.458412", m1=1, m2=0, m3=0.1, scale=16),
)

SIBLINGS = (
    Sibling(knobs={"m2": 0, "m3": 0, "scale": 9}, other="nsl", other_knobs={"scale": 9}, logits=True),
    Sibling(
        knobs={"m2": 0.7, "m3": 0, "scale": 9}, other="arcface", other_knobs={"margin": 0.7, "scale": 9}, logits=True
    ),
    Sibling(
        knobs={"m2": 0, "m3": 0.4, "scale": 9}, other="cosface", other_knobs={"margin": 0.4, "scale": 9}, logits=True
    ),
    Sibling(
        knobs={"m1": 3, "m2": 0, "m3": 0, "scale": 9},
        other="a_softmax",
        other_knobs={"margin": 3},
        theirs=length_nine,
        how="length_nine",
    ),
)
