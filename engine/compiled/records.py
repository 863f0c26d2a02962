"""The gradients of a family's panels, played from a record of the operations that Python does.

A record is played by TorchScript's interpreter, which calls the kernels that Python would call; of a small net's step
that takes half of the time. All panels of a family are in one record, as much of them side by side as gives each the
very bytes that Python gives it alone.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from engine.compiled.background import Function, Job
from engine.compiled.torchscript import convolution_backward
from engine.steps.gradients import Gradients, Way
from engine.steps.parity import first, same, settled, trials, ways

_LOG = logging.getLogger(__name__)


@final
@dataclass(frozen=True, kw_only=True)
class Record(Job):
    """The operations of such a function."""

    gradients: Gradients

    def make(self, example: list[Tensor]) -> Function | None:
        """Record the operations; return them if each panel gets the bytes that Python gives it alone."""
        alone, python = example[2].ndim == 1, settled(self, self.gradients, example)
        for way in [Way.STACKED] if alone else ways(self.gradients, example):
            try:
                played = _recorded(self._operations(way, example), example)
            except RuntimeError as error:  # not every operation can be; Python goes on
                _LOG.info("Steps are not recorded: %s", error)
                continue
            if all(same(python, played, trial) for trial in trials(python, example)):
                return played
        return None

    def _operations(self, way: Way, example: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
        if way is not Way.NOTHING:
            return _traced(replace(self.gradients, way=way), example)
        one = _traced(self.gradients, first(example))

        def each(x: Tensor, y: Tensor, *stacks: Tensor) -> tuple[Tensor, ...]:
            panels = [one(x, y, *own) for own in zip(*(stack.unbind() for stack in stacks), strict=True)]
            return tuple(torch.stack(parts) for parts in zip(*panels, strict=True))

        return each


def _prelu_backward(pull: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of what PReLU reads and of its slope, number by number, as PyTorch's kernel does.

    That one decides about each number by itself, which a processor cannot foresee. A step of sixteen small nets gets a
    tenth shorter without it (11.1 and 10.2 ms).
    """
    above = torch.ops.aten.threshold_backward(pull, x, 0)  # what comes to numbers above zero, and zero for the others
    below = pull - above
    slope = x * below
    return below.mul_(weight).add_(above), slope


#: What is recorded in the place of what.
_OTHERWISE: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.convolution_backward.default: convolution_backward,
    torch.ops.aten._prelu_kernel_backward.default: _prelu_backward,
}


def _traced(gradients: Gradients, example: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """Return the operations of all there is to it, backward pass included."""
    graph = make_fx(gradients)(*example)
    for node in list(graph.graph.nodes):
        if node.target is torch.ops.aten.detach.default:  # there is nothing to detach from
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
        elif node.target in _OTHERWISE:
            node.target = _OTHERWISE[node.target]
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
