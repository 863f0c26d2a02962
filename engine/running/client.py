"""The server's side of the trainer: starts the worker, keeps its books, and tells the viewers."""

import asyncio
import hmac
import json
import secrets
import subprocess
import threading
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any, final

from engine.config.edits import check_edit
from engine.config.experiment import Experiment
from engine.recording.library import Library
from engine.recording.reader import from_json
from engine.running.subscriptions import Feed, Started, State
from engine.running.worker_process import launch, release
from spec import Message, Refusal

#: Runs that are trained at once on a device; each takes memory, and all share its time.
MAX_OPEN = 32

#: Runs whose end is remembered.
_REMEMBERED = 1000

#: Seconds before a worker that ended is started anew: at first, and at most while it keeps ending.
_FIRST_WAIT, _LONGEST_WAIT = 0.2, 30.0

#: Seconds that a worker gets to end its runs when the server does.
_GRACE = 10.0


@final
class Client:
    """The worker and its runs. Every method may be called from every thread; none trains, none calls torch."""

    def __init__(self, folders: Sequence[Path], device: str = "auto") -> None:
        self.library = Library(folders)
        self.device = ""
        self.worker: subprocess.Popen[str] | None = None
        self._wanted_device = device
        self._states: dict[str, State] = {}
        self._owners: dict[str, str] = {}
        self._feeds: dict[str, set[Feed]] = {}
        self._records: dict[str, tuple[int, asyncio.Future[bytes]]] = {}
        self._loop: asyncio.AbstractEventLoop | None = None
        self._lock = threading.RLock()
        self._ready = threading.Event()
        self._closing = threading.Event()
        self._keeper = threading.Thread(target=self._keep, name="worker's keeper", daemon=True)

    @property
    def ready(self) -> bool:
        """Whether the worker takes commands."""
        return self._ready.is_set()

    @property
    def training(self) -> int:
        """How many runs are being trained or about to be."""
        return sum(state.live and state.status in {"opening", "open"} for state in list(self._states.values()))

    def open(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        """Start the worker; feeds are told on ``loop``."""
        self.library.folder.mkdir(parents=True, exist_ok=True)
        self._loop = loop
        self._keeper.start()

    def wait_ready(self, timeout: float) -> bool:
        """Wait until the worker takes commands; return whether it does."""
        return self._ready.wait(timeout)

    def close(self) -> None:
        """End the worker; it ends its runs first."""
        self._closing.set()
        with self._lock:
            worker = self.worker
            if worker is not None and worker.stdin is not None:
                with suppress(OSError):  # it has ended already
                    worker.stdin.close()
        if worker is not None:
            try:
                worker.wait(_GRACE)
            except subprocess.TimeoutExpired:  # a step of a large net may take longer than anybody waits
                worker.kill()
        self._keeper.join(_GRACE)

    def start(self, experiment: Experiment) -> Started:
        """Return a run of an experiment: a recording of it, the run that trains it now, or a new one.

        Only who starts a new run owns it. Raises ``Refusal`` where too many are being trained.
        """
        key = experiment.key
        with self._lock:
            for state in self._states.values():
                if state.key == key and state.pure and state.live and state.status in {"opening", "open", "done"}:
                    return Started(state.id, None)
            recorded = self.library.finished(key)
            if recorded is not None:
                return Started(recorded.id, None)
            state, owner = self._add(experiment)
            self._send("start", state.id, experiment=experiment.model_dump(mode="json"))
        return Started(state.id, owner)

    def edit(
        self,
        run: str,
        owner: str | None,
        knob: str,
        value: object,
        *,
        panel: int | None = None,
        frame: int | None = None,
    ) -> Started | None:
        """Move a knob of a run (``None``), or of a fork from ``frame`` on where the run is not the caller's to change.

        Raises ``Refusal`` where there is no such run, panel, knob, value or frame.
        """
        with self._lock:
            state = self._states.get(run)
            if state is not None and state.live and self.owns(run, owner):
                checked = check_edit(state.experiment, panel, knob, value)
                state.pure = False
                self._send("edit", run, panel=panel, knob=knob, value=checked)
                return None
        with self.library.open(run) as recording:
            experiment = Experiment.parse(recording.meta["experiment"])
            checked = check_edit(experiment, panel, knob, value)
            place = max(0, recording.frames - 1) if frame is None else frame
            recording.step_of(place)
        with self._lock:
            state, token = self._add(experiment, pure=False)
            edit = {"panel": panel, "knob": knob, "value": checked}
            self._send("fork", state.id, source=str(self.library.find(run)), frame=place, edit=edit)
        return Started(state.id, token, place)

    def steer(self, run: str, owner: str | None, task: str, **values: Any) -> None:
        """Let a run ``pause``, ``resume``, ``step``, ``pace`` or ``stop``; raise ``Refusal`` where it may not."""
        with self._lock:
            state = self._states.get(run)
            if state is None or not state.live:
                raise Refusal("server.run_let_go")
            if not self.owns(run, owner):
                raise Refusal("server.not_owner")
            self._send(task, run, **values)

    def owns(self, run: str, owner: str | None) -> bool:
        """Tell whether a token is the one of the run's owner."""
        token = self._owners.get(run)
        return token is not None and owner is not None and hmac.compare_digest(token.encode(), owner.encode())

    def state(self, run: str) -> State | None:
        """Return what the worker told of a run; ``None`` where this worker never had it."""
        return self._states.get(run)

    def wait_opened(self, run: str, timeout: float) -> None:
        """Wait until a run that was just started can be read; raise ``Refusal`` where it could not begin."""
        state = self._states.get(run)
        if state is None:
            return
        if not state.opened.wait(timeout):
            raise Refusal("server.worker_absent")
        if state.status == "failed" and state.frames == 0 and state.reason is not None:
            raise Refusal(state.reason.key, **dict(state.reason.values))

    async def record(self, run: str, frame: int) -> bytes:
        """Return a packed record; viewers who ask for the same one at once share one look into the file."""
        kept = self._records.get(run)
        if kept is None or kept[0] != frame:
            reading = asyncio.ensure_future(asyncio.to_thread(self._read, run, frame))
            kept = self._records[run] = (frame, reading)
            if len(self._records) > MAX_OPEN:
                del self._records[next(iter(self._records))]
        return await asyncio.shield(kept[1])

    def _read(self, run: str, frame: int) -> bytes:
        with self.library.open(run) as recording:
            recording.step_of(frame)
            return next(recording.records(frame, 1)).pack()

    def subscribe(self, run: str) -> Feed:
        """Return a feed of a run's news; in the event loop's thread."""
        feed = Feed()
        self._feeds.setdefault(run, set()).add(feed)
        return feed

    def unsubscribe(self, run: str, feed: Feed) -> None:
        """End a feed; in the event loop's thread."""
        feeds = self._feeds.get(run, set())
        feeds.discard(feed)
        if not feeds:
            self._feeds.pop(run, None)

    def _add(self, experiment: Experiment, *, pure: bool = True) -> tuple[State, str]:
        if self.training >= MAX_OPEN:
            raise Refusal("server.too_many_runs", limit=MAX_OPEN)
        if not self.ready:
            raise Refusal("server.worker_absent")
        over = len(self._states) - _REMEMBERED
        for old in [state.id for state in self._states.values() if not state.live][: max(0, over)]:
            del self._states[old]
        run = f"{experiment.key[:8]}-{secrets.token_hex(3)}"
        state = self._states[run] = State(run, experiment.key, experiment, pure=pure)
        self._owners[run] = secrets.token_urlsafe(16)
        return state, self._owners[run]

    def _send(self, task: str, run: str, **values: Any) -> None:
        try:
            if self.worker is None or self.worker.stdin is None:
                raise BrokenPipeError
            print(json.dumps({"do": task, "run": run, **values}), file=self.worker.stdin, flush=True)
        except (OSError, ValueError):  # it has just ended; its keeper will say so
            raise Refusal("server.worker_absent") from None

    def _keep(self) -> None:
        """Start the worker, listen to it until it ends, and start it anew unless the server ends as well."""
        wait = _FIRST_WAIT
        while not self._closing.is_set():
            with self._lock:
                self.worker = launch(self.library.folder, self._wanted_device)
            assert self.worker.stdout is not None
            if self._listen(self.worker.stdout):
                wait = _FIRST_WAIT
            self.worker.wait()
            self._ready.clear()
            release(self.worker)
            self._bury()
            self._closing.wait(wait)
            wait = min(2 * wait, _LONGEST_WAIT)

    def _listen(self, announcements: IO[str]) -> bool:
        """Take announcements until they end; return whether the worker did anything."""
        heard: dict[str, Callable[[Mapping[str, Any]], None]] = {
            "opened": self._opened,
            "frame": self._frame,
            "status": self._status,
            "event": self._event,
            "error": self._error,
            "closed": self._closed,
        }
        worked = False
        for line in announcements:
            try:
                told = json.loads(line)
            except ValueError:  # the last line of a worker that was killed
                continue
            if told["say"] == "ready":
                self.device = told["device"]
                self._ready.set()
                continue
            worked = True
            with self._lock:
                heard[told["say"]](told)
        return worked

    def _bury(self) -> None:
        """Say of the runs that the worker had what became of them."""
        with self._lock:
            for state in self._states.values():
                if state.live:
                    state.live = False
                    if state.status in {"opening", "open"}:
                        self._end(state, "interrupted", Message.of("server.worker_died"))

    def _opened(self, told: Mapping[str, Any]) -> None:
        state = self._states[told["run"]]
        state.status, state.frames = "open", told["frames"]
        state.opened.set()

    def _frame(self, told: Mapping[str, Any]) -> None:
        self._states[told["run"]].frames = told["frame"] + 1
        self._tell(told["run"], None)

    def _status(self, told: Mapping[str, Any]) -> None:
        self._end(self._states[told["run"]], told["status"], from_json(told["reason"]))

    def _end(self, state: State, status: str, reason: Message | None) -> None:
        state.status, state.reason = status, reason
        state.opened.set()
        self._tell(state.id, {"type": "status", "status": status, "frames": state.frames, "reason": reason})

    def _event(self, told: Mapping[str, Any]) -> None:
        self._tell(told["run"], {"type": "event", **{key: told[key] for key in ("kind", "step", "frame", "body")}})

    def _error(self, told: Mapping[str, Any]) -> None:
        self._tell(told["run"], {"type": "error", "error": from_json(told["error"])})

    def _closed(self, told: Mapping[str, Any]) -> None:
        self._states[told["run"]].live = False
        self._owners.pop(told["run"], None)

    def _tell(self, run: str, message: Mapping[str, Any] | None) -> None:
        if self._loop is not None:
            with suppress(RuntimeError):  # the loop is closed: the server ends
                self._loop.call_soon_threadsafe(self._spread, run, message)

    def _spread(self, run: str, message: Mapping[str, Any] | None) -> None:
        for feed in self._feeds.get(run, ()):
            feed.tell(message)
