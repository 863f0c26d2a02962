"""What CosFace is held against."""

from verification.other_code import class_vectors
from verification.reference_numbers import number
from verification.siblings import Sibling

NUMBERS = (
    number("k1", "1.578038", margin=0, scale=1),
    number("k1", "0.676388", margin=0, scale=8),
    number("k1", "0.627734", margin=0, scale=16),
    number("k1", "1.611190", margin=0, scale=64),
    number("k2", "0.001104", margin=0, scale=8),
    number("perfect", "0.727629", margin=0, scale=4),
    number("perfect", "0.090031", margin=0, scale=16),
    number("perfect", "9.83296e-06", margin=0, scale=64),
    number("k1", "1.124773", margin=0.1, scale=8),
    number("k1", "1.458412", margin=0.1, scale=16),
    number("k1", "2.584384", margin=0.19, scale=16),
    number("k1", "19.882361", margin=0.35, scale=64),
    number("k2", "0.017873", margin=0.35, scale=8),
)

SIBLINGS = (Sibling(knobs={"margin": 0, "scale": 9}, other="nsl", other_knobs={"scale": 9}, logits=True),)

OTHER_CODE = (class_vectors("CosFaceLoss", {"margin": 0.25, "scale": 11}, margin=0.25, scale=11),)
