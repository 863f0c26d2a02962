"""Operations whose kernels round by where a number stands in memory, padded so that they do not.

A processor computes whole registers of numbers at a time, and the rest at the end of a tensor one by one, which may
round differently. With padding every number is in a whole register, and so comes out the same alone and among others.
"""

from abc import abstractmethod
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils._python_dispatch import TorchDispatchMode

#: Numbers that a kernel computes at a time, at most: two vectors of 512 bits.
_AT_A_TIME = 32

#: Numbers from which on kernels share their work among threads (``at::internal::GRAIN_SIZE``).
_GRAIN = 32768

#: Operations whose kernels round differently where they compute numbers one by one. They were found by trying all
#: operations of PyTorch that take only tensors and numbers, on 6,000 numbers; related ones were added.
UNEVEN = frozenset({
    "atan2", "atanh", "celu", "cosh", "elu", "elu_backward", "exp2", "gelu", "gelu_backward", "igamma",
    "igammac", "ldexp", "logaddexp", "logaddexp2", "mish", "mish_backward", "pow", "selu", "sigmoid", "silu",
    "silu_backward", "sinh", "softplus", "softplus_backward", "softshrink",
})  # fmt: skip

#: Powers that are computed by products and roots, which round alike everywhere.
_PLAIN = frozenset({-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0})

#: Products of matrices, whose kernels round differently where a matrix does not begin at a multiple of so many numbers.
_PRODUCTS = frozenset({"mm", "bmm"})
_BEGIN = 4

#: Multiplications from which on a product rounds the same alone and among others (``bmm_out_or_baddbmm_``).
_MANY = 400


class OperationMode(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """Calls ``compute`` in place of each operation while it is entered."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Avoid TorchDynamo, which takes seconds to load and most of the time of each call."""
        return False

    def __torch_dispatch__(
        self, func: Any, types: Sequence[type], args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """Compute an operation."""
        return self.compute(func, args, kwargs or {})

    @abstractmethod
    def compute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Return the result of an operation."""


@final
class PadToRegisters(OperationMode):  # type: ignore[no-untyped-call]
    """Pads the arguments of operations, so that no result depends on where a number stands.

    Every number is then computed in a whole register, and the matrices of each panel begin where registers do.
    ``used`` tells whether anything was padded so far.
    """

    def __init__(self) -> None:
        super().__init__()
        self.used = False

    def compute(self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Compute an operation, padded where that makes a difference."""
        name, result = func.overloadpacket.__name__, None
        if name in _PRODUCTS and args[0].device.type == "cpu":
            result = _padded_product(*args)
        elif name in UNEVEN and not (name == "pow" and args[1] in _PLAIN):
            result = _padded(partial(func, **kwargs), args)
        if result is None:
            return func(*args, **kwargs)
        self.used = True
        return result


def _padded(func: Callable[..., Any], args: Sequence[Any]) -> Tensor | None:
    """Return the result of an operation on whole registers; ``None`` if they are whole without padding."""
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    many = [tensor for tensor in tensors if tensor.ndim] or tensors  # one number beside many says nothing of the type
    shape = torch.broadcast_shapes(*(tensor.shape for tensor in many))  # type: ignore[no-untyped-call]
    threads = max(min(torch.get_num_threads(), -(-shape.numel() // _GRAIN)), 1)
    lacking = -shape.numel() % (threads * _AT_A_TIME)
    if not lacking or many[0].device.type != "cpu":
        return None
    whole = [
        pad(arg.expand(shape).flatten(), (0, lacking)) if any(arg is tensor for tensor in many) else arg for arg in args
    ]
    result: Tensor = func(*whole)[: shape.numel()].view(shape)
    return result


def _padded_product(left: Tensor, right: Tensor) -> Tensor | None:
    """Return a product of matrices padded with zeros; ``None`` if all of them are large enough without."""
    rows, inner, columns = *left.shape[-2:], right.shape[-1]
    fits = not any(size % _BEGIN for size in (rows * inner, inner * columns, rows * columns))
    if fits and (left.ndim == 3 or rows * inner * columns >= _MANY):
        return None
    more = 0 if fits else -inner % _BEGIN
    right = pad(right, (0, 0 if fits else -columns % _BEGIN, 0, more))
    left = pad(left, (0, more))
    if left.ndim == 2:
        return torch.bmm(left[None], right[None])[0, :, :columns].contiguous()
    return torch.bmm(left, right)[..., :columns].contiguous()
