"""What softmax is held against."""

from functools import partial

from torch import Tensor
from torch.nn.functional import cross_entropy

from verification.other_code import State, linear_scores, of_torch
from verification.reference_numbers import number, numbers

NUMBERS = (
    number("k1", "1.382368", bias=False),
    number("k2", "0.211456", bias=False),
    number("cat", "2.040355", bias=False),
    numbers("k2", "0.165840 0.244991 0.223538", bias=False),
)


def _cross_entropy(z: Tensor, y: Tensor, state: State, temperature: float) -> Tensor:
    return cross_entropy(linear_scores(z, state) / temperature, y)


OTHER_CODE = tuple(
    of_torch("cross_entropy", partial(_cross_entropy, temperature=0.7), temperature=0.7, bias=bias)
    for bias in (False, True)
)
