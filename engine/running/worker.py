"""The trainer's process: ``python -m engine.running.worker --runs DIR``; commands come in, announcements go out.

Both are JSON, one object a line. Commands: ``start``, ``fork``, ``edit``, ``pause``, ``resume``, ``step``, ``pace``,
``stop``, ``close`` under ``do``. Announcements: ``ready``, ``opened``, ``frame``, ``status``, ``event``, ``error``,
``closed`` under ``say``. The process ends when its standard input does.
"""

import argparse
import errno
import json
import os
import queue
import signal
import sqlite3
import sys
import threading
import time
import traceback
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, TextIO, final

import torch

from engine.config.experiment import Experiment
from engine.frames.background import BackgroundFrames
from engine.machine.malloc import give_back, keep_freed
from engine.machine.threads import spare, take_turns
from engine.recording.library import check_id
from engine.recording.reader import SUFFIX, to_json
from engine.running.run import Run
from engine.training.step_choice import preload
from spec import Message, Refusal

#: Seconds a run may train before it is another's turn: short beside a frame, long beside a step of a small net.
_TURN = 0.005

#: Runs that are done but kept, so that an edit makes them go on.
_KEPT = 8

#: What the server's page needs goes first: the trainer takes what is left of the processor.
_NICE = 5

#: Share of a GPU's memory that this process may take; past it a run ends with a sentence, and others' programs go on.
_GPU_SHARE = 0.8


def choose_device(wanted: str) -> str:
    """Return the device to train on: the one that is wanted, or for ``auto`` a GPU by NVIDIA or else the processor.

    Apple's GPU has to be asked for: frames are made in a thread of their own, and PyTorch's issue 197805 tells of
    processes that end where two threads use it.
    """
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def why_failed(error: Exception) -> Message:
    """Put an error inside a run into one sentence."""
    if isinstance(error, Refusal):
        return error.message
    # PyTorch says "can't allocate memory" with a plain RuntimeError on the CPU
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        return Message.of("server.out_of_memory")
    full = isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}
    if full or (isinstance(error, sqlite3.OperationalError) and "full" in str(error)):
        return Message.of("server.disk_full")
    return Message.of("server.run_failed", kind=type(error).__name__)


@final
class Worker:
    """All open runs of one device; their turns go round."""

    def __init__(self, folder: Path, device: str, commands: TextIO, announcements: TextIO) -> None:
        self._folder = folder
        self._device = device
        self._announcements = announcements
        self._runs: dict[str, Run] = {}  # the one whose turn was last stands last
        self._inbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._background_frames = BackgroundFrames(wake=partial(self._inbox.put, ""))
        threading.Thread(target=self._listen, args=(commands,), daemon=True).start()

    def serve(self) -> None:
        """Work until the commands end; then end what is open."""
        self._say("ready", device=self._device, threads=torch.get_num_threads(), torch=str(torch.__version__))
        preload()  # else the first run would, for two seconds
        while self._obey():
            for name, run in list(self._runs.items()):
                self._guarded(name, run.deliver)
            now = time.monotonic()
            ready = [name for name, run in self._runs.items() if run.wanted and run.due <= now]
            if ready:
                self._turn(ready[0])
        for name, run in self._runs.items():
            self._guarded(name, partial(run.end, "stopped", Message.of("server.worker_closed")))
        self._background_frames.close()

    def _turn(self, name: str) -> None:
        run = self._runs[name] = self._runs.pop(name)
        until = time.monotonic() + _TURN
        over = False
        while run.wanted and not over:
            over = bool(self._guarded(name, run.work)) or run.status == "failed" or time.monotonic() > until
        if run.status != "open":
            self._let_go()
            give_back()

    def _let_go(self) -> None:
        """Drop what failed or was stopped, and of what is done all but the newest."""
        done = [name for name, run in self._runs.items() if run.status == "done"]
        gone = [name for name, run in self._runs.items() if run.status not in {"open", "done"}]
        for name in [*gone, *done[:-_KEPT]]:
            del self._runs[name]
            self._say("closed", run=name)

    def _obey(self) -> bool:
        """Carry out the commands that are there, waiting for one where nothing else is to do; false at the end."""
        wait = self._idle_for()
        while True:
            try:
                line = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
            except queue.Empty:
                return True
            if line is None:
                return False
            if line:  # a frame that is there says nothing
                self._command(json.loads(line))
            wait = 0.0

    def _idle_for(self) -> float:
        """Return the seconds until a run is due; an idle worker looks up once an hour."""
        now = time.monotonic()
        return max(0.0, min((run.due - now for run in self._runs.values() if run.wanted), default=3600.0))

    def _command(self, command: Mapping[str, Any]) -> None:
        name = check_id(command["run"])
        task = command["do"]
        if task in {"start", "fork"}:
            self._guarded(name, partial(self._open, name, command))
            return
        run = self._runs.get(name)
        if run is None:
            self._say("error", run=name, error=to_json(Message.of("server.run_let_go")))
            return
        try:
            self._steer(run, task, command)
        except Refusal as refusal:
            self._say("error", run=name, error=to_json(refusal.message))
        except Exception as error:  # one run's trouble is not the others'
            self._failed(name, error)
        if task in {"stop", "close"}:
            self._let_go()

    def _open(self, name: str, command: Mapping[str, Any]) -> None:
        run = self._runs[name] = Run(
            self._folder / (name + SUFFIX), self._device, partial(self._say, run=name), self._background_frames
        )
        if command["do"] == "start":
            run.start(Experiment.parse(command["experiment"]))
        else:
            run.fork(Path(command["source"]), command["frame"], command["edit"])

    def _steer(self, run: Run, task: str, command: Mapping[str, Any]) -> None:
        match task:
            case "edit":
                run.edit(command)
            case "pause" | "resume":
                run.pause(task == "pause")
            case "step":
                run.single()
            case "pace":
                run.pace(command["frames_per_second"], command["steps_per_frame"])
            case "stop" | "close":
                run.end("stopped")
                run.status = "stopped"

    def _guarded(self, name: str, piece: Any) -> Any:
        """Do a piece of a run's work; an error ends that run and no other."""
        try:
            return piece()
        except Exception as error:  # whatever it is, the other runs go on
            self._failed(name, error)
            return True

    def _failed(self, name: str, error: Exception) -> None:
        if not isinstance(error, Refusal):
            traceback.print_exception(error)
        try:
            self._runs[name].end("failed", why_failed(error))
        except Exception as second:  # the disk that was full still is; the announcement is out
            traceback.print_exception(second)
        self._let_go()

    def _say(self, what: str, **told: Any) -> None:
        # one write, so that a kill does not leave half a line
        self._announcements.write(json.dumps({"say": what, **told}, allow_nan=False) + "\n")
        self._announcements.flush()

    def _listen(self, commands: TextIO) -> None:
        for line in commands:
            self._inbox.put(line)
        self._inbox.put(None)


def main() -> None:
    """Serve standard input."""
    parser = argparse.ArgumentParser(prog="python -m engine.running.worker", description="Train runs on one device.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=Path, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the server, which then ends our input
    if sys.platform != "win32":
        os.nice(_NICE)
    keep_freed()
    take_turns()
    torch.set_num_threads(spare())  # one core is for the server, and for making frames
    device = choose_device(options.device)
    if torch.device(device).type == "cuda":
        torch.cuda.set_per_process_memory_fraction(_GPU_SHARE)
    announcements = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not stand between our lines
    try:
        Worker(options.runs, device, sys.stdin, announcements).serve()
    except BrokenPipeError:  # the server is gone
        os._exit(1)


if __name__ == "__main__":
    main()
