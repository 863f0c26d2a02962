"""What InfoNCE is held against."""

from typing import Any

from torch import Tensor

from verification.other_code import State, metric_learning, of_metric_learning
from verification.reference_numbers import number

NUMBERS = (
    number("k4", "0.438544", temperature=1, pairs="class"),
    number("k4", "0.163094", temperature=0.5, pairs="class"),
    number("k4", "5.25639e-04", temperature=0.1, pairs="class"),
    number("k4", "3.29803e-05", temperature=0.07, pairs="class"),
    number("k4", "0.759326", temperature=1),
    number("k4", "0.313106", temperature=0.5),
)


def _nt_xent(z: Tensor, y: Tensor, state: State) -> Any:
    return metric_learning("losses").NTXentLoss(temperature=0.3)(z, y)


OTHER_CODE = (of_metric_learning("NTXentLoss", _nt_xent, temperature=0.3),)
