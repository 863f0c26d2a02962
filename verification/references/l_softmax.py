"""What L-Softmax is held against."""

from verification.other_code import class_vectors
from verification.reference_numbers import number, numbers
from verification.siblings import Sibling

NUMBERS = (
    number("k2", "0.211456", margin=1),
    number("k2", "0.318693", margin=2),
    number("k2", "0.552308", margin=3),
    number("k2", "0.887957", margin=4),
    number("k2", "0.268607", margin=4, blend=5),
    numbers("k2", "-0.626099 -1.054000 1.685710", "logits", margin=4),
)

SIBLINGS = (Sibling(knobs={"margin": 1}, other="softmax", other_knobs={"bias": False}),)

OTHER_CODE = tuple(
    class_vectors("LargeMarginSoftmaxLoss", {"margin": margin, "scale": 1}, margin=margin) for margin in (1, 2, 3, 4, 5)
)
