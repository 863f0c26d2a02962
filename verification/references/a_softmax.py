"""What A-Softmax is held against."""

from verification.other_code import class_vectors
from verification.reference_numbers import number
from verification.siblings import Sibling, unit_vectors

NUMBERS = (
    number("k2", "0.296800", margin=1),
    number("k2", "0.411798", margin=2),
    number("k2", "0.651051", margin=3),
    number("k2", "0.986382", margin=4),
    number("k2", "0.358879", margin=4, blend=5),
    number("k1", "1.382368", margin=1),
    number("k1", "1.515888", margin=2),
    number("k1", "1.996578", margin=4),
    number("k1", "1.476262", margin=4, blend=5),
)

SIBLINGS = (
    Sibling(knobs={"margin": 1}, other="softmax", other_knobs={"bias": False}, theirs=unit_vectors, how="unit_vectors"),
    Sibling(knobs={"margin": 3}, other="l_softmax", other_knobs={"margin": 3}, theirs=unit_vectors, how="unit_vectors"),
)

OTHER_CODE = tuple(
    class_vectors("SphereFaceLoss", {"margin": margin, "scale": 1}, margin=margin) for margin in (1, 2, 3, 4, 5)
)
