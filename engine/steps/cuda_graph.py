"""The step on a GPU: several steps of all panels captured once as a graph of kernels, and replayed."""

import logging
from collections import deque
from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.compiled.background import TRACING, Function, Made
from engine.compiled.inductor import program_for
from engine.machine.precision import quick
from engine.steps.base import Step
from engine.steps.exact import Exact
from engine.steps.step_buffers import Bound
from engine.steps.whole_step import Program, times

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

_LOG = logging.getLogger(__name__)

#: Steps of the long graph; where fewer are asked for, a graph of one step is replayed.
LONG = 8

#: Times that a step is taken before it is captured, so that libraries have chosen their kernels.
_WARM = 3

#: Graphs that may wait for the GPU: one that is replayed and the next one. With more, a moved knob would come late.
_QUEUED = 2


@final
class Graph:
    """So many steps in a row, whose batches, rates and times are written into fixed tensors before each replay.

    What the host decides about a step stands in these tensors, so that nothing else is ever captured anew: knobs
    are tensors of the step already.
    """

    def __init__(self, steps: int, trainer: "Trainer", bound: Bound, step: Function) -> None:
        self.steps, device = steps, trainer.device
        self.places = torch.zeros(steps, trainer.batches.size, dtype=torch.int64, device=device)
        self.rates = torch.zeros(steps, len(trainer.losses), device=device)
        self.times = torch.ones(steps, 3, device=device)
        ((_, self._flat),) = bound.parts  # a GPU computes all panels at once
        self._step = step
        self._x, self._y = trainer.data.train_x, trainer.data.train_y
        self._graph = torch.cuda.CUDAGraph() if device.type == "cuda" else None
        if self._graph is not None:
            with quick(device):
                self._capture(self._graph)

    def replay(self) -> None:
        """Take the steps."""
        if self._graph is None:
            self._run(self._flat)
        else:
            self._graph.replay()

    def _run(self, flat: list[Tensor]) -> None:
        for step in range(self.steps):
            places = self.places[step]
            self._step(self._x[places], self._y[places], self.rates[step], self.times[step], *flat)

    def _capture(self, graph: torch.cuda.CUDAGraph) -> None:
        usual, side = torch.cuda.current_stream(), torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(usual)
        with torch.cuda.stream(side):
            for _ in range(_WARM):
                self._run([tensor.clone() for tensor in self._flat])
        usual.wait_stream(side)
        try:
            # frames are made by another thread meanwhile, whose memory and streams are not the graph's
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._run(self._flat)
        finally:
            torch.cuda.set_stream(usual)  # which PyTorch forgets where a capture fails


@final
class Captured(Step):
    """Steps as the exact one does until a compiled program is there, then graphs of it.

    They are captured again where families, panels, batch or net change alone. Without a compiler the operations of
    the program are captured one by one; what cannot be captured is computed as the exact step does.
    """

    def __init__(self, exact: Exact) -> None:
        super().__init__()
        self._exact = exact
        self._ask = program_for
        self._compiled: Made | None = None
        self._bound: Bound | None = None
        self._graphs: dict[int, Graph] = {}
        self._queued: deque[torch.cuda.Event] = deque()
        self._possible = True

    def take(self, trainer: "Trainer", most: int) -> None:
        """Take as many steps as a graph has that fits."""
        own = trainer
        if self._bound is None and not self._begun(own):
            self._exact.take(own, 1)
            return
        graph = self._graphs[LONG if most >= LONG else 1]
        numbers = range(own.step, own.step + graph.steps)
        graph.places.copy_(torch.stack([own.batches.at(step) for step in numbers]))
        _send([own.rates_at(step) for step in numbers], graph.rates)
        _send([times(step) for step in numbers], graph.times)
        if own.device.type == "cuda":
            self._wait_for_room()
        graph.replay()
        if own.device.type == "cuda":
            self._queued.append(torch.cuda.Event())  # type: ignore[no-untyped-call]
            self._queued[-1].record()
        own.step += graph.steps

    def wait(self) -> None:
        """Wait until the program is there, or never will be; it is captured when the next step is taken."""
        if self._compiled is not None:
            self._compiled.ended.wait()

    def settle(self, trainer: "Trainer") -> None:
        """Bring panels that stopped, and Adam's count of steps, to the trainer."""
        if self._bound is not None:
            self._bound.settle(trainer)

    def changed(self, trainer: "Trainer") -> None:
        """Move the knobs, or capture anew where the losses are no longer of the same families."""
        self._exact.changed(trainer)
        if self._bound is not None and self._bound.refreshed(trainer):
            return
        self._bound, self._compiled, self._graphs, self._possible = None, None, {}, True
        self.stage, self.precision = "exact", "float32"

    def _begun(self, own: "Trainer") -> bool:
        """Capture the graphs, if that can be done now; return whether they are there."""
        if self._compiled is None:
            self._compiled = self._ask(own)
        # while another program is made, the GPU may be waited for as a whole, which a capture does not bear
        if not self._possible or not self._compiled.ended.is_set() or not TRACING.acquire(blocking=False):
            return False
        try:
            bound = Bound(own)
            for step in (self._compiled.function, Program(bound.shape, own.device)):
                if step is not None and (graphs := _captured(own, bound, step)):
                    self._bound, self._graphs = bound, graphs
                    self.stage, self.precision = "captured", "tf32" if own.device.type == "cuda" else "float32"
                    return True
        finally:
            TRACING.release()
        self._possible = False
        return False

    def _wait_for_room(self) -> None:
        while len(self._queued) >= _QUEUED:
            self._queued.popleft().synchronize()


def _captured(own: "Trainer", bound: Bound, step: Function) -> dict[int, Graph]:
    """Return graphs of a step by their lengths, none where it cannot be captured."""
    try:
        return {steps: Graph(steps, own, bound, step) for steps in (1, LONG)}
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:  # a net or a loss of somebody's own that waits for the GPU; training goes on without
        _LOG.warning("A step could not be captured: %s", type(step).__name__, exc_info=True)
        return {}


def _send(rows: list[list[float]], target: Tensor) -> None:
    """Write numbers to the device without waiting for it."""
    pinned = torch.tensor(rows, pin_memory=target.device.type == "cuda")
    target.copy_(pinned, non_blocking=True)
