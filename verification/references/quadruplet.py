"""What the quadruplet loss is held against."""

from verification.reference_numbers import number
from verification.siblings import Sibling, two_classes

NUMBERS = (number("k3", "0.901667", margin=1, second_margin=0.5),)

SIBLINGS = tuple(
    Sibling(
        knobs={"margin": 0.7, "mining": mining},
        other="triplet",
        other_knobs={"margin": 0.7, "mining": theirs, "average": "all"},
        labels=two_classes,
        how="two_classes",
    )
    for mining, theirs in (("all", "all"), ("hard", "batch_hard"))
)
