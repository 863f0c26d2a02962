"""The server's side of training: it starts runs in the worker, knows their state, and informs the viewers."""

import asyncio
import hmac
import secrets
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, final

from engine.config.edits import check_edit
from engine.config.experiment import Experiment
from engine.recording.file_format import message_from_json
from engine.recording.library import Library
from engine.running.subscriptions import Subscriptions
from engine.running.worker_process import Announcement, WorkerProcess
from spec import Message, Refusal

#: Runs that are trained at once on a device; each takes memory, and all share its time.
MAX_OPEN = 32

#: Runs whose state is known after the worker let them go.
_MAX_STATES = 1000


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


@final
class Client:
    """The runs of a ``worker``. Every method may be called from every thread; none trains, none calls torch.

    ``folders``: new recordings go into the first, the others are only read. ``subscriptions``: the viewers of each run.
    """

    def __init__(self, folders: Sequence[Path], device: str = "auto") -> None:
        self.library = Library(folders)
        self.subscriptions = Subscriptions()
        self.worker = WorkerProcess(self.library.folder, device, self._take, self._interrupt_runs)
        self._states: dict[str, RunState] = {}
        self._owners: dict[str, str] = {}
        self._reads: dict[str, tuple[int, asyncio.Future[bytes]]] = {}
        self._lock = threading.RLock()

    @property
    def training(self) -> int:
        """How many runs are trained, or soon will be."""
        return sum(state.active for state in list(self._states.values()))

    def open(self) -> None:
        """Start the worker, in the background."""
        self.library.folder.mkdir(parents=True, exist_ok=True)
        self.worker.open()

    def start(self, experiment: Experiment) -> RunHandle:
        """Return a run of an experiment: one that is trained now, a complete recording, or a new run.

        The caller owns a new run alone. Raises ``Refusal`` where too many are trained, or the worker is not ready.
        """
        key = experiment.key
        with self._lock:
            for state in self._states.values():
                if state.key == key and state.pure and state.live and state.status in {*ACTIVE, "done"}:
                    return RunHandle(state.id, None)
            entry = self.library.find_complete(key)
            if entry is not None:
                return RunHandle(entry.id, None)
            state, owner = self._add_run(experiment)
            self._send("start", state.id, experiment=experiment.model_dump(mode="json"))
        return RunHandle(state.id, owner)

    def edit(
        self,
        run: str,
        owner: str | None,
        knob: str,
        value: object,
        *,
        panel: int | None = None,
        frame: int | None = None,
    ) -> RunHandle | None:
        """Move a knob of a run that the caller owns and return ``None``; of any other, fork it and return the fork.

        A fork goes on from ``frame`` (``None``: the newest). Raises ``Refusal`` where there is no such run, panel,
        knob, value or frame.
        """
        with self._lock:
            state = self._states.get(run)
            if state is not None and state.live and self.owns(run, owner):
                value = check_edit(state.experiment, panel, knob, value)
                state.pure = False
                self._send("edit", run, panel=panel, knob=knob, value=value)
                return None
        with self.library.open(run) as recording:
            experiment = Experiment.parse(recording.meta["experiment"])
            value = check_edit(experiment, panel, knob, value)
            place = max(0, recording.frames - 1) if frame is None else frame
            recording.step_of(place)
        with self._lock:
            state, token = self._add_run(experiment, pure=False)
            edit = {"panel": panel, "knob": knob, "value": value}
            self._send("fork", state.id, source=str(self.library.find(run)), frame=place, edit=edit)
        return RunHandle(state.id, token, place)

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

    def state(self, run: str) -> RunState | None:
        """Return the state of a run; ``None`` where no worker of this server had it."""
        return self._states.get(run)

    def wait_opened(self, run: str, timeout: float) -> None:
        """Wait until a new run can be read; raise ``Refusal`` where it could not begin."""
        state = self._states.get(run)
        if state is None:
            return
        if not state.opened.wait(timeout):
            raise Refusal("server.worker_absent")
        if state.status == "failed" and state.frames == 0 and state.reason is not None:
            raise Refusal(state.reason.key, **dict(state.reason.values))

    async def read_frame(self, run: str, frame: int) -> bytes:
        """Return a packed frame; viewers who ask for the same one at once share one read of the file."""
        read = self._reads.get(run)
        if read is None or read[0] != frame:
            reading = asyncio.ensure_future(asyncio.to_thread(self._pack_frame, run, frame))
            read = self._reads[run] = (frame, reading)
            if len(self._reads) > MAX_OPEN:
                del self._reads[next(iter(self._reads))]
        return await asyncio.shield(read[1])

    def _pack_frame(self, run: str, frame: int) -> bytes:
        with self.library.open(run) as recording:
            recording.step_of(frame)
            return next(recording.stored_frames(frame, 1)).pack()

    def _add_run(self, experiment: Experiment, *, pure: bool = True) -> tuple[RunState, str]:
        """Return the state of a new run and the token of its owner."""
        if self.training >= MAX_OPEN:
            raise Refusal("server.too_many_runs", limit=MAX_OPEN)
        if not self.worker.ready.is_set():
            raise Refusal("server.worker_absent")
        over = len(self._states) - _MAX_STATES
        for old in [state.id for state in self._states.values() if not state.live][: max(0, over)]:
            del self._states[old]
        run = f"{experiment.key[:8]}-{secrets.token_hex(3)}"
        state = self._states[run] = RunState(run, experiment.key, experiment, pure=pure)
        self._owners[run] = secrets.token_urlsafe(16)
        return state, self._owners[run]

    def _send(self, task: str, run: str, **values: Any) -> None:
        self.worker.send({"do": task, "run": run, **values})

    def _take(self, announcement: Announcement) -> None:
        """Act on an announcement of the worker."""
        with self._lock:
            state = self._states[announcement["run"]]
            match announcement["say"]:
                case "opened":
                    state.status, state.frames = "open", announcement["frames"]
                    state.opened.set()
                case "frame":
                    state.frames = announcement["frame"] + 1
                    self.subscriptions.notify(state.id, None)
                case "status":
                    self._end_run(state, announcement["status"], message_from_json(announcement["reason"]))
                case "event":
                    event = {key: announcement[key] for key in ("kind", "step", "frame", "body")}
                    self.subscriptions.notify(state.id, {"type": "event", **event})
                case "error":
                    error = message_from_json(announcement["error"])
                    self.subscriptions.notify(state.id, {"type": "error", "error": error})
                case "closed":
                    state.live = False
                    self._owners.pop(state.id, None)

    def _end_run(self, state: RunState, status: str, reason: Message | None) -> None:
        state.status, state.reason = status, reason
        state.opened.set()
        message = {"type": "status", "status": status, "frames": state.frames, "reason": reason}
        self.subscriptions.notify(state.id, message)

    def _interrupt_runs(self) -> None:
        """Mark the runs of a worker that has ended."""
        with self._lock:
            for state in self._states.values():
                if state.live:
                    state.live = False
                    if state.status in ACTIVE:
                        self._end_run(state, "interrupted", Message.of("server.worker_died"))
