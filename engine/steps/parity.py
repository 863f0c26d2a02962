"""What of several panels is computed side by side, so that each gets the very bytes that it gets alone."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from engine.compiled.background import Function, Job, copies
from engine.config.seeds import generator
from engine.machine.saved_bytes import counted
from engine.steps.gradients import Gradients, Way
from engine.steps.simd_padding import Filled

#: Bytes that autograd may keep of all panels together for anything to be computed side by side: 32 LeNet++ with
#: batches of 128 keep 3.3 GiB.
_TOGETHER = 4 * 2**30

#: By what weights are multiplied in trials, so that embeddings are short and long, and by what knobs.
_TRIED = ((1.0, 1.0), (0.3, 1.0), (2.0, 0.7), (4.0, 1.2))

#: What was found; a job is a few hundred bytes.
_KEPT = 256
_found: dict[Job, Gradients] = {}


def settled(job: Job, gradients: Gradients, example: list[Tensor]) -> Gradients:
    """Return the gradients of one or several panels as Python computes them, tried once for each job."""
    found = _found.get(job)
    if found is None:
        found = _found[job] = _tried(gradients, example)
        for old in list(_found)[:-_KEPT]:
            _found.pop(old, None)  # another thread may have been here
    return found


def _tried(gradients: Gradients, example: list[Tensor]) -> Gradients:
    plain, trial, way = replace(gradients, filled=False), next(trials(gradients, example)), Way.STACKED
    with Filled() as filling:
        if example[2].ndim == 1:
            plain(*example)
        else:
            way = next(way for way in ways(plain, example) if _passes(plain, way, trial))
    return replace(gradients, way=way, filled=filling.used)


def _passes(gradients: Gradients, way: Way, trial: list[Tensor]) -> bool:
    try:
        return way is Way.NOTHING or same(gradients, replace(gradients, way=way), trial)
    except RuntimeError:  # a loss or a net that cannot be computed side by side
        return False


def ways(gradients: Gradients, example: list[Tensor]) -> Iterator[Way]:
    """Yield the ways that are worth a trial, the last of which is to compute nothing side by side."""
    if len(example[2]) * kept(gradients, first(example)) <= _TOGETHER:
        yield from (Way.STACKED, Way.LOSSES)
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
    rule_state, knobs = rest[: len(gradients.group.rule_state)], rest[len(gradients.group.rule_state) :]
    labels = [y, y[torch.randperm(len(y), generator=random).to(y.device)], torch.full_like(y, int(y[0])), y.flip(0)]
    for (length, factor), own in zip(_TRIED, labels, strict=True):
        moved = [length * (row + 0.01 * torch.randn(row.shape, generator=random).to(row)) for row in (nets, rows)]
        turned = [factor * knob for knob in knobs]
        yield [x[torch.randperm(len(x), generator=random).to(x.device)], own, *moved, *rule_state, *turned]


def kept(gradients: Gradients, given: list[Tensor]) -> int:
    """Return how many bytes autograd keeps of a panel."""
    with counted() as sizes:
        gradients(*given)
    return sum(sizes)


def _equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and bytes(a.cpu().numpy().data) == bytes(b.cpu().numpy().data)
        for a, b in zip(one, other, strict=True)
    )
