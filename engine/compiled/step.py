"""The fast step: all panels of a family at once, compiled while training already goes on."""

from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, final

from engine.compiled.background import Made
from engine.compiled.inductor import is_there, program_for
from engine.steps.base import Step
from engine.steps.exact import Exact
from engine.steps.step_buffers import Bound, Read, ahead

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: Steps after which it is looked for panels that have stopped.
_LOOK = 100

#: Steps whose batches and rates are put together at once: one by one they take a hundredth of a small step.
_AHEAD = 16


@final
class Fast(Step):
    """Steps as the exact one does until a compiled program is there, then by the program.

    Numbers differ from those of the exact step by rounding, which training blows up; which step changed over is
    not reproducible. Knobs are tensors of the program: moving one does not make another. A program is asked for as soon
    as it is ``worth`` its compiler; one that this process has is used anyway.
    """

    def __init__(self, exact: Exact, worth: Callable[[], bool]) -> None:
        super().__init__()
        self._exact, self._worth = exact, worth
        self._ask = program_for
        self._looked = False  # whether the program is there already
        self._compiled: Made | None = None
        self._bound: Bound | None = None
        self._next: deque[Read] = deque()

    def take(self, trainer: "Trainer", most: int) -> None:
        """Take one step with all panels."""
        own = trainer
        if self._compiled is None:
            self._compiled = self._asked(own)
        if self._compiled is None or self._compiled.function is None:
            # records that are asked for while it is compiled would come after the program
            self._exact.recording = self._compiled is None or self._compiled.ended.is_set()
            self._exact.take(own, 1)
            return
        self.stage, self.program = "compiled", self._compiled
        if self._bound is None:
            self._bound = Bound(own)
            self.precision = "bfloat16" if self._bound.shape.half else "float32"
        if not self._next:
            self._next.extend(ahead(own, _AHEAD))
        x, y, rates, times = self._next.popleft()
        for part, flat in self._bound.parts:
            self._compiled.function(x, y, rates[part.start : part.stop], times, *flat)
        own.step += 1
        if own.step % _LOOK == 0:
            self.settle(own)

    def settle(self, trainer: "Trainer") -> None:
        """Bring panels that stopped, and Adam's count of steps, to the trainer."""
        if self._bound is not None:
            self._bound.settle(trainer)

    def changed(self, trainer: "Trainer") -> None:
        """Move the knobs of the program, or ask for another one where the losses are no longer of its families."""
        self._exact.changed(trainer)
        self._next.clear()
        if self._bound is not None and self._bound.refreshed(trainer):
            return
        self._compiled = self._bound = self.program = None
        self._looked = False
        self.stage, self.precision = "exact", "float32"

    def wait(self) -> None:
        """Wait until the program is there, or never will be."""
        if self._compiled is not None:
            self._compiled.ended.wait()

    def _asked(self, own: "Trainer") -> Made | None:
        """Ask for the program, if it is there or worth it."""
        first, self._looked = not self._looked, True
        return self._ask(own) if self._worth() or (first and is_there(own)) else None
