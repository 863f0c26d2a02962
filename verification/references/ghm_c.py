"""What GHM-C is held against."""

from collections.abc import Iterator

from verification.reference_numbers import ReferenceNumbers, number, numbers
from verification.siblings import Sibling


def _histogram(bins: int, density: str, digits: str) -> ReferenceNumbers:
    return number("ten_logits", digits, bins=bins, density=density, activation="sigmoid", bias=False)


NUMBERS = (
    _histogram(1, "valid", "0.324769"),
    _histogram(2, "valid", "0.637538"),
    _histogram(5, "valid", "0.714214"),
    _histogram(10, "valid", "0.594697"),
    _histogram(30, "valid", "0.440452"),
    _histogram(10, "all", "0.297348"),
    _histogram(30, "all", "0.102772"),
    numbers("ten_logits", "6 1 0 1 0 1 0 1 0 0", "update", bins=10, activation="sigmoid", bias=False),
)


def _one_bin() -> Iterator[Sibling]:
    for density in ("valid", "all"):
        plain = {"bins": 1, "density": density}
        yield Sibling(knobs=plain, other="softmax")
        yield Sibling(knobs={**plain, "activation": "sigmoid"}, other="logistic", factor=1 / 6, how="per_class")


SIBLINGS = tuple(_one_bin())
