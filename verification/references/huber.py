"""What the Huber loss is held against."""

from functools import partial

from torch import Tensor
from torch.nn.functional import huber_loss

from verification.other_code import State, linear_scores, of_torch, one_hot
from verification.reference_numbers import numbers

NUMBERS = (
    numbers("residuals", "1.375000 0.125000 0.020000 0.375000 1.125000", delta=0.5, bias=False),
    numbers("residuals", "2.500000 0.125000 0.020000 0.500000 2.000000", delta=1.0, bias=False),
    numbers("residuals", "4.000000 0.125000 0.020000 0.500000 3.000000", delta=2.0, bias=False),
)


def _huber(z: Tensor, y: Tensor, state: State, delta: float) -> Tensor:
    return huber_loss(linear_scores(z, state), one_hot(y), delta=delta)


OTHER_CODE = tuple(of_torch("huber_loss", partial(_huber, delta=delta), delta=delta) for delta in (0.05, 0.7, 5.0))
