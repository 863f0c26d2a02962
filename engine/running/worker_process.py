"""The worker as a process of the server: started, started again where it ends, sent commands, listened to."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, final

from spec import Refusal

#: Seconds before a worker that ended is started again: at first, and at most while it keeps ending.
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 30.0

#: Seconds that a worker has to end its runs when the server ends.
_GRACE = 10.0

#: An announcement of the worker (``engine.running.worker``).
Announcement = Mapping[str, Any]


@final
class WorkerProcess:
    """Keeps one worker running. ``send`` may be called from every thread.

    ``ready`` is set while it takes commands; ``device`` is what it trains on, empty before; ``process`` is the newest.
    ``on_announcement`` is called with what the worker announces about its runs, ``on_end`` after the worker has ended;
    both in the thread that listens to it.
    """

    def __init__(
        self,
        folder: Path,
        device: str,
        on_announcement: Callable[[Announcement], None],
        on_end: Callable[[], None],
    ) -> None:
        self.device = ""
        self._command = [sys.executable, "-m", "engine.running.worker", "--device", device, "--runs", str(folder)]
        self._on_announcement = on_announcement
        self._on_end = on_end
        self.process: subprocess.Popen[str] | None = None
        self._lock = threading.Lock()
        self.ready = threading.Event()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._supervise, name="worker's supervisor", daemon=True)

    def open(self) -> None:
        """Start the worker, in the background."""
        self._thread.start()

    def send(self, command: Mapping[str, Any]) -> None:
        """Send a command; raise ``Refusal`` where no worker takes it."""
        try:
            with self._lock:
                if self.process is None or self.process.stdin is None:
                    raise BrokenPipeError
                print(json.dumps(command), file=self.process.stdin, flush=True)
        except (OSError, ValueError):  # it has just ended
            raise Refusal("server.worker_absent") from None

    def close(self) -> None:
        """End the worker; it ends its runs first."""
        self._closing.set()
        with self._lock:
            process = self.process
            if process is not None and process.stdin is not None:
                with suppress(OSError):  # it has ended already
                    process.stdin.close()
        if process is not None:
            try:
                process.wait(_GRACE)
            except subprocess.TimeoutExpired:  # a step of a large net may take longer
                process.kill()
        self._thread.join(_GRACE)

    def _supervise(self) -> None:
        """Start a worker, listen to it until it ends, and start the next one unless the server ends as well."""
        wait = _FIRST_WAIT
        while not self._closing.is_set():
            with self._lock:
                # in its own session: Ctrl-C in a terminal ends the server alone, which then ends the worker
                process = self.process = subprocess.Popen(
                    self._command,
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    encoding="utf-8",
                    start_new_session=True,
                )
            if self._listen(process):
                wait = _FIRST_WAIT
            with suppress(OSError), process:  # closes the pipes; what was not yet written is lost
                process.wait()
                self.ready.clear()
            self._on_end()
            self._closing.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _listen(self, process: subprocess.Popen[str]) -> bool:
        """Pass announcements on until they end; return whether there was any about a run."""
        assert process.stdout is not None
        worked = False
        for line in process.stdout:
            try:
                announcement = json.loads(line)
            except ValueError:  # the last line of a worker that was killed
                continue
            if announcement["say"] == "ready":
                self.device = announcement["device"]
                self.ready.set()
            else:
                worked = True
                self._on_announcement(announcement)
        return worked
