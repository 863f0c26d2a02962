"""How viewers hear what happens in a run: feeds, each in its viewer's event loop."""

import asyncio
import threading
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from typing import Any, final

#: Messages that wait for a viewer who does not read. Older ones are dropped; they are in the recording.
_BACKLOG = 256


@final
class Feed:
    """What one viewer waits for; made and read in the thread of a running event loop."""

    def __init__(self) -> None:
        self.messages: deque[Mapping[str, Any]] = deque(maxlen=_BACKLOG)
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()

    async def wait(self) -> None:
        """Wait until there is something new: a message, or a frame."""
        await self._news.wait()
        self._news.clear()

    def notify(self, message: Mapping[str, Any] | None) -> None:
        """Wake the viewer from any thread, with a message or (``None``) for a frame."""
        with suppress(RuntimeError):  # the loop is closed: the server ends
            self._loop.call_soon_threadsafe(self._add, message)

    def _add(self, message: Mapping[str, Any] | None) -> None:
        if message is not None:
            self.messages.append(message)
        self._news.set()


@final
class Subscriptions:
    """The feeds of each run."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._feeds: dict[str, set[Feed]] = {}

    def __len__(self) -> int:
        """Return how many feeds there are."""
        with self._lock:
            return sum(map(len, self._feeds.values()))

    def add(self, run: str) -> Feed:
        """Return a new feed of a run."""
        feed = Feed()
        with self._lock:
            self._feeds.setdefault(run, set()).add(feed)
        return feed

    def remove(self, run: str, feed: Feed) -> None:
        """End a feed."""
        with self._lock:
            feeds = self._feeds.get(run, set())
            feeds.discard(feed)
            if not feeds:
                self._feeds.pop(run, None)

    def notify(self, run: str, message: Mapping[str, Any] | None) -> None:
        """Wake all viewers of a run, with a message or (``None``) for a frame."""
        with self._lock:
            feeds = list(self._feeds.get(run, ()))
        for feed in feeds:
            feed.notify(message)
