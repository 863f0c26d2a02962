"""What the server knows of a run, and how a viewer hears of it."""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, final

from engine.config.experiment import Experiment
from spec import Message

#: Messages that wait for a viewer who does not read; older ones are in the recording.
_BACKLOG = 256


@dataclass(frozen=True)
class Started:
    """A run that was asked for; ``owner`` is the token that lets its holder move its knobs, if he may.

    ``frame`` is the last one that a fork shares with where it comes from.
    """

    id: str
    owner: str | None
    frame: int | None = None


@dataclass(eq=False)
class State:
    """What is known of a run that the worker has or had; written under the client's lock."""

    id: str
    key: str
    experiment: Experiment
    status: str = "opening"
    live: bool = True
    pure: bool = True
    frames: int = 0
    reason: Message | None = None
    opened: threading.Event = field(default_factory=threading.Event)


@final
class Feed:
    """What one viewer waits for; belongs to the event loop's thread."""

    def __init__(self) -> None:
        self.messages: deque[Mapping[str, Any]] = deque(maxlen=_BACKLOG)
        self._news = asyncio.Event()

    def tell(self, message: Mapping[str, Any] | None) -> None:
        """Wake the viewer, with a message or for a frame."""
        if message is not None:
            self.messages.append(message)
        self._news.set()

    async def wait(self) -> None:
        """Wait until there is something new."""
        await self._news.wait()
        self._news.clear()
