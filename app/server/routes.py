"""The HTTP routes: health, runs, frames, and the modules of the stage (docs/live.md)."""

import hashlib
import logging
import re
import tempfile
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any, final

from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Match, Route
from starlette.types import Receive, Scope, Send
from streamlit.runtime import Runtime

from app.server.errors import language_of, refusal_response
from app.trainer_client import trainer_client
from engine.recording.file_format import SUFFIX, message_from_json
from engine.recording.library import Entry, check_id, title_of
from engine.recording.reader import Recording
from engine.running.client import Client
from spec import Message, Refusal

STAGE = Path(__file__).parents[1] / "stage"

#: The most bytes of frames in one answer; the first frame is sent whatever its size.
_MOST_BYTES = 8 * 2**20

#: The id of a frame has 32 bits.
_MOST_FRAMES = 2**31

#: Seconds until a new run can be read. The trainer loads its data in that time.
OPENING_TIME = 60.0

_MEDIA_TYPES = {
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".css": "text/css",
    ".html": "text/html",
    ".json": "application/json",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
    ".glsl": "text/plain",
}
#: A folder's name has no dot, so that no path leads out of the stage.
_STAGE_FILE = re.compile(r"(?:[a-z0-9_-]{1,40}/){0,2}[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")

#: Status codes of refusals; those that are not here have 400.
_STATUS = {
    "server.unknown_run": 404,
    "server.recording_missing": 404,
    "server.no_route": 404,
    "server.not_ended": 409,
    "server.worker_absent": 503,
    "server.not_served": 503,
}

_log = logging.getLogger(__name__)

Handler = Callable[[Request], Awaitable[Response]]


def routes() -> list[BaseRoute]:
    """Return our routes. The last ones catch the rest below ``/api`` and ``/stage``, which Streamlit would answer."""
    ours = [
        Route("/healthz", _with_sentences(_health)),
        Route("/api/runs", _with_sentences(_runs)),
        Route("/api/runs/{run}", _with_sentences(_run)),
        Route("/api/runs/{run}/points", _with_sentences(_points)),
        Route("/api/runs/{run}/frames", _with_sentences(_frames)),
        Route("/api/runs/{run}/file", _with_sentences(_file)),
        Route("/stage/{file:path}", _with_sentences(_stage)),
    ]

    rest = _Rest(ours)
    return [*ours, *(Route(path, rest) for path in ("/healthz", "/api", "/api/{rest:path}", "/stage/{rest:path}"))]


@final
class _Rest:
    """Answers what no route takes: a wrong method of one of our routes, or an address where nothing is."""

    def __init__(self, routes: Sequence[Route]) -> None:
        self._routes = routes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        exists = any(route.matches(scope)[0] is not Match.NONE for route in self._routes)
        await _answer_rest(Request(scope), exists)(scope, receive, send)


def describe(client: Client, run: str) -> dict[str, Any]:
    """Return the answer of ``GET /api/runs/{id}``, its reasons as messages that ``render_messages`` puts into words."""
    client.wait_opened(run, OPENING_TIME)
    with client.library.open(run) as recording:
        state = client.state(run)
        live = state is not None and state.live
        status = state.status if state is not None else _file_status(recording.meta["status"])
        reason = state.reason if state is not None else message_from_json(recording.meta.get("reason"))
        return {
            **recording.meta,
            "id": run,
            "title": title_of(recording.meta["experiment"]),
            "status": status,
            "reason": reason,
            "frames": recording.frames,
            "steps": recording.last_step,
            "live": live,
            "events": [
                {"kind": event.kind, "step": event.step, "frame": event.frame, "body": with_message(event.body)}
                for event in recording.events
            ],
            "bytes": recording.path.stat().st_size,
        }


def with_message(body: Any) -> dict[str, Any]:
    """Return the body of an event, its reason as a message."""
    return {**body, "reason": message_from_json(body["reason"])} if "reason" in body else dict(body)


def render_messages(value: Any, language: str) -> Any:
    """Put every message of a description into words."""
    if isinstance(value, Message):
        return value.render(language)
    if isinstance(value, dict):
        return {key: render_messages(each, language) for key, each in value.items()}
    return [render_messages(each, language) for each in value] if isinstance(value, list) else value


def _file_status(status: str) -> str:
    """Return the status of a run that no worker has: a file that still says ``open`` was interrupted."""
    return "interrupted" if status == "open" else status


def _with_sentences(handler: Handler) -> Handler:
    """Make a handler answer every failure with a sentence: a refusal, or a mistake of our own."""

    async def answer(request: Request) -> Response:
        accepted = request.headers.get("accept-language")
        try:
            return await handler(request)
        except Refusal as refusal:
            return refusal_response(refusal.message, _STATUS.get(refusal.message.key, 400), accepted)
        except Exception:
            _log.exception("%s %s", request.method, request.url.path[:200])
            return refusal_response(Message.of("server.server_error"), 500, accepted)

    return answer


def _language(request: Request) -> str:
    return language_of(request.headers.get("accept-language"))


def _answer_rest(request: Request, exists: bool) -> Response:
    accepted = request.headers.get("accept-language")
    if not exists:
        return refusal_response(Message.of("server.no_route"), 404, accepted)
    allow = "GET, HEAD, OPTIONS"
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": allow})
    method = request.method if request.method.isalpha() else "?"
    return refusal_response(
        Message.of("server.no_method", method=method[:10], allowed=allow), 405, accepted, {"Allow": allow}
    )


async def _health(request: Request) -> Response:
    client = trainer_client()
    page = await Runtime.instance().is_ready_for_browser_connection
    if not (client.worker.ready.is_set() and page[0]):
        sentence = Message.of("server.starting").render(_language(request))
        return JSONResponse({"status": "starting", "error": sentence}, 503)
    return JSONResponse({"status": "ready", "device": client.worker.device, "training": client.training})


async def _runs(_: Request) -> Response:
    client = trainer_client()
    entries = await run_in_threadpool(client.library.entries)
    return JSONResponse([_entry(client, entry) for entry in entries], headers={"Cache-Control": "no-store"})


def _entry(client: Client, entry: Entry) -> dict[str, Any]:
    state = client.state(entry.id)
    return {
        "id": entry.id,
        "title": title_of(entry.experiment),
        "status": entry.status if state is None else state.status,
        "frames": entry.frames if state is None else max(entry.frames, state.frames),
        "created": entry.created,
        "experiment": entry.experiment,
    }


async def _run(request: Request) -> Response:
    description = await run_in_threadpool(describe, trainer_client(), check_id(request.path_params["run"]))
    return JSONResponse(render_messages(description, _language(request)), headers={"Cache-Control": "no-store"})


async def _points(request: Request) -> Response:
    blob = await run_in_threadpool(_read, request, lambda recording: recording.points_blob)
    return _bytes(blob)


async def _frames(request: Request) -> Response:
    first = _number(request, "from", 0, 0)
    count = _number(request, "count", 1, _MOST_FRAMES)

    def read(recording: Recording) -> bytes:
        records: list[bytes] = []
        size = 0
        for record in recording.stored_frames(first, count):
            records.append(record.pack())
            size += len(records[-1])
            if size > _MOST_BYTES:
                break
        if len(records) > 1 and size > _MOST_BYTES:
            records.pop()
        return b"".join(records)

    return _bytes(await run_in_threadpool(_read, request, read))


async def _file(request: Request) -> Response:
    client, run = trainer_client(), check_id(request.path_params["run"])
    path = client.library.find(run)
    state = client.state(run)
    if state is not None and state.live and state.status in {"opening", "open"}:
        raise Refusal("server.not_ended", run=run)
    with tempfile.NamedTemporaryFile(suffix=SUFFIX, delete=False) as copy:
        whole = Path(copy.name)

    def export() -> None:
        with Recording(path) as recording:
            recording.export(whole)

    try:
        await run_in_threadpool(export)
    except Refusal:
        whole.unlink()
        raise
    return FileResponse(whole, filename=run + SUFFIX, background=BackgroundTask(whole.unlink))


async def _stage(request: Request) -> Response:
    name = request.path_params["file"]
    path = STAGE / name
    if _STAGE_FILE.fullmatch(name) is None or path.suffix not in _MEDIA_TYPES or not path.is_file():
        raise Refusal("server.no_route")
    body = await run_in_threadpool(path.read_bytes)
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    # an address with a version always means these bytes; a browser asks again for one without
    caching = "public, max-age=31536000, immutable" if "v" in request.query_params else "no-cache"
    headers = {"ETag": tag, "Cache-Control": caching}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=_MEDIA_TYPES[path.suffix], headers=headers)


def _read(request: Request, select: Callable[[Recording], bytes]) -> bytes:
    client, run = trainer_client(), check_id(request.path_params["run"])
    client.wait_opened(run, OPENING_TIME)
    with client.library.open(run) as recording:
        return select(recording)


def _bytes(body: bytes) -> Response:
    return Response(body, media_type="application/octet-stream", headers={"Cache-Control": "no-cache"})


def _number(request: Request, name: str, low: int, default: int) -> int:
    word = request.query_params.get(name)
    if word is None:
        return default
    if re.fullmatch(r"[0-9]{1,10}", word) is None or not low <= int(word) <= _MOST_FRAMES:
        raise Refusal("server.query_number", name=name, found=repr(word[:40]), low=low, high=_MOST_FRAMES)
    return int(word)
