"""The one file that calls private and deprecated parts of PyTorch: TorchScript and Inductor.

Where a later version of PyTorch lacks one of them, or it fails, steps are computed in Python.
"""

import importlib
import logging
from functools import cache
from typing import Any

import torch
from torch import Tensor
from torch.fx import GraphModule

from engine.steps.base import Function

_LOG = logging.getLogger(__name__)

#: What goes wrong where a private part is missing, or has other arguments, or cannot do what it should.
_FAILURES = (RuntimeError, AttributeError, ImportError, TypeError)

_ARGUMENTS = """(g: Tensor, x: Tensor, weight: Tensor, bias: Optional[List[int]], stride: List[int],
    padding: List[int], dilation: List[int], transposed: bool, output_padding: List[int], groups: int,
    mask: List[bool]):
"""

#: The gradients of a convolution: all three, or without that of its input, which a net's first layer does not need.
_CONVOLUTION_BACKWARD = f"""
def all_three{_ARGUMENTS}
    return torch.ops.aten.convolution_backward(g, x, weight, bias, stride, padding, dilation, transposed,
                                               output_padding, groups, mask)

def without_input{_ARGUMENTS}
    _, weight_gradient, bias_gradient = torch.ops.aten.convolution_backward(
        g, x, weight, bias, stride, padding, dilation, transposed, output_padding, groups, mask)
    return weight_gradient, bias_gradient
"""

#: Inductor's settings on a processor. Kernels are called from C++, which is faster than from Python. What is read twice
#: stays in memory, rather than being computed again for each class. Headers are not compiled beforehand, which would
#: make the first program slower.
_CPU_SETTINGS: dict[str, object] = {
    "cpp_wrapper": True,
    "realize_reads_threshold": 2,
    "cpp_cache_precompile_headers": False,
}

#: The instructions that the processor reports are used without a trial by the C++ compiler, which takes 10 s.
_WITHOUT_TRIAL: dict[str, object] = {"cpp.vec_isa_ok": True}


def to_torchscript(function: Function, example: list[Tensor]) -> Function | None:
    """Return the operations of a function as TorchScript, whose interpreter is faster than Python.

    ``None`` where they cannot be recorded, or where this PyTorch has no TorchScript.
    """
    try:
        with torch.no_grad():
            # as torch.jit.trace does, whose functions stay in memory for ever, 3 MiB each
            graph, _ = torch._C._create_graph_by_tracing(function, tuple(example), lambda _: "", True, False)
            recorded: Function = torch._C._create_function_from_graph("recorded", graph)
            optimized = torch._C._get_graph_executor_optimize()
            torch._C._set_graph_executor_optimize(optimized)
    except _FAILURES as error:
        _LOG.info("Steps are not recorded: %s", error)
        return None

    def call(*arguments: Tensor) -> tuple[Tensor, ...] | None:
        # optimized, a product and a sum round differently; the setting belongs to the thread
        before = torch._C._get_graph_executor_optimize()
        torch._C._set_graph_executor_optimize(False)
        try:
            return recorded(*arguments)
        finally:
            torch._C._set_graph_executor_optimize(before)

    return call


def convolution_backward(*arguments: Any) -> tuple[Tensor | None, ...]:
    """Return the gradients of a convolution's input, weight and bias, as ``aten.convolution_backward`` does.

    Unlike the operator itself it can be recorded as TorchScript: the tracer accepts neither the operator's last
    argument, which says which gradients are needed, nor a missing result. A convolution without a bias, which our nets
    do not have, is not recorded, and Python computes it.
    """
    unit = _convolution_unit()
    return unit.all_three(*arguments) if arguments[-1][0] else (None, *unit.without_input(*arguments))


@cache
def _convolution_unit() -> Any:
    return torch.jit.CompilationUnit(_CONVOLUTION_BACKWARD)


def compile_graph(graph: GraphModule, example: list[Tensor]) -> Function:
    """Compile the operations of a graph by Inductor for tensors like the example, which may be changed.

    Without the guards of ``torch.compile``, which take a tenth of a small net's step. Raises what the compiler raises
    where it fails.
    """
    if example[0].device.type != "cpu":
        return _compile(graph, example, {})
    try:
        return _compile(graph, example, _CPU_SETTINGS | _WITHOUT_TRIAL)
    except Exception:  # an old C++ compiler that does not know all instructions, or none, which the second try shows
        _LOG.info("Compiled again, with the instructions that the C++ compiler knows.", exc_info=True)
        importlib.import_module("torch._inductor.cpu_vec_isa").valid_vec_isa_list.cache_clear()
        return _compile(graph, example, _CPU_SETTINGS)


def _compile(graph: GraphModule, example: list[Tensor], settings: dict[str, object]) -> Function:
    inductor = importlib.import_module("torch._inductor")
    tensors = [tensor.clone() for tensor in example]
    step: Function = inductor.standalone_compile(
        graph, tensors, dynamic_shapes="from_example_inputs", options={"config_patches": settings}
    )
    step(*[tensor.clone() for tensor in example])
    return step


def has_bfloat16() -> bool:
    """Tell whether this processor has instructions for bfloat16."""
    try:
        return bool(torch.ops.mkldnn._is_mkldnn_bf16_supported())
    except _FAILURES:
        return False


def preload() -> None:
    """Load what tracing needs, which takes seconds, before the first run needs it."""
    importlib.import_module("torch._dynamo")
