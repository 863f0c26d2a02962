"""Which way steps are taken: by the mode, the device, and whether ``engine.compiled`` is there.

That room is optional: without it exact steps are computed in Python, with the same bytes. In the mode ``fast`` steps
then stay exact on a processor, and on a GPU graphs of the whole step are replayed without a compiler.
"""

from collections.abc import Callable
from importlib.util import find_spec

import torch

from engine.steps.base import Step
from engine.steps.cuda_graph import GraphStep
from engine.steps.exact import ExactStep


def choose_step(mode: str, device: torch.device, worth: Callable[[], bool]) -> Step:
    """Return the way to take steps; ``worth`` says whether it is worth it to compile a step now."""
    on_gpu, fast = device.type == "cuda", mode == "fast"
    if not has_compiled():
        return GraphStep(ExactStep()) if fast and on_gpu else ExactStep()
    from engine.compiled import inductor, records, step  # noqa: PLC0415  (the room may be missing)

    # on a GPU TorchScript fuses operations, which round differently then
    exact = ExactStep(records.record if device.type == "cpu" else None)
    if not fast:
        return exact
    return GraphStep(exact, inductor.request_step) if on_gpu else step.CompiledStep(exact, worth)


def has_compiled() -> bool:
    """Tell whether ``engine.compiled`` is there."""
    try:
        return find_spec("engine.compiled.step") is not None
    except ModuleNotFoundError:
        return False


def preload() -> None:
    """Load what takes seconds when the first step is compiled, where steps can be compiled."""
    if has_compiled():
        from engine.compiled import private_torch  # noqa: PLC0415

        private_torch.preload()
