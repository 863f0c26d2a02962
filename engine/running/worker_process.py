"""The worker as a process of the server: how it is started, and what is closed when it has ended."""

import subprocess
import sys
from contextlib import suppress
from pathlib import Path


def launch(folder: Path, device: str) -> subprocess.Popen[str]:
    """Start a worker for a folder of runs; it ends when its standard input does."""
    command = [sys.executable, "-m", "engine.running.worker", "--device", device, "--runs", str(folder)]
    pipe = subprocess.PIPE
    # in a session of its own, so that Ctrl-C ends the server first, which then ends the worker
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, encoding="utf-8", start_new_session=True)


def release(worker: subprocess.Popen[str]) -> None:
    """Close what led to a worker that has ended."""
    for pipe in (worker.stdin, worker.stdout):
        if pipe is not None:
            with suppress(OSError):  # what was not yet written goes nowhere
                pipe.close()
