"""The app in its own process, with an empty folder of runs."""

import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.report import free_port


@contextmanager
def served() -> Iterator[str]:
    """Start the app, wait until it is ready, yield its address, and end it."""
    with tempfile.TemporaryDirectory() as folder:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "app.cli.main",
            "serve",
            "--port",
            str(port),
            "--runs",
            str(Path(folder) / "runs"),
        ]
        server = subprocess.Popen(command, stdout=subprocess.DEVNULL)
        try:
            wait_ready(f"http://127.0.0.1:{port}", server)
            yield f"http://127.0.0.1:{port}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def wait_ready(address: str, server: subprocess.Popen[bytes]) -> None:
    """Wait until ``/healthz`` answers 200; raise ``RuntimeError`` if the app ends before."""
    while server.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/healthz", timeout=5):
                return
        except OSError:  # not listening yet, or 503
            time.sleep(0.05)
    raise RuntimeError("the app ended before it was ready")
