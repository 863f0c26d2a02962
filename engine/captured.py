"""The step on a GPU: several steps of all panels captured once as a graph of kernels, and replayed."""

from typing import TYPE_CHECKING, final

import torch
from torch import Tensor

from engine.bound import Bound
from engine.program import Program, times
from engine.step import Step

if TYPE_CHECKING:
    from engine.trainer import Trainer

#: Steps of the long graph; where fewer are asked for, a graph of one step is replayed.
LONG = 8

#: Times that a program runs before it is captured, so that libraries have chosen their kernels.
_WARM = 3


@final
class Graph:
    """So many steps in a row, whose batches, rates and times are written into fixed tensors before each replay.

    What the host decides about a step stands in these tensors, so that nothing else is ever captured anew: knobs
    are tensors of the program already.
    """

    def __init__(self, steps: int, trainer: "Trainer", bound: Bound) -> None:
        self.steps, device = steps, trainer.device
        self.places = torch.zeros(steps, trainer.batches.size, dtype=torch.int64, device=device)
        self.rates = torch.zeros(steps, len(trainer.losses), device=device)
        self.times = torch.ones(steps, 3, device=device)
        self._program, self._flat = Program(bound.shape, device), bound.flat
        self._x, self._y = trainer.data.train_x, trainer.data.train_y
        self._graph = torch.cuda.CUDAGraph() if device.type == "cuda" else None
        if self._graph is not None:
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
            self._program(self._x[places], self._y[places], self.rates[step], self.times[step], *flat)

    def _capture(self, graph: torch.cuda.CUDAGraph) -> None:
        side = torch.cuda.Stream()  # type: ignore[no-untyped-call]
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for _ in range(_WARM):
                self._run([tensor.clone() for tensor in self._flat])
        torch.cuda.current_stream().wait_stream(side)
        # frames are made by another thread meanwhile, whose memory and streams are not the graph's
        with torch.cuda.graph(graph, capture_error_mode="thread_local"):
            self._run(self._flat)


@final
class Captured(Step):
    """Replays graphs of the program; they are captured again where families, panels, batch or net change alone."""

    def __init__(self) -> None:
        super().__init__()
        self.stage = "captured"
        self._bound: Bound | None = None
        self._graphs: dict[int, Graph] = {}

    def take(self, trainer: "Trainer", most: int) -> None:
        """Take as many steps as a graph has that fits."""
        own = trainer
        if self._bound is None:
            self._bound, self._graphs = Bound(own), {}
        steps = LONG if most >= LONG else 1
        if steps not in self._graphs:
            self._graphs[steps] = Graph(steps, own, self._bound)
        graph = self._graphs[steps]
        numbers = range(own.step, own.step + steps)
        graph.places.copy_(torch.stack([own.batches.at(step) for step in numbers]))
        _send([own.rates_at(step) for step in numbers], graph.rates)
        _send([times(step) for step in numbers], graph.times)
        graph.replay()
        own.step += steps

    def wait(self) -> None:
        """Do nothing: a graph is captured when its first step is taken."""

    def settle(self, trainer: "Trainer") -> None:
        """Bring panels that stopped, and Adam's count of steps, to the trainer."""
        if self._bound is not None:
            self._bound.settle(trainer)

    def changed(self, trainer: "Trainer") -> None:
        """Move the knobs, or capture anew where the losses are no longer of the same families."""
        if self._bound is None or not self._bound.refreshed(trainer):
            self._bound = None


def _send(rows: list[list[float]], target: Tensor) -> None:
    """Write numbers to the device without waiting for it."""
    pinned = torch.tensor(rows, pin_memory=target.device.type == "cuda")
    target.copy_(pinned, non_blocking=True)
