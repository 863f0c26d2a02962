"""A real server in a process of its own, with one finished recording."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import httpx
from websockets.sync.client import ClientConnection, connect

from engine import Experiment
from engine.running.record_to_file import record

#: The finished run: 41 frames, two panels.
FINISHED = "finished"


def experiment() -> Experiment:
    panels = [{"loss": "arcface"}, {"loss": "softmax"}]
    return Experiment.parse(
        {"panels": panels, "data": "blobs", "batch": 16, "steps": 80, "steps_per_frame": 2, "points": 40}
    )


@dataclass(frozen=True)
class Server:
    """Where the server listens, and where its recordings lie."""

    url: str
    folder: Path
    process: subprocess.Popen[bytes]

    def get(self, path: str, **options) -> httpx.Response:
        return self.request("GET", path, **options)

    def request(self, method: str, path: str, **options) -> httpx.Response:
        return httpx.request(method, self.url + path, timeout=60, **options)

    def socket(self, run: str, query: str = "", **options) -> ClientConnection:
        address = self.url.replace("http", "ws") + f"/api/runs/{run}/live{query}"
        return connect(address, open_timeout=60, max_size=2**25, **options)


def until(connection: ClientConnection, type_: str, timeout: float = 60, **wanted) -> tuple[dict, list[bytes]]:
    """Return the next text message of a type, and the records that came before it."""
    deadline, records = time.monotonic() + timeout, []
    while True:
        message = connection.recv(timeout=max(0.01, deadline - time.monotonic()))
        if isinstance(message, bytes):
            records.append(message)
        elif {"type": type_, **wanted}.items() <= (fields := json.loads(message)).items():
            return fields, records


def record_of(connection: ClientConnection, timeout: float = 60) -> bytes:
    """Return the next record."""
    deadline = time.monotonic() + timeout
    while True:
        message = connection.recv(timeout=max(0.01, deadline - time.monotonic()))
        if isinstance(message, bytes):
            return message


def place_after(connection: ClientConnection, place: int) -> int:
    """Return the place of the first record after ``place``, which may still be on its way."""
    while True:
        newest = int.from_bytes(record_of(connection)[:4], "little")
        if newest > place:
            return newest


@contextlib.contextmanager
def served(folder: Path) -> Iterator[Server]:
    """Serve a folder of recordings; the working folder of the server is not that of the repository."""
    folder.mkdir()
    for _ in record(experiment(), folder / f"{FINISHED}.lossgeo"):
        pass
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = f"from app.cli.launch import serve; serve(port={port}, runs=__import__('pathlib').Path({str(folder)!r}))"
    log = (folder.parent / "server.log").open("wb")
    env = {**os.environ, "LOSS_GEOMETRY_DEVICE": "cpu", "PYTHONWARNINGS": "default"}
    process = subprocess.Popen([sys.executable, "-c", code], cwd=folder.parent, env=env, stdout=log, stderr=log)
    server = Server(f"http://127.0.0.1:{port}", folder, process)
    try:
        wait_ready(server)
        yield server
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        log.close()


def wait_ready(server: Server) -> None:
    """Wait until the page and the trainer are ready."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        assert server.process.poll() is None, "the server ended at its start"
        with contextlib.suppress(httpx.TransportError):
            if server.get("/healthz").status_code == 200:
                return
        time.sleep(0.1)
    raise AssertionError("the server was not ready within a minute")
