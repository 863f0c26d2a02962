"""What focal loss is held against."""

from verification.reference_numbers import number, numbers
from verification.siblings import Sibling

NUMBERS = (
    number("k6", "1.436379", gamma=0, bias=False),
    number("k6", "1.202926", gamma=1, bias=False),
    number("k6", "1.066359", gamma=2, bias=False),
    number("k6", "0.838908", gamma=5, bias=False),
    numbers("k6", "-0.027285 0.022307 0.004977", "gradient", bias=False),
    # sums of two entries worked out by hand, with one digit less
    numbers("binary", "1.10100 1.36185", gamma=0, activation="sigmoid", bias=False),
    numbers("binary", "0.37922 0.70198", gamma=2, activation="sigmoid", bias=False),
    numbers("binary", "0.28351 0.17555", gamma=2, balanced=True, alpha=0.25, activation="sigmoid", bias=False),
)

SIBLINGS = (
    Sibling(knobs={"gamma": 0}, other="softmax"),
    Sibling(knobs={"gamma": 0, "balanced": True, "alpha": 0.3}, other="softmax", factor=0.3, how="share"),
    Sibling(knobs={"gamma": 0, "activation": "sigmoid"}, other="logistic"),
)
