"""Whole steps compiled by Inductor, PyTorch's compiler."""

import hashlib
from dataclasses import dataclass
from typing import final

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from engine.compiled import background, cache_folder
from engine.compiled.background import ENDING, Job, check_ending
from engine.compiled.compile_process import compile_apart
from engine.compiled.parts import panels_per_part
from engine.compiled.private_torch import compile_graph, has_bfloat16
from engine.state.train_state import TrainState
from engine.steps.base import Function, PendingFunction
from engine.steps.parity import sizes
from engine.steps.step_buffers import new_report, next_inputs, shapes, step_tensors
from engine.steps.whole_step import Shape, WholeStep


@final
@dataclass(frozen=True, kw_only=True)
class Compilation(Job):
    """The whole step of a shape, to be compiled."""

    shape: Shape

    def trace(self, example: list[Tensor]) -> GraphModule:
        """Return the operations of the step."""
        step = WholeStep(self.shape, torch.device(self.device))
        traced: GraphModule = make_fx(step)(*(tensor.clone() for tensor in example))
        for node in traced.graph.nodes:
            node.meta.pop("val", None)  # the tensors of the trace; the compiler makes its own
        return traced

    def make(self, example: list[Tensor]) -> Function:
        """Trace and compile the step: on a processor in another process first, then from PyTorch's cache."""
        graph = self.trace(example)
        check_ending()
        if torch.device(self.device).type == "cpu":
            # all that the compiled step depends on
            text = f"{torch.__version__} {self.threads} {self.sizes} {graph.code}"
            mark = cache_folder.mark(hashlib.sha256(text.encode()).hexdigest())
            if mark is not None and not mark.exists() and compile_apart(self, ENDING):
                mark.touch()
        check_ending()
        return compile_graph(graph, example)


def program_shapes(state: TrainState) -> dict[range, Shape]:
    """Return the panels of each part, and the shape of the step that is compiled for all of them."""
    # bfloat16 where a processor has instructions for it; a GPU has TF32 for this, with the whole range of the numbers
    half = state.net.half and state.device.type == "cpu" and has_bfloat16()
    return shapes(state, panels_per_part(state), half=half)


def compilation(state: TrainState) -> tuple[Compilation, list[Tensor]]:
    """Return the job that compiles the step of a state as it is, and the tensors of its first part."""
    parts = program_shapes(state)
    part, shape = next(iter(parts.items()))
    x, y, rates, times = next(next_inputs(state, 1))
    example = [x, y, rates[: len(part)], times, *step_tensors(state, parts, new_report(state))[0].flat()]
    threads = torch.get_num_threads()
    return Compilation(sizes=sizes(example), device=str(state.device), threads=threads, shape=shape), example


def request_step(state: TrainState) -> PendingFunction:
    """Return the compiled step for a state as it is, which may take a while to be there."""
    return background.request(*compilation(state))


def existing_step(state: TrainState) -> PendingFunction | None:
    """Return that step if this process has it already, or knows that there will be none."""
    return background.existing(compilation(state)[0])
