"""A server of docs/live.md in a thread: it serves /stage/ and the runs that a test hands to it."""

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import uvicorn
from stage_run import Run
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.page.stage_component import FOLDER

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><link rel="icon" href="data:,">
<link rel="stylesheet" href="/stage/stage.css">
<style>html,body{margin:0}body{padding:14px;background:var(--st-background-color,#fff)}
.dark{--st-background-color:#0f1218;--st-text-color:#eef1f6;--st-primary-color:#5b93f5}</style></head>
<body><div id="root"></div></body></html>"""


class Fake:
    """The runs by id, every message that a viewer sent, and what is pushed to the viewers."""

    def __init__(self) -> None:
        self.runs: dict[str, Run] = {}
        self.heard: list[dict[str, Any]] = []
        self.sockets: list[tuple[str, WebSocket]] = []
        self.opened = 0
        self.on_edit: Callable[[str, dict[str, Any]], dict[str, Any] | None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None
        self.url = ""

    def clear(self) -> None:
        self.runs.clear()
        self.heard.clear()
        self.on_edit = None

    def append(self, run: Run, body: bytes) -> None:
        """Append a frame to a run and send it to its viewers."""
        run.frames.append(body)
        self.push(run.id, run.record(len(run.frames) - 1))

    def push(self, run: str, message: bytes | dict[str, Any]) -> None:
        assert self.loop is not None
        asyncio.run_coroutine_threadsafe(self._push(run, message), self.loop).result(10)

    async def _push(self, run: str, message: bytes | dict[str, Any]) -> None:
        for name, viewer in list(self.sockets):
            if name == run:
                with contextlib.suppress(WebSocketDisconnect):  # it left just now
                    await _send(viewer, message)

    def drop(self) -> None:
        """Cut every socket, as a network that blinks does."""
        assert self.loop is not None
        for _, viewer in list(self.sockets):
            asyncio.run_coroutine_threadsafe(viewer.close(1012), self.loop).result(10)

    async def live(self, viewer: WebSocket) -> None:
        run = self.runs.get(viewer.path_params["id"])
        await viewer.accept()
        if run is None:
            await viewer.close(1008)
            return
        self.opened += 1
        entry = (run.id, viewer)
        self.sockets.append(entry)
        try:
            await _send(viewer, {"type": "run", **run.describe()})
            if run.frames:
                await _send(viewer, run.record(len(run.frames) - 1))
            while True:
                message = json.loads(await viewer.receive_text())
                self.heard.append({**message, "run": run.id})
                answer = self.on_edit(run.id, message) if self.on_edit and message["type"] == "edit" else None
                if answer:
                    await _send(viewer, answer)
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets.remove(entry)

    async def describe(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        return JSONResponse(run.describe()) if run else _missing()

    async def points(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        return Response(run.points) if run else _missing()

    async def frames(self, request: Request) -> Response:
        run = self.runs.get(request.path_params["id"])
        if run is None:
            return _missing()
        start = int(request.query_params["from"])
        stop = min(len(run.frames), start + int(request.query_params.get("count", 64)))
        return Response(b"".join(run.record(k) for k in range(start, stop)))

    def application(self) -> Starlette:
        async def page(_: Request) -> Response:
            return HTMLResponse(PAGE)

        @contextlib.asynccontextmanager
        async def lifespan(_: Starlette) -> AsyncIterator[None]:
            self.loop = asyncio.get_running_loop()
            yield

        return Starlette(
            routes=[
                Route("/", page),
                Route("/api/runs/{id}", self.describe),
                Route("/api/runs/{id}/points", self.points),
                Route("/api/runs/{id}/frames", self.frames),
                WebSocketRoute("/api/runs/{id}/live", self.live),
                Mount("/stage", StaticFiles(directory=Path(FOLDER))),
            ],
            lifespan=lifespan,
        )


def _missing() -> Response:
    return JSONResponse({"error": "There is no such run."}, 404)


async def _send(viewer: WebSocket, message: bytes | dict[str, Any]) -> None:
    if isinstance(message, bytes):
        await viewer.send_bytes(message)
    else:
        await viewer.send_text(json.dumps(message))


@contextlib.contextmanager
def serve(fake: Fake) -> Iterator[str]:
    """Run the server on a free port for as long as the block lasts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    server = uvicorn.Server(
        uvicorn.Config(fake.application(), host="127.0.0.1", port=port, log_level="error", ws="websockets-sansio")
    )
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    deadline = time.monotonic() + 20
    while not server.started:
        assert time.monotonic() < deadline, "the test server did not start"
        time.sleep(0.02)
    fake.url = f"http://127.0.0.1:{port}"
    try:
        yield fake.url
    finally:
        server.should_exit = True
        thread.join(10)
