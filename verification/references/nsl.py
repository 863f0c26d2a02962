"""What NSL is held against."""

from verification.other_code import class_vectors
from verification.reference_numbers import number
from verification.siblings import Sibling, nine_cosines

NUMBERS = (
    number("k1", "1.578038", scale=1),
    number("k1", "0.676388", scale=8),
    number("k1", "0.627734", scale=16),
    number("k1", "1.611190", scale=64),
    number("k2", "0.001104", scale=8),
    number("perfect", "0.727629", scale=4),
    number("perfect", "0.366034", scale=8),
    number("perfect", "0.090031", scale=16),
    number("perfect", "0.004425", scale=32),
    number("perfect", "9.83296e-06", scale=64),
)

SIBLINGS = (
    Sibling(knobs={"scale": 9}, other="softmax", other_knobs={"bias": False}, theirs=nine_cosines, how="nine_cosines"),
)

OTHER_CODE = (class_vectors("NormalizedSoftmaxLoss", {"temperature": 1 / 7}, scale=7),)
