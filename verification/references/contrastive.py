"""What the contrastive loss is held against."""

from verification.reference_numbers import number
from verification.siblings import Sibling, triple

NUMBERS = (
    number("pair", "0.125000", margin=1),
    number("strangers", "0.125000", margin=1),
    number("far_strangers", "0.000000", margin=1),
    number("k3", "0.103949", margin=1),
    number("k3", "0.464936", margin=1, balanced=True),
    number("k3", "0.394248", margin=2),
)

SIBLINGS = (
    Sibling(
        knobs={"margin": 3},
        other="contrastive",
        other_knobs={"margin": 1},
        mine=triple,
        factor=9,
        how="tripled_square",
    ),
)
