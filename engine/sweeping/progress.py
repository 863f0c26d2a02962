"""How far a sweep is: its bar, and how long it will go on at the pace that it has."""

import threading
import time
from types import TracebackType
from typing import Self, final

from tqdm import tqdm

from spec import text

#: Seconds that it will go on at least for a program to be worth its compiler, which takes a quarter of a minute of one
#: core, and of two that train one of them, for a third less of the time afterwards.
_LONG = 60.0

#: Seconds for which the pace is looked at before: the first steps are slower.
_LOOK = 5.0


class Ended(Exception):
    """Raised by training that was told to end."""


@final
class Progress:
    """Counts steps of panels, told by the threads that train; ``done`` of ``total`` were taken before it began."""

    def __init__(self, total: int, done: int, *, shown: bool, language: str) -> None:
        what, unit = text("sweep.bar", language), text("sweep.step", language)
        self._bar = tqdm(total=total, initial=done, desc=what, unit=unit, unit_scale=True, disable=not shown)
        self._lock = threading.Lock()
        self._left, self._taken = total - done, 0
        self._began: float | None = None
        self._long = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._bar.close()

    def step(self, steps: int, ending: threading.Event) -> None:
        """Count steps of panels that were taken, and raise ``Ended`` where there are to be no more."""
        if ending.is_set():
            raise Ended
        with self._lock:
            self._bar.update(steps)
            self._left -= steps
            if self._began is None:  # what came before them does not come again
                self._began = time.monotonic()
                return
            self._taken += steps
            passed = time.monotonic() - self._began
            if passed > _LOOK and passed * self._left > _LONG * self._taken:
                self._long = True

    def long(self) -> bool:
        """Tell whether it was ever seen that a compiled program is worth while."""
        return self._long
