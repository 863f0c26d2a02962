"""What center loss is held against."""

from verification.reference_numbers import ReferenceNumbers, number, numbers
from verification.siblings import Sibling

NUMBERS = (
    number("k1", "1.382368", weight=0.0),
    ReferenceNumbers(inputs="springs", digits=["0.126250"], knobs={"weight": 1.0}, minus={"weight": 0.0}),
    ReferenceNumbers(inputs="uneven_springs", digits=["0.301250"], knobs={"weight": 1.0}, minus={"weight": 0.0}),
    numbers("springs", "0.633333 0.016667 -0.033333 0.666667 0.000000 -0.500000", "update", rate=0.5),
    numbers("uneven_springs", "0.500000 0.150000 0.025000 0.600000 0.000000 -0.500000", "update", rate=0.5),
)

SIBLINGS = (Sibling(knobs={"weight": 0}, other="softmax", other_knobs={"bias": False}),)
