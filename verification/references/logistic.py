"""What the logistic loss is held against."""

from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits

from verification.other_code import State, linear_scores, of_torch, one_hot
from verification.reference_numbers import number

NUMBERS = (
    number("lead", "0.403186", bias=False),
    number("behind", "1.103186", bias=False),
)


def _binary(z: Tensor, y: Tensor, state: State) -> Tensor:
    each = binary_cross_entropy_with_logits(linear_scores(z, state), one_hot(y), reduction="none")
    return each.sum(dim=1).mean()


OTHER_CODE = tuple(of_torch("binary_cross_entropy_with_logits", _binary, bias=bias) for bias in (False, True))
