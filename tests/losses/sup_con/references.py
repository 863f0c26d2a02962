"""What SupCon is held against."""

from typing import Any

from torch import Tensor

from verification.other_code import State, metric_learning, of_metric_learning
from verification.reference_numbers import number
from verification.siblings import Sibling, twos

NUMBERS = (
    number("k3", "1.312617", temperature=0.5),
    number("k4", "0.000641", temperature=0.1),
    # three samples of one class, and a fourth that is no anchor
    number("uneven_springs", "1.793818", temperature=0.5),
)

SIBLINGS = (
    Sibling(knobs={"temperature": 0.3}, other="info_nce", other_knobs={"temperature": 0.3}, labels=twos, how="twos"),
)


def _sup_con(z: Tensor, y: Tensor, state: State) -> Any:
    return metric_learning("losses").SupConLoss(temperature=0.3)(z, y)


OTHER_CODE = (of_metric_learning("SupConLoss", _sup_con, temperature=0.3),)
