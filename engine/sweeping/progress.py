"""How far a sweep is: its bar, and how long it will go on at its present pace."""

import threading
import time
from typing import final

from tqdm import tqdm

from spec import text

#: Seconds that a sweep must still go on for compiling to be worth it: the compiler takes a core from training.
LONG_SECONDS = 60.0

#: Seconds for which the pace is measured first: the first steps are slower.
MEASURING_SECONDS = 5.0


class StopTraining(Exception):
    """Raised in a training that is told to stop."""


@final
class Progress:
    """Counts steps of panels, ``total`` of them, ``done`` of which an earlier sweep made. Every thread may count."""

    def __init__(self, total: int, done: int, *, shown: bool, language: str) -> None:
        what, unit = text("sweep.bar", language), text("sweep.step", language)
        self._bar = tqdm(total=total, initial=done, desc=what, unit=unit, unit_scale=True, disable=not shown)
        self._lock = threading.Lock()
        self._left, self._steps = total - done, 0
        self._began: float | None = None
        self._worth = False

    def close(self) -> None:
        """Leave the bar as it is."""
        self._bar.close()

    def count(self, steps: int, stop: threading.Event) -> None:
        """Count steps of panels; raise ``StopTraining`` where the event is set."""
        if stop.is_set():
            raise StopTraining
        with self._lock:
            self._bar.update(steps)
            self._left -= steps
            if self._began is None:  # the first steps include what happens only once
                self._began = time.monotonic()
                return
            self._steps += steps
            seconds = time.monotonic() - self._began
            if seconds > MEASURING_SECONDS and seconds * self._left > LONG_SECONDS * self._steps:
                self._worth = True

    def worth_compiling(self) -> bool:
        """Tell whether compiling the steps was worth it at any time so far."""
        return self._worth
