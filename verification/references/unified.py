"""What the unified loss is held against."""

from verification.reference_numbers import ReferenceNumbers, number, numbers
from verification.siblings import Sibling, twos


def _over_gamma(gamma: float, digits: str) -> ReferenceNumbers:
    """Return one anchor's value divided by gamma."""
    knobs = {"margin": 0.25, "gamma": gamma, "level": "pair"}
    return ReferenceNumbers(inputs="similarities", digits=[digits], knobs=knobs, reading="anchor", divisor=gamma)


NUMBERS = (
    numbers("similarities", "1.857922", "anchor", margin=0.25, gamma=1, level="pair"),
    numbers("similarities", "3.024972", "anchor", margin=0.25, gamma=8, level="pair"),
    numbers("similarities", "22.400000", "anchor", margin=0.25, gamma=64, level="pair"),
    numbers("similarities", "1.295188", "anchor", margin=0, gamma=8, level="pair"),
    # as gamma grows, the value divided by it approaches the hinge of the hardest pair: 0.6 - 0.5 + 0.25
    _over_gamma(10, "0.362452"),
    _over_gamma(100, "0.350000"),
    _over_gamma(1000, "0.350000"),
    number("k1", "1.458412", margin=0.1, gamma=16),
)

_DOT = {"margin": 0, "gamma": 1, "similarity": "dot"}

SIBLINGS = (
    Sibling(knobs={"margin": 0.2, "gamma": 9}, other="cosface", other_knobs={"margin": 0.2, "scale": 9}, logits=True),
    Sibling(knobs={"margin": 0, "gamma": 9}, other="nsl", other_knobs={"scale": 9}, logits=True),
    Sibling(knobs=_DOT, other="softmax", other_knobs={"bias": False}, logits=True),
    Sibling(
        knobs={**_DOT, "level": "pair"}, other="n_pair", other_knobs={"regularization": 0}, labels=twos, how="twos"
    ),
    Sibling(
        knobs={"margin": 0, "gamma": 5, "level": "pair"},
        other="info_nce",
        other_knobs={"temperature": 0.2},
        labels=twos,
        how="twos",
    ),
)
