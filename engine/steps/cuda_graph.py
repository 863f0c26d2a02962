"""Steps on a GPU: one or several whole steps, captured once as a graph of kernels and replayed."""

import logging
from collections import deque
from typing import final

import torch
from torch import Tensor

from engine.machine.precision import product_precision
from engine.state.train_state import TrainState
from engine.steps.base import TRACING, Compiler, Function
from engine.steps.exact import ExactStep
from engine.steps.step_buffers import BufferStep, StepBuffers, shapes
from engine.steps.whole_step import Shape, WholeStep, times

_LOG = logging.getLogger(__name__)

#: Steps of the long graph; where fewer are asked for, a graph of one step is replayed.
LONG = 8

#: Times that a step is taken before it is captured, so that libraries have chosen their kernels.
_WARM_UP = 3

#: Graphs that may wait for the GPU: the one that runs and the next one. With more, a moved knob would take effect late.
_QUEUE = 2


@final
class Graph:
    """So many steps in a row; their batches, rates and times are written into fixed tensors before each replay.

    Knobs are tensors of the step too, so that a moved knob needs no new capture.
    """

    def __init__(self, steps: int, state: TrainState, buffers: StepBuffers, step: Function) -> None:
        self.steps, device = steps, state.device
        self.places = torch.zeros(steps, state.batches.size, dtype=torch.int64, device=device)
        self.rates = torch.zeros(steps, len(state.losses), device=device)
        self.times = torch.ones(steps, 3, device=device)
        ((_, self._flat),) = buffers.parts  # a GPU computes all panels at once
        self._step = step
        self._x, self._y = state.data.train_x, state.data.train_y
        self._graph = torch.cuda.CUDAGraph() if device.type == "cuda" else None
        if self._graph is not None:
            with product_precision(device, tf32=True):
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
            for _ in range(_WARM_UP):
                self._run([tensor.clone() for tensor in self._flat])
        usual.wait_stream(side)
        try:
            # another thread makes frames meanwhile, with memory and streams of its own
            with torch.cuda.graph(graph, capture_error_mode="thread_local"):
                self._run(self._flat)
        finally:
            torch.cuda.set_stream(usual)  # which PyTorch forgets where a capture fails


@final
class GraphStep(BufferStep):
    """Steps as the exact one takes them until a whole step is captured, then replays of its graphs.

    Graphs are captured again only where families, panels, batch or net change. The whole step is the compiled one where
    there is a ``compiler``, else its operations one by one; what cannot be captured is computed exactly.
    """

    def __init__(self, exact: ExactStep, compiler: Compiler | None = None) -> None:
        super().__init__(exact)
        self._compiler = compiler
        self.graphs: dict[int, Graph] = {}
        self._queue: deque[torch.cuda.Event] = deque()
        self._possible = True

    def take(self, state: TrainState, most: int) -> None:
        """Take as many steps as a graph has that fits."""
        if self.buffers is None and not self._capture(state):
            self.exact.take(state, 1)
            return
        graph = self.graphs[LONG if most >= LONG else 1]
        numbers = range(state.step, state.step + graph.steps)
        graph.places.copy_(torch.stack([state.batches.at(step) for step in numbers]))
        _send([state.rates_at(step) for step in numbers], graph.rates)
        _send([times(step) for step in numbers], graph.times)
        if state.device.type == "cuda":
            while len(self._queue) >= _QUEUE:
                self._queue.popleft().synchronize()
        graph.replay()
        if state.device.type == "cuda":
            self._queue.append(torch.cuda.Event())  # type: ignore[no-untyped-call]
            self._queue[-1].record()
        state.step += graph.steps

    def shapes(self, state: TrainState) -> dict[range, Shape]:
        """Return all panels, which a GPU computes at once, and the shape of the whole step."""
        return shapes(state)

    def refresh(self, state: TrainState) -> None:
        """Read the knobs again, or capture again where the losses are no longer of the same families."""
        super().refresh(state)
        if self.buffers is None:
            self.graphs, self._possible = {}, True

    def _capture(self, state: TrainState) -> bool:
        """Capture the graphs, if that is possible now; return whether they are there."""
        if self.compiled is None and self._compiler is not None:
            self.compiled = self._compiler(state)
        if not self._possible or (self.compiled is not None and not self.compiled.done()):
            return False
        # tracing may wait for the whole GPU, which a capture does not allow
        if not TRACING.acquire(blocking=False):
            return False
        try:
            buffers = StepBuffers(state, shapes(state))
            compiled = None if self.compiled is None else self.compiled.result()
            for step in (compiled, WholeStep(buffers.shape, state.device)):
                if step is not None and (graphs := _graphs(state, buffers, step)):
                    self.buffers, self.graphs = buffers, graphs
                    self.stage, self.precision = "captured", "tf32" if state.device.type == "cuda" else "float32"
                    return True
        finally:
            TRACING.release()
        self._possible = False
        return False


def _graphs(state: TrainState, buffers: StepBuffers, step: Function) -> dict[int, Graph]:
    """Return graphs of a step by their lengths, none where it cannot be captured."""
    try:
        return {steps: Graph(steps, state, buffers, step) for steps in (1, LONG)}
    except torch.OutOfMemoryError:
        raise
    except RuntimeError:  # a net or a loss of a package that waits for the GPU; training goes on exactly
        _LOG.warning("A step could not be captured: %s", type(step).__name__, exc_info=True)
        return {}


def _send(rows: list[list[float]], target: Tensor) -> None:
    """Write numbers to the device without waiting for it."""
    pinned = torch.tensor(rows, pin_memory=target.device.type == "cuda")
    target.copy_(pinned, non_blocking=True)
