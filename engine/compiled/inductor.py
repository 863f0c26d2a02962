"""Programs compiled for the fast mode."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor
from torch.fx import GraphModule
from torch.fx.experimental.proxy_tensor import make_fx

from engine.compiled.background import Function, Job, Made, copies, is_made, made, sizes
from engine.steps.step_buffers import ahead, seen, shapes, stacked
from engine.steps.whole_step import Program, Shape

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

_LOG = logging.getLogger(__name__)

#: Calls of kernels in C++ as well, which in Python take as long again; a GPU's are captured. And what is read twice
#: stays in memory, rather than being computed anew for each class that it is compared with: angles and cosines of
#: samples, above all. Eight small nets' steps get 4 % shorter by it.
#: Headers are not compiled beforehand: a program takes two seconds less after that, but the first one ten seconds more,
#: again whenever the folder for temporary files was emptied, in which they take 140 MiB.
_ON_A_CPU: dict[str, object] = {
    "cpp_wrapper": True,
    "realize_reads_threshold": 2,
    "cpp_cache_precompile_headers": False,
}

#: What the processor says of itself is taken to be known to the C++ compiler too. To ask it takes ten of the first
#: program's seconds on a machine, and one or two in each process after that.
_TRUSTED: dict[str, object] = {"cpp.vec_isa_ok": True}


@final
@dataclass(frozen=True, kw_only=True)
class Compilation(Job):
    """The program of a shape, compiled."""

    shape: Shape

    def trace(self, example: list[Tensor]) -> GraphModule:
        """Return the operations of the program, as they are compiled."""
        graph = make_fx(Program(self.shape, torch.device(self.device)))
        return graph(*copies(example))

    def make(self, example: list[Tensor]) -> Function:
        """Trace the program and compile the trace."""
        import torch._inductor  # noqa: PLC0415  (which only this thread should wait for)
        from torch._inductor.cpu_vec_isa import valid_vec_isa_list  # noqa: PLC0415

        if torch.device(self.device).type != "cpu":
            return self._compiled(example, {})
        try:
            with _trusting():
                return self._compiled(example, _ON_A_CPU | _TRUSTED)
        except Exception:  # an old compiler, or none at all, which the second trial says
            _LOG.info("Compiled again, for what the C++ compiler knows of this processor.", exc_info=True)
            valid_vec_isa_list.cache_clear()
            return self._compiled(example, _ON_A_CPU)

    def _compiled(self, example: list[Tensor], patches: dict[str, object]) -> Function:
        traced = self.trace(example)
        for node in traced.graph.nodes:
            node.meta.pop("val", None)  # what tracing made of the tensors; the compiler makes its own
        # called as it is, without the guards of torch.compile, which take a tenth of a small net's step
        step: Function = torch._inductor.standalone_compile(
            traced, [*copies(example)], dynamic_shapes="from_example_inputs", options={"config_patches": patches}
        )
        step(*copies(example))
        return step


@contextmanager
def _trusting() -> Iterator[None]:
    """Let what the processor says of its further instructions be taken for granted, for which there is no setting."""
    from torch._inductor.cpu_vec_isa import VecISA  # noqa: PLC0415

    asked = VecISA.check_build
    VecISA.check_build = lambda *_: True  # type: ignore[method-assign]
    try:
        yield
    finally:
        VecISA.check_build = asked  # type: ignore[method-assign]


def program_for(trainer: "Trainer") -> Made:
    """Return the compiled program for a trainer as it is, which may take a while to be there."""
    return made(*compilation(trainer))


def is_there(trainer: "Trainer") -> bool:
    """Tell whether this process has that program already, or knows that there will be none."""
    return is_made(compilation(trainer)[0])


def compilation(trainer: "Trainer") -> tuple[Compilation, list[Tensor]]:
    """Return the job that makes it, which all parts of the panels have in common, and the tensors of the first one."""
    part, shape = next(iter(shapes(trainer).items()))
    x, y, rates, times = next(ahead(trainer, 1))
    example = [x, y, rates[: len(part)], times, *stacked(trainer, seen(trainer))[0].flat()]
    threads = torch.get_num_threads()
    return Compilation(sizes=sizes(example), device=str(trainer.device), threads=threads, shape=shape), example
