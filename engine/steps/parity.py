"""What of several panels is computed side by side, so that each gets the very bytes that it gets alone.

Kernels for several nets at once may round differently. So each kind of step is tried once, before its first step.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from engine.config.seeds import generator
from engine.machine.saved_bytes import saved_tensor_sizes
from engine.steps.base import Function
from engine.steps.gradients import Gradients, SideBySide
from engine.steps.simd_padding import PadToRegisters

#: Bytes that autograd may save of all panels together for anything to be computed side by side: 32 LeNet++ with
#: batches of 128 save 3.3 GiB.
MOST_BYTES = 4 * 2**30

#: Factors of weights in trials, so that embeddings are short and long, and factors of knobs.
_FACTORS = ((1.0, 1.0), (0.3, 1.0), (2.0, 0.7), (4.0, 1.2))

#: Sizes and types of tensors.
Sizes = tuple[tuple[torch.Size, torch.dtype], ...]

#: Results of trials, by what they depend on; one is a few hundred bytes.
_MOST_RESULTS = 256
_results: dict[tuple[Gradients, Sizes, str, int], Gradients] = {}


def sizes(tensors: Sequence[Tensor]) -> Sizes:
    """Return the sizes and types of tensors, on which rounding depends."""
    return tuple((tensor.shape, tensor.dtype) for tensor in tensors)


def python_gradients(gradients: Gradients, example: list[Tensor]) -> Gradients:
    """Return the fastest way to compute gradients in Python that gives each panel the bytes that it gets alone.

    ``example`` are arguments of one or several panels. Each kind of arguments is tried once.
    """
    key = (gradients, sizes(example), str(example[0].device), torch.get_num_threads())
    result = _results.get(key)
    if result is None:
        result = _results[key] = _tried_out(gradients, example)
        for old in list(_results)[:-_MOST_RESULTS]:
            _results.pop(old, None)  # another thread may have removed it
    return result


def clear() -> None:
    """Forget the results of all trials."""
    _results.clear()


def _tried_out(gradients: Gradients, example: list[Tensor]) -> Gradients:
    plain, trial, best = replace(gradients, padding=False), next(trials(gradients, example)), SideBySide.ALL
    with PadToRegisters() as padding:
        if example[2].ndim == 1:
            plain(*example)
        else:
            best = next(each for each in candidates(plain, example) if _passes(plain, each, trial))
    return replace(gradients, side_by_side=best, padding=padding.used)


def _passes(gradients: Gradients, candidate: SideBySide, trial: list[Tensor]) -> bool:
    try:
        return candidate is SideBySide.NOTHING or same_bytes(
            gradients, replace(gradients, side_by_side=candidate), trial
        )
    except RuntimeError:  # a loss or a net that cannot be computed side by side
        return False


def candidates(gradients: Gradients, example: list[Tensor]) -> Iterator[SideBySide]:
    """Yield what is worth a trial, the most first; the last is to compute nothing side by side."""
    if len(example[2]) * _bytes_saved(gradients, first_panel(example)) <= MOST_BYTES:
        yield from (SideBySide.ALL, SideBySide.LOSSES)
    yield SideBySide.NOTHING


def first_panel(example: list[Tensor]) -> list[Tensor]:
    """Return the arguments of the first panel of several."""
    x, y, *stacks = example
    return [x, y, *(stack[0].clone() for stack in stacks)]


def same_bytes(gradients: Gradients, function: Function, arguments: list[Tensor]) -> bool:
    """Tell whether a function gives each panel the bytes that Python gives it alone."""
    with torch.no_grad():
        results = function(*arguments)
    assert results is not None
    x, y, nets, *rest = arguments
    if nets.ndim == 1:
        return _equal(results, gradients(*arguments))
    return all(
        _equal([tensor[place] for tensor in results], gradients(x, y, *(part.clone() for part in own)))
        for place, own in enumerate(zip(nets, *rest, strict=True))
    )


def trials(gradients: Gradients, example: list[Tensor]) -> Iterator[list[Tensor]]:
    """Yield arguments with other samples, labels, weights and knobs.

    They show whether a recorded function has numbers of its example in it, instead of reading them.
    """
    random = generator(0, "trials")
    x, y, nets, rows, *rest = example
    rule_state, knobs = rest[: len(gradients.family.rule_state)], rest[len(gradients.family.rule_state) :]
    labels = [y, y[torch.randperm(len(y), generator=random).to(y.device)], torch.full_like(y, int(y[0])), y.flip(0)]
    for (length, factor), own in zip(_FACTORS, labels, strict=True):
        weights = [length * (row + 0.01 * torch.randn(row.shape, generator=random).to(row)) for row in (nets, rows)]
        order = torch.randperm(len(x), generator=random).to(x.device)
        yield [x[order], own, *weights, *rule_state, *(factor * knob for knob in knobs)]


def _bytes_saved(gradients: Gradients, arguments: list[Tensor]) -> int:
    """Return how many bytes autograd saves of a panel."""
    with saved_tensor_sizes() as saved:
        gradients(*arguments)
    return sum(saved)


def _equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and bytes(a.cpu().numpy().data) == bytes(b.cpu().numpy().data)
        for a, b in zip(one, other, strict=True)
    )
