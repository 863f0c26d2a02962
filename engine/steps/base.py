"""What a way to take a step is: the exact one and the fast one."""

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING

from engine.compiled.background import Made
from spec import Message

if TYPE_CHECKING:
    from engine.training.trainer import Trainer

#: What is looked at, in this order, where a panel's numbers are no longer finite.
DIVERGED = ("loss", "gradient", "state")

#: The longest gradient of a panel: with it every loss trains at the default learning rate.
CLIP = 1.0


class Step(ABC):
    """One way to move a trainer's weights and state by a step; it holds nothing that a checkpoint would need.

    Nor does it hold the trainer, which holds it: a trainer with its data is gone as soon as nobody uses it.

    ``stage`` says how steps are computed at present: ``exact``, ``compiled`` or ``captured``; ``precision`` says in
    which numbers the net is: ``float32`` or ``bfloat16``. ``program`` is the compiled one that computes them, if any.
    """

    def __init__(self) -> None:
        self.stage = "exact"
        self.precision = "float32"
        self.program: Made | None = None

    @abstractmethod
    def take(self, trainer: "Trainer", most: int) -> None:
        """Take one to ``most`` steps with all panels; a panel whose numbers are not finite stays where it was."""

    @abstractmethod
    def settle(self, trainer: "Trainer") -> None:
        """Bring to the trainer what is so far known on its device alone."""

    @abstractmethod
    def changed(self, trainer: "Trainer") -> None:
        """Take notice that knobs or the state of losses are no longer what they were."""

    @abstractmethod
    def wait(self) -> None:
        """Wait until steps are computed as fast as they will be; for measurements."""

    @staticmethod
    def stop(trainer: "Trainer", panel: int, what: str, step: int) -> None:
        """Note that a panel stopped in a step, and why."""
        trainer.stopped.setdefault(panel, Message.of(f"data.diverged_{what}", step=step))
