"""Operations whose kernels round by where a number stands, computed so that they do not."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, final

import torch
from torch import Tensor
from torch.nn.functional import pad
from torch.utils._python_dispatch import TorchDispatchMode

#: Numbers that a kernel takes at a time, at most: two vectors of 512 bits. The rest it takes one by one.
_AT_A_TIME = 32

#: Numbers from which on kernels part their work among threads (``at::internal::GRAIN_SIZE``).
_GRAIN = 32768

#: Operations whose kernels round otherwise where they take numbers one by one, found by trying those of PyTorch that
#: need nothing but tensors and numbers, on 6,000 numbers; and their kin.
UNEVEN = frozenset(
    {
        "atan2",
        "atanh",
        "celu",
        "cosh",
        "elu",
        "elu_backward",
        "exp2",
        "gelu",
        "gelu_backward",
        "igamma",
        "igammac",
        "ldexp",
        "logaddexp",
        "logaddexp2",
        "mish",
        "mish_backward",
        "pow",
        "selu",
        "sigmoid",
        "silu",
        "silu_backward",
        "sinh",
        "softplus",
        "softplus_backward",
        "softshrink",
    }
)

#: Powers that are not computed as such, but by products and roots.
_PLAIN = frozenset({-2.0, -1.0, -0.5, 0.5, 1.0, 2.0, 3.0})


#: Products of matrices, whose kernels round otherwise where a matrix does not begin at a multiple of so many numbers.
_PRODUCTS = frozenset({"mm", "bmm"})
_BEGIN = 4

#: Multiplications from which on a product is computed alike alone and among others (``bmm_out_or_baddbmm_``).
_MANY = 400


@final
class Filled(TorchDispatchMode):
    """Fills up what operations are given, so that what a number comes out as does not depend on where it stands.

    A processor then takes every number in a whole register, and the matrices of each panel begin where registers do.
    ``used`` tells whether anything had to be filled up so far.
    """

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.used = False

    @classmethod
    def _should_skip_dynamo(cls) -> bool:
        """Do without PyTorch's tracer of Python, which takes seconds to load and most of each call."""
        return False

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what is asked for."""
        name, given = func.overloadpacket.__name__, None  # type: ignore[attr-defined]
        if name in _PRODUCTS and args[0].device.type == "cpu":
            given = _product(*args)
        elif name in UNEVEN and not (name == "pow" and args[1] in _PLAIN):
            given = _filled(partial(func, **(kwargs or {})), args)
        if given is None:
            return func(*args, **(kwargs or {}))
        self.used = True
        return given


def _filled(func: Callable[..., Any], args: Sequence[Any]) -> Tensor | None:
    """Return what an operation gives of whole registers; ``None`` if they are whole as it is."""
    tensors = [arg for arg in args if isinstance(arg, Tensor)]
    many = [tensor for tensor in tensors if tensor.ndim] or tensors  # one number beside many says nothing of the type
    form = torch.broadcast_shapes(*(tensor.shape for tensor in many))  # type: ignore[no-untyped-call]
    threads = max(min(torch.get_num_threads(), -(-form.numel() // _GRAIN)), 1)
    lacking = -form.numel() % (threads * _AT_A_TIME)
    if not lacking or many[0].device.type != "cpu":
        return None
    filled = [
        pad(arg.expand(form).flatten(), (0, lacking)) if any(arg is tensor for tensor in many) else arg for arg in args
    ]
    done: Tensor = func(*filled)[: form.numel()].view(form)
    return done


def _product(left: Tensor, right: Tensor) -> Tensor | None:
    """Return a product of matrices filled up with zeros; ``None`` if all of them are as large as it takes."""
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
