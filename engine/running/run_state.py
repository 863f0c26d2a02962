"""What the server knows of a run."""

import threading
from dataclasses import dataclass, field
from typing import final

from engine.config.experiment import Experiment
from spec import Message

#: The statuses of a run that is trained, or soon will be.
ACTIVE = frozenset({"opening", "open"})


@final
@dataclass(frozen=True)
class RunHandle:
    """The answer to a start or an edit: a run, and the token of its owner where the caller owns it.

    ``frame`` is the last frame that a fork shares with its source.
    """

    id: str
    owner: str | None
    frame: int | None = None


@final
@dataclass(eq=False)
class RunState:
    """A run of this worker or of one before it; the client writes it under its lock.

    ``live``: the worker holds it. ``pure``: no edit was made, so that its experiment alone determines it. ``opened`` is
    set once the recording can be read, or never will be.
    """

    id: str
    key: str
    experiment: Experiment
    status: str = "opening"
    live: bool = True
    pure: bool = True
    frames: int = 0
    reason: Message | None = None
    opened: threading.Event = field(default_factory=threading.Event)

    @property
    def active(self) -> bool:
        """Whether the worker trains it, or soon will."""
        return self.live and self.status in ACTIVE
