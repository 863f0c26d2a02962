"""The gradients of a family's panels as a recorded function: the operations that Python calls, without Python.

TorchScript's interpreter calls the same kernels, which takes half the time of a small net's step. All panels of a
family are in one function, with as much side by side as gives each panel the bytes that Python gives it alone.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, final

import torch
from torch import Tensor
from torch.fx.experimental.proxy_tensor import make_fx

from engine.compiled import background
from engine.compiled.background import Job, check_ending
from engine.compiled.private_torch import convolution_backward, to_torchscript
from engine.steps.base import Function, PendingFunction
from engine.steps.gradients import Gradients, SideBySide
from engine.steps.parity import candidates, first_panel, python_gradients, same_bytes, sizes, trials

_LOG = logging.getLogger(__name__)


def record(gradients: Gradients, example: list[Tensor], only_existing: bool) -> PendingFunction | None:
    """Return the recorded function of gradients with such arguments, which may take a while to be there.

    ``None`` where it is not there already and ``only_existing`` is set.
    """
    job = GradientsTrace(
        sizes=sizes(example), device=str(example[0].device), threads=torch.get_num_threads(), gradients=gradients
    )
    return background.existing(job) if only_existing else background.request(job, example)


@final
@dataclass(frozen=True, kw_only=True)
class GradientsTrace(Job):
    """Gradients whose operations are to be recorded."""

    gradients: Gradients

    def make(self, example: list[Tensor]) -> Function | None:
        """Record the operations; return them if each panel gets the bytes that Python gives it alone."""
        alone, python = example[2].ndim == 1, python_gradients(self.gradients, example)
        for side_by_side in [SideBySide.ALL] if alone else candidates(self.gradients, example):
            check_ending()
            try:
                operations = self.trace(side_by_side, example)
            except RuntimeError as error:  # a loss or a net that looks at numbers; Python goes on
                _LOG.info("Steps are not recorded: %s", error)
                continue
            check_ending()
            recorded = to_torchscript(operations, example)
            if recorded is None:
                continue
            for trial in trials(python, example):
                check_ending()
                if not same_bytes(python, recorded, trial):
                    break
            else:
                return recorded
        return None

    def trace(self, side_by_side: SideBySide, example: list[Tensor]) -> Function:
        """Return the operations as a function that TorchScript can record."""
        if side_by_side is not SideBySide.NOTHING:
            return _trace(replace(self.gradients, side_by_side=side_by_side), example)
        one = _trace(self.gradients, first_panel(example))

        def each(x: Tensor, y: Tensor, *stacks: Tensor) -> tuple[Tensor, ...]:
            panels = [one(x, y, *own) for own in zip(*(stack.unbind() for stack in stacks), strict=True)]
            return tuple(torch.stack(parts) for parts in zip(*panels, strict=True))

        return each


def prelu_backward(pull: Tensor, x: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return the gradients of PReLU's input and slope, number by number, with the bytes of PyTorch's kernel.

    It is faster than that kernel, which branches on each number.
    """
    above = torch.ops.aten.threshold_backward(pull, x, 0)  # the gradient where the input is above zero, else zero
    below = pull - above
    slope = x * below
    return below.mul_(weight).add_(above), slope


#: What is recorded in place of an operator.
_REPLACEMENTS: dict[Any, Callable[..., Any]] = {
    torch.ops.aten.convolution_backward.default: convolution_backward,
    torch.ops.aten._prelu_kernel_backward.default: prelu_backward,
}


def _trace(gradients: Gradients, example: list[Tensor]) -> Callable[..., tuple[Tensor, ...]]:
    """Return the operations of gradients, backward pass included."""
    graph = make_fx(gradients)(*example)
    for node in list(graph.graph.nodes):
        if node.target is torch.ops.aten.detach.default:  # there is nothing to detach from
            node.replace_all_uses_with(node.args[0])
            graph.graph.erase_node(node)
        elif node.target in _REPLACEMENTS:
            node.target = _REPLACEMENTS[node.target]
    graph.graph.eliminate_dead_code()
    graph.recompile()
    function: Callable[..., tuple[Tensor, ...]] = graph.forward
    return function
