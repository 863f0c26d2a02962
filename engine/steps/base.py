"""What every way to take a step has in common."""

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from concurrent.futures import Future

from torch import Tensor

from engine.state.train_state import TrainState

#: A step, or part of one, as a function of tensors.
Function = Callable[..., tuple[Tensor, ...] | None]

#: A function that is made in the background: its result is ``None`` where it cannot be made.
PendingFunction = Future[Function | None]

#: Makes a whole step (``engine.steps.whole_step``) for a state as it is, faster than PyTorch calls its operations.
Compiler = Callable[[TrainState], PendingFunction]

#: Held while PyTorch traces, which it does in one thread at a time, and while a GPU's graph is captured.
TRACING = threading.Lock()


class Step(ABC):
    """One way to move a state by a step; it holds nothing that a checkpoint would need, nor the state itself.

    ``stage`` says how steps are computed at present: ``exact``, ``compiled`` or ``captured``; ``precision`` says in
    which numbers the net is: ``float32``, ``tf32`` or ``bfloat16``.
    """

    def __init__(self) -> None:
        self.stage = "exact"
        self.precision = "float32"

    @abstractmethod
    def take(self, state: TrainState, most: int) -> None:
        """Take one to ``most`` steps with all panels; a panel whose numbers are not finite stays where it was."""

    @abstractmethod
    def look(self, state: TrainState) -> None:
        """Set the losses and norms of the next batch without a step: the first frame shows them too."""

    @abstractmethod
    def sync(self, state: TrainState) -> None:
        """Bring to the state what only the device knows so far."""

    @abstractmethod
    def refresh(self, state: TrainState) -> None:
        """Read knobs, losses and tensors again: they are no longer what they were."""

    @abstractmethod
    def wait(self) -> None:
        """Wait until steps are computed as fast as they will be; for measurements."""
