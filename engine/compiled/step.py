"""The compiled step: all panels of a family at once, compiled while training already goes on."""

from collections import deque
from collections.abc import Callable
from typing import final

from engine.compiled.inductor import existing_step, program_shapes, request_step
from engine.state.train_state import TrainState
from engine.steps.base import Compiler
from engine.steps.exact import ExactStep
from engine.steps.step_buffers import BufferStep, StepBuffers, StepInputs, next_inputs
from engine.steps.whole_step import Shape

#: Steps between two looks for panels that have stopped.
_LOOK_EVERY = 100

#: Steps whose batches and rates are prepared at once: one by one they take a hundredth of a small step.
_AHEAD = 16


@final
class CompiledStep(BufferStep):
    """Steps as the exact one takes them until the compiled one is there.

    Numbers differ from those of the exact step by rounding, which training amplifies; in which step it changes over is
    not reproducible. Knobs are tensors of the step, so that a moved knob needs no other program. A step is compiled as
    soon as that is ``worth`` it; one that this process has already is used anyway.
    """

    def __init__(self, exact: ExactStep, worth: Callable[[], bool], compiler: Compiler | None = None) -> None:
        super().__init__(exact)
        self._worth, self._compiler = worth, compiler or request_step
        self._first = True  # whether nobody has looked yet for a step that is there already
        self._inputs: deque[StepInputs] = deque()

    def take(self, state: TrainState, most: int) -> None:
        """Take one step with all panels."""
        if self.compiled is None:
            if self._worth():
                self.compiled = self._compiler(state)
            elif self._first:
                self.compiled = existing_step(state)
            self._first = False
        function = self.compiled.result() if self.compiled is not None and self.compiled.done() else None
        if function is None:
            # what is recorded while the step is compiled would be there after it
            self.exact.record = self.compiled is None or self.compiled.done()
            self.exact.take(state, 1)
            return
        self.stage = "compiled"
        if self.buffers is None:
            self.buffers = StepBuffers(state, self.shapes(state))
            self.precision = "bfloat16" if self.buffers.shape.half else "float32"
        if not self._inputs:
            self._inputs.extend(next_inputs(state, _AHEAD))
        x, y, rates, times = self._inputs.popleft()
        for part, flat in self.buffers.parts:
            function(x, y, rates[part.start : part.stop], times, *flat)
        state.step += 1
        if state.step % _LOOK_EVERY == 0:
            self.sync(state)

    def shapes(self, state: TrainState) -> dict[range, Shape]:
        """Return the panels of each part of the compiled step, and its shape."""
        return program_shapes(state)

    def refresh(self, state: TrainState) -> None:
        """Read the knobs again, or request another step where the losses are no longer of its families."""
        super().refresh(state)
        self._inputs.clear()
        self._first = self._first or self.buffers is None
