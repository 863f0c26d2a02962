"""The gradients of a family's panels, computed in Python or played from a record of the same operations.

A record is played by TorchScript's interpreter, which calls the kernels that Python would call; of a small net's step
that takes half of the time. All panels of a family are in one record, as much of them side by side as gives each the
very bytes that Python gives it alone.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum, auto
from typing import final

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from engine.groups import Group, Pieces, apart, mean, means, pulled
from engine.making import Function, Job, copies
from engine.nets import Net
from engine.scripted import convolution_backward
from engine.seeds import generator

_LOG = logging.getLogger(__name__)

#: By what weights are multiplied in the trials of a record, so that embeddings are short and long, and by what knobs.
_TRIED = ((1.0, 1.0), (0.3, 1.0), (2.0, 0.7), (4.0, 1.2))


#: Bytes that autograd may keep of all panels together for anything to be computed side by side. Eight small
#: convolutional nets (29 MiB) take 6 % less time by it, two LeNet++ (108 MiB) 5 % more.
_TOGETHER = 100 * 2**20


class Way(Enum):
    """What of several panels is computed side by side, the most first."""

    STACKED = auto()
    LOSSES = auto()
    NOTHING = auto()


@final
@dataclass(frozen=True)
class Gradients:
    """A function of samples and weights, for panels of one family; ``layout`` is that of a net."""

    net: Net
    layout: Pieces
    group: Group
    way: Way = Way.STACKED

    def __call__(self, x: Tensor, y: Tensor, nets: Tensor, rows: Tensor, *rest: Tensor) -> tuple[Tensor, ...]:
        """Return the losses, the gradients of nets and of what losses learn, then what is learned by rule.

        Of one panel: ``nets (row,)``, ``rows (S,)``, the loss ``()``; or of all ``K_g`` of a group, which have one
        dimension more in front. ``rest`` is what is learned by rule, then the knobs that move.
        """
        group, alone = self.group, nets.ndim == 1
        ruled, knobs = rest[: len(group.ruled)], rest[len(group.ruled) :]
        with torch.enable_grad():
            weights, learned = (
                [part.detach().requires_grad_() for part in apart(*own)]
                for own in ((nets, self.layout), (rows, group.learned))
            )
            named = {name: weight for (name, _), weight in zip(self.layout, weights, strict=True)}
            if alone:
                z = self.net.one(named, x)
            else:
                z = self.net.stacked(named, x) if self.way is Way.STACKED else torch.stack(self.net.forward(named, x))
            # in the same order in memory, alone or not: products of matrices round differently in another
            seen = z.detach().contiguous().requires_grad_()
            losses, after = (mean if alone else means)(group, seen, y, (tuple(learned), ruled), knobs)
            pull, *slopes = pulled(losses.sum(), [seen, *learned])
            parts = pulled(z, weights, pull.contiguous())
        return losses.detach(), _row(parts, nets), _row(slopes, rows), *after


def _row(parts: Sequence[Tensor], like: Tensor) -> Tensor:
    """Put gradients together as the row is whose parts they belong to; what is left of it is zero."""
    flat = [part.flatten(like.ndim - 1) for part in parts]
    left = like.shape[-1] - sum(part.shape[-1] for part in flat)
    return torch.cat([*flat, like.new_zeros(*like.shape[:-1], left)], dim=-1)


@final
@dataclass(frozen=True, kw_only=True)
class Record(Job):
    """The operations of such a function."""

    gradients: Gradients

    def make(self, example: list[Tensor]) -> Function | None:
        """Record the operations; return them if each panel gets the bytes that Python gives it alone."""
        for way in self._ways(example):
            try:
                played = _recorded(self._operations(way, example), example)
            except RuntimeError as error:  # not every operation can be; Python goes on
                _LOG.info("Steps are not recorded: %s", error)
                continue
            if all(self._same(played, trial) for trial in self._trials(example)):
                return played
        return None

    def _ways(self, example: list[Tensor]) -> list[Way]:
        """Return the ways to be tried: that of a single panel, or several."""
        if example[2].ndim == 1:
            return [Way.STACKED]
        return [Way.NOTHING] if len(example[2]) * self._kept(example) > _TOGETHER else list(Way)

    def _operations(self, way: Way, example: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        if way is not Way.NOTHING:
            return _traced(replace(self.gradients, way=way), example)
        one = _traced(self.gradients, _first(example))

        def each(x: Tensor, y: Tensor, *stacks: Tensor) -> tuple[Tensor, ...]:
            panels = [one(x, y, *own) for own in zip(*(stack.unbind() for stack in stacks), strict=True)]
            return tuple(torch.stack(parts) for parts in zip(*panels, strict=True))

        return each

    def _kept(self, example: list[Tensor]) -> int:
        """Return how many bytes autograd keeps of a panel."""
        kept = 0

        def count(tensor: Tensor) -> Tensor:
            nonlocal kept
            kept += tensor.nbytes
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(count, lambda tensor: tensor):
            self.gradients(*_first(example))
        return kept

    def _same(self, played: Function, given: list[Tensor]) -> bool:
        with torch.no_grad():
            seen = played(*given)
        assert seen is not None
        x, y, nets, *rest = given
        if nets.ndim == 1:
            return _equal(seen, self.gradients(*given))
        return all(
            _equal([tensor[place] for tensor in seen], self.gradients(x, y, *copies(list(own))))
            for place, own in enumerate(zip(nets, *rest, strict=True))
        )

    def _trials(self, example: list[Tensor]) -> Iterator[list[Tensor]]:
        """Return other samples, labels, weights and knobs: what a record keeps of its example comes to light."""
        random = generator(0, "trials")
        x, y, nets, rows, *rest = example
        ruled, knobs = rest[: len(self.gradients.group.ruled)], rest[len(self.gradients.group.ruled) :]
        labels = [y, y[torch.randperm(len(y), generator=random).to(y.device)], torch.full_like(y, int(y[0])), y.flip(0)]
        for (length, factor), own in zip(_TRIED, labels, strict=True):
            moved = [length * (row + 0.01 * torch.randn(row.shape, generator=random).to(row)) for row in (nets, rows)]
            turned = [factor * knob for knob in knobs]
            yield [x[torch.randperm(len(x), generator=random).to(x.device)], own, *moved, *ruled, *turned]


def _first(example: list[Tensor]) -> list[Tensor]:
    """Return what the first panel of several is given."""
    x, y, *stacks = example
    return [x, y, *(stack[0].clone() for stack in stacks)]


def _traced(gradients: Gradients, example: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """Return the operations of all there is to it, backward pass included."""
    graph = make_fx(gradients)(*example)
    for node in list(graph.graph.nodes):
        if node.target is torch.ops.aten.detach.default:  # there is nothing to detach from
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
        elif node.target is torch.ops.aten.convolution_backward.default:
            node.target = convolution_backward
    graph.graph.eliminate_dead_code()
    graph.recompile()
    function: Callable[..., tuple[Tensor, ...]] = graph.forward
    return function


def _recorded(function: Callable[..., tuple[Tensor, ...]], example: list[Tensor]) -> Function:
    """Return a function of tensors as TorchScript."""
    with torch.no_grad():
        # what torch.jit.trace does; its functions stay in memory for ever, 3 MiB each
        found, _ = torch._C._create_graph_by_tracing(function, tuple(example), lambda _: "", True, False)
        recorded: Function = torch._C._create_function_from_graph("played", found)

    def played(*given: Tensor) -> tuple[Tensor, ...] | None:
        # rewritten, a product and a sum round differently; the setting belongs to the thread
        before = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(False)
        try:
            return recorded(*given)
        finally:
            torch._C._set_graph_executor_optimize(before)

    return played


def _equal(one: Sequence[Tensor], other: Sequence[Tensor]) -> bool:
    return all(
        a.dtype == b.dtype and a.shape == b.shape and bytes(a.cpu().numpy().data) == bytes(b.cpu().numpy().data)
        for a, b in zip(one, other, strict=True)
    )
