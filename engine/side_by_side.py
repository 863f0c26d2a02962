"""What of several panels is computed side by side, so that each gets the very bytes that it gets alone."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, final

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from engine.gradients import Gradients, Way
from engine.making import Function, Job, copies
from engine.seeds import generator

#: Bytes that autograd may keep of all panels together for anything to be computed side by side. Eight small
#: convolutional nets (29 MiB) take 6 % less time by it, two LeNet++ (108 MiB) 5 % more.
_TOGETHER = 100 * 2**20

#: By what weights are multiplied in trials, so that embeddings are short and long, and by what knobs.
_TRIED = ((1.0, 1.0), (0.3, 1.0), (2.0, 0.7), (4.0, 1.2))

#: Numbers that a kernel takes at a time, at most: two vectors of 512 bits. The rest it takes one by one.
_AT_A_TIME = 32

#: Numbers from which on kernels part their work among threads (``at::internal::GRAIN_SIZE``).
_GRAIN = 32768

#: Operations whose kernels round otherwise where they take numbers one by one, found by trying those of PyTorch that
#: need nothing but tensors and numbers, on 6,000 numbers; and their kin.
_UNEVEN = frozenset(
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

#: Ways that were found; a job is a few hundred bytes.
_KEPT = 256
_found: dict[Job, Way] = {}


def way_for(job: Job, gradients: Gradients, example: list[Tensor]) -> Way:
    """Return the way in which Python computes the gradients of several panels, tried once for each job."""
    way = _found.get(job)
    if way is None:
        way = _found[job] = _tried(gradients, example)
        for old in list(_found)[:-_KEPT]:
            del _found[old]
    return way


def _tried(gradients: Gradients, example: list[Tensor]) -> Way:
    trial = next(trials(gradients, example))
    for way in ways(gradients, example):
        if way is Way.NOTHING or same(gradients, replace(gradients, way=way), trial):
            return way
    raise AssertionError


def ways(gradients: Gradients, example: list[Tensor]) -> Iterator[Way]:
    """Yield the ways that are worth a trial, the last of which is to compute nothing side by side."""
    if len(example[2]) * kept(gradients, first(example)) <= _TOGETHER:
        yield from (way for way in (Way.STACKED, Way.LOSSES) if _even(replace(gradients, way=way), example))
    yield Way.NOTHING


def first(example: list[Tensor]) -> list[Tensor]:
    """Return what the first panel of several is given."""
    x, y, *stacks = example
    return [x, y, *(stack[0].clone() for stack in stacks)]


def same(gradients: Gradients, function: Function, given: list[Tensor]) -> bool:
    """Tell whether a function gives each panel the bytes that Python gives it alone."""
    with torch.no_grad():
        seen = function(*given)
    assert seen is not None
    x, y, nets, *rest = given
    if nets.ndim == 1:
        return _equal(seen, gradients(*given))
    return all(
        _equal([tensor[place] for tensor in seen], gradients(x, y, *copies(list(own))))
        for place, own in enumerate(zip(nets, *rest, strict=True))
    )


def trials(gradients: Gradients, example: list[Tensor]) -> Iterator[list[Tensor]]:
    """Return other samples, labels, weights and knobs: what a record keeps of its example comes to light."""
    random = generator(0, "trials")
    x, y, nets, rows, *rest = example
    ruled, knobs = rest[: len(gradients.group.ruled)], rest[len(gradients.group.ruled) :]
    labels = [y, y[torch.randperm(len(y), generator=random).to(y.device)], torch.full_like(y, int(y[0])), y.flip(0)]
    for (length, factor), own in zip(_TRIED, labels, strict=True):
        moved = [length * (row + 0.01 * torch.randn(row.shape, generator=random).to(row)) for row in (nets, rows)]
        turned = [factor * knob for knob in knobs]
        yield [x[torch.randperm(len(x), generator=random).to(x.device)], own, *moved, *ruled, *turned]


def kept(gradients: Gradients, given: list[Tensor]) -> int:
    """Return how many bytes autograd keeps of a panel."""
    counted = 0

    def count(tensor: Tensor) -> Tensor:
        nonlocal counted
        counted += tensor.nbytes
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
        gradients(*given)
    return counted


def _even(gradients: Gradients, example: list[Tensor]) -> bool:
    """Tell whether no number of a panel is taken one by one alone and not so side by side, or the other way round.

    A trial may miss that: it is about a few numbers, a few hundredths of which come out otherwise.
    """
    watch = _Watch(len(example[2]))
    try:
        with watch:
            gradients(*example)
    except RuntimeError:  # a loss or a net that cannot be computed side by side
        return False
    return watch.even or example[0].device.type != "cpu"


@final
class _Watch(TorchDispatchMode):
    """Looks at the sizes of what uneven operations give, of so many panels."""

    def __init__(self, panels: int) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.even = True
        self._panels = panels

    def __torch_dispatch__(
        self,
        func: Callable[..., Any],
        types: Sequence[type],
        args: tuple[Any, ...] = (),
        kwargs: Mapping[str, Any] | None = None,
    ) -> Any:
        """Do what is asked for."""
        given = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__  # type: ignore[attr-defined]
        if name in _UNEVEN and not (name == "pow" and args[1] in _PLAIN):
            self.even = self.even and given.numel() % self._panels == 0 and self._whole(given.numel())
        return given

    def _whole(self, numel: int) -> bool:
        """Tell whether kernels take so many numbers, and those of a panel, without a rest, on each thread."""
        for count in (numel, numel // self._panels):
            threads = min(torch.get_num_threads(), -(-count // _GRAIN))
            if -(-count // threads) % _AT_A_TIME:
                return False
        return True


def _equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and bytes(a.cpu().numpy().data) == bytes(b.cpu().numpy().data)
        for a, b in zip(one, other, strict=True)
    )
