"""The trainer's process: ``python -m engine.running.worker --runs DIR``; commands come in, announcements go out.

Both are JSON, one object a line. Commands: ``start``, ``fork``, ``edit``, ``pause``, ``resume``, ``step``, ``pace``,
``stop``, ``close`` under ``do``. Announcements: ``ready``, ``opened``, ``frame``, ``status``, ``event``, ``error``,
``closed`` under ``say``. The process ends when its standard input does.
"""

import argparse
import json
import os
import queue
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Mapping
from functools import partial
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO, final

import torch

from engine.config.experiment import Experiment
from engine.frames.background import BackgroundFrames
from engine.machine.malloc import give_back, keep_freed
from engine.machine.threads import spare, take_turns
from engine.recording.file_format import SUFFIX, message_to_json
from engine.recording.library import check_id
from engine.running.failures import describe_failure
from engine.running.run import Run
from engine.training.step_choice import preload
from spec import Message, Refusal

#: Seconds of a run's turn: short beside a frame, long beside a step of a small net.
_TURN = 0.005

#: Runs that are done and still held, so that an edit makes them go on.
_MAX_DONE = 8

#: The server's page comes first: the trainer takes what it leaves of the processor.
_NICE = 5

#: Share of a GPU's memory that this process may take. Past it a run fails with a sentence; other programs go on.
_GPU_SHARE = 0.8

#: Seconds for which a worker without work sleeps at most.
_IDLE = 3600.0


def choose_device(wanted: str) -> str:
    """Return the device to train on: ``wanted``, or for ``auto`` a GPU by NVIDIA if there is one, else the processor.

    Apple's GPU is used only where ``wanted`` names it: frames are made in a thread of their own, and by PyTorch's issue
    197805 a process may crash where two threads use that GPU.
    """
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


@final
class Worker:
    """All open runs of one device; they take turns."""

    def __init__(self, folder: Path, device: str, commands: TextIO, announcements: TextIO) -> None:
        self._folder = folder
        self._device = device
        self._announcements = announcements
        self._runs: dict[str, Run] = {}  # the run that had the last turn is the last one
        self._inbox: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._background_frames = BackgroundFrames(wake=partial(self._inbox.put, ""))
        threading.Thread(target=self._read, args=(commands,), daemon=True).start()

    def serve(self) -> None:
        """Work until the commands end; then end the runs that are open."""
        self._announce("ready", device=self._device, threads=torch.get_num_threads(), torch=version("torch"))
        preload()  # else the first run would, for two seconds
        while self._obey():
            for name, run in list(self._runs.items()):
                self._guard(name, run.deliver_frame)
            now = time.monotonic()
            due = [name for name, run in self._runs.items() if run.wanted and run.due <= now]
            if due:
                self._take_turn(due[0])
        for name, run in self._runs.items():
            self._guard(name, partial(run.end, "stopped", Message.of("server.worker_closed")))
        self._background_frames.close()

    def _take_turn(self, name: str) -> None:
        run = self._runs[name] = self._runs.pop(name)
        until = time.monotonic() + _TURN
        over = False
        while run.wanted and not over:
            over = bool(self._guard(name, run.work)) or run.status == "failed" or time.monotonic() > until
        if run.status != "open":
            self._drop_runs()
            give_back()

    def _drop_runs(self) -> None:
        """Drop the runs that failed or were stopped, and all but the newest of those that are done."""
        done = [name for name, run in self._runs.items() if run.status == "done"]
        over = [name for name, run in self._runs.items() if run.status not in {"open", "done"}]
        for name in [*over, *done[:-_MAX_DONE]]:
            del self._runs[name]
            self._announce("closed", run=name)

    def _obey(self) -> bool:
        """Obey the commands that have arrived; wait for one until a run is due. Return whether more may come."""
        now = time.monotonic()
        wait = max(0.0, min((run.due - now for run in self._runs.values() if run.wanted), default=_IDLE))
        while True:
            try:
                line = self._inbox.get(timeout=wait) if wait else self._inbox.get_nowait()
            except queue.Empty:
                return True
            if line is None:
                return False
            if line:  # an empty line wakes us for a frame
                self._obey_command(json.loads(line))
            wait = 0.0

    def _obey_command(self, command: Mapping[str, Any]) -> None:
        name = check_id(command["run"])
        task = command["do"]
        if task in {"start", "fork"}:
            self._guard(name, partial(self._open, name, command))
            return
        run = self._runs.get(name)
        if run is None:
            self._announce("error", run=name, error=message_to_json(Message.of("server.run_let_go")))
            return
        try:
            run.obey(task, command)
        except Refusal as refusal:
            self._announce("error", run=name, error=message_to_json(refusal.message))
        except Exception as error:  # the other runs go on
            self._fail(name, error)
        if task in {"stop", "close"}:
            self._drop_runs()

    def _open(self, name: str, command: Mapping[str, Any]) -> None:
        announce = partial(self._announce, run=name)
        run = self._runs[name] = Run(self._folder / (name + SUFFIX), self._device, announce, self._background_frames)
        if command["do"] == "start":
            run.start(Experiment.parse(command["experiment"]))
        else:
            run.fork(Path(command["source"]), command["frame"], command["edit"])

    def _guard(self, name: str, work: Callable[[], object]) -> object:
        """Do a piece of a run's work and return its result; an error ends this run alone, and returns ``True``."""
        try:
            return work()
        except Exception as error:  # the other runs go on
            self._fail(name, error)
            return True

    def _fail(self, name: str, error: Exception) -> None:
        if not isinstance(error, Refusal):
            traceback.print_exception(error)
        try:
            self._runs[name].end("failed", describe_failure(error))
        except Exception as second:  # the disk that was full is still full; the status is announced all the same
            traceback.print_exception(second)
        self._drop_runs()

    def _announce(self, what: str, /, **values: Any) -> None:
        # one write, so that a kill does not leave half a line
        self._announcements.write(json.dumps({"say": what, **values}, allow_nan=False) + "\n")
        self._announcements.flush()

    def _read(self, commands: TextIO) -> None:
        for line in commands:
            self._inbox.put(line)
        self._inbox.put(None)


def main() -> None:
    """Serve standard input."""
    parser = argparse.ArgumentParser(prog="python -m engine.running.worker", description="Train runs on one device.")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--runs", type=Path, required=True)
    options = parser.parse_args()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C ends the server, which then ends our input
    if sys.platform != "win32":
        os.nice(_NICE)
    keep_freed()
    take_turns()
    torch.set_num_threads(spare())  # one core is for the server, and for making frames
    device = choose_device(options.device)
    if torch.device(device).type == "cuda":
        torch.cuda.set_per_process_memory_fraction(_GPU_SHARE)
    announcements = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a library prints must not come between announcements
    try:
        Worker(options.runs, device, sys.stdin, announcements).serve()
    except BrokenPipeError:  # the server has ended
        os._exit(1)


if __name__ == "__main__":
    main()
