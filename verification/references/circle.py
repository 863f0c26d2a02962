"""What circle loss is held against."""

from typing import Any

from torch import Tensor

from verification.other_code import State, metric_learning, of_metric_learning
from verification.reference_numbers import number, numbers

NUMBERS = (
    numbers("similarities", "2.118779", "anchor", margin=0.25, gamma=1, level="pair"),
    numbers("similarities", "4.241552", "anchor", margin=0.25, gamma=8, level="pair"),
    numbers("similarities", "31.040001", "anchor", margin=0.25, gamma=64, level="pair"),
    numbers("similarities", "124.160000", "anchor", margin=0.25, gamma=256, level="pair"),
    numbers("similarities", "23.200000", "anchor", margin=0.4, gamma=80, level="pair"),
    numbers("one_pair", "0.865893", "anchor", margin=0.25, gamma=64, level="pair"),
    numbers("k1", "5.561055 6.805207 5.381714", margin=0.25, gamma=8),
    number("k1", "5.915992", margin=0.25, gamma=8),
    number("k4", "1.301080", margin=0.25, gamma=8, level="pair"),
)


def _circle(z: Tensor, y: Tensor, state: State) -> Any:
    return metric_learning("losses").CircleLoss(m=0.3, gamma=20)(z, y)


OTHER_CODE = (of_metric_learning("CircleLoss", _circle, margin=0.3, gamma=20, level="pair"),)
