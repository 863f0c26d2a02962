"""What PyTorch's tracer cannot record by itself, said in TorchScript: the gradients of convolutions."""

from typing import Any

import torch
from torch import Tensor

_GIVEN = """(g: Tensor, x: Tensor, weight: Tensor, bias: Optional[List[int]], stride: List[int], padding: List[int],
    dilation: List[int], transposed: bool, output_padding: List[int], groups: int, mask: List[bool]):
"""

#: The operator's result without the gradient of what a net's first layer reads, which nobody asks for.
_SOURCE = f"""
def all_three{_GIVEN}
    return torch.ops.aten.convolution_backward(g, x, weight, bias, stride, padding, dilation, transposed,
                                               output_padding, groups, mask)

def without_input{_GIVEN}
    _, slope, shift = torch.ops.aten.convolution_backward(g, x, weight, bias, stride, padding, dilation, transposed,
                                                          output_padding, groups, mask)
    return slope, shift
"""

_UNIT = torch.jit.CompilationUnit(_SOURCE)


def convolution_backward(*given: Any) -> tuple[Tensor | None, ...]:
    """Return the gradients of a convolution's input, weight and bias, as ``aten.convolution_backward`` does.

    Called with constants it is recorded, which the operator itself is not: the tracer does not take its last argument,
    which says which gradients are asked for, nor a result that is not there. Of our nets weight and bias always have
    one; a convolution without a bias, in a net of somebody else, is not recorded, and Python goes on.
    """
    return _UNIT.all_three(*given) if given[-1][0] else (None, *_UNIT.without_input(*given))
