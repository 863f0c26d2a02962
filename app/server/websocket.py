"""The live socket: sends the newest frames to every viewer, and takes edits from the owner (docs/live.md)."""

import asyncio
import contextlib
import json
import logging
import re
import time
from collections.abc import Mapping
from typing import Annotated, Any, Literal, final

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.server.errors import language_of
from app.server.middleware import same_origin
from app.server.routes import OPENING_TIME, describe, render_messages, with_message
from app.trainer_client import trainer_client
from engine.config.experiment import refusal_of
from engine.recording.library import check_id
from engine.running.client import Client, RunHandle
from engine.running.subscriptions import Feed
from spec import Message, Refusal

#: The most viewers at once; each holds a socket and one frame.
MAX_SOCKETS = 1000

#: The most characters of a message; the longest sensible one has about 150.
MAX_MESSAGE = 4096

#: The most messages a second; a knob that is dragged sends one for every frame of the screen.
MAX_RATE = 100

#: Close codes of RFC 6455: policy violation, try again later, internal error.
_POLICY, _LATER, _INTERNAL = 1008, 1013, 1011

_log = logging.getLogger(__name__)

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Edit(BaseModel):
    """Move a knob of one panel, or (``None``) of all; ``frame`` is the frame that the viewer sees."""

    model_config = _STRICT
    type: Literal["edit"]
    panel: Annotated[int, Field(ge=0, lt=64)] | None = None
    knob: Annotated[str, Field(min_length=1, max_length=64)]
    value: bool | int | float | Annotated[str, Field(max_length=64)]
    frame: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class _Simple(BaseModel):
    """Steer the run."""

    model_config = _STRICT
    type: Literal["pause", "resume", "step", "stop"]


class _Pace(BaseModel):
    """Change how fast the run trains."""

    model_config = _STRICT
    type: Literal["pace"]
    frames_per_second: Annotated[float, Field(ge=0.1, le=240)]
    steps_per_frame: Annotated[int, Field(ge=1, le=10_000)]


_MESSAGE: TypeAdapter[_Edit | _Simple | _Pace] = TypeAdapter(
    Annotated[_Edit | _Simple | _Pace, Field(discriminator="type")]
)


@final
class Bucket:
    """A token bucket: ``rate`` messages a second pass, and at most twice as many at once."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._tokens = 2.0 * rate
        self._time = now

    def take(self, now: float) -> bool:
        """Return whether a message may pass at this time (seconds)."""
        self._tokens = min(2.0 * self._rate, self._tokens + (now - self._time) * self._rate)
        self._time = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True


@final
class _Viewer:
    """One open socket."""

    def __init__(self, socket: WebSocket, client: Client, run: str) -> None:
        self._socket = socket
        self._client = client
        self._run = run
        self._owner = socket.query_params.get("owner")
        self._language = language_of(socket.headers.get("accept-language"))
        self._lock = asyncio.Lock()

    async def watch(self, first: int | None) -> None:
        """Send frames and events from frame ``first`` on (default: the newest) until the viewer leaves."""
        feed = self._client.subscriptions.add(self._run)
        try:
            description = await run_in_threadpool(describe, self._client, self._run)
            await self.say({"type": "run", **description})
            frame = description["frames"] - 1 if first is None else first
            sender = asyncio.create_task(self._send(feed, max(0, frame), description["frames"]))
            receiver = asyncio.create_task(self._receive())
            _, pending = await asyncio.wait({sender, receiver}, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            for result in await asyncio.gather(sender, receiver, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
                    raise result
        finally:
            self._client.subscriptions.remove(self._run, feed)

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send a message, its sentences in the viewer's language."""
        async with self._lock:
            await self._socket.send_text(json.dumps(render_messages(dict(message), self._language), ensure_ascii=False))

    async def _send(self, feed: Feed, frame: int, frames: int) -> None:
        """Send all messages in their order, and always the newest frame, if its number is ``frame`` or above."""
        while True:
            while feed.messages:
                message = feed.messages.popleft()
                if message["type"] == "event":
                    message = {**message, "body": with_message(message["body"])}
                await self.say(message)
            state = self._client.state(self._run)
            newest = (frames if state is None else max(frames, state.frames)) - 1
            if newest >= frame:
                record = await self._client.read_frame(self._run, newest)
                async with self._lock:
                    await self._socket.send_bytes(record)
                frame = newest + 1
            elif not feed.messages:
                await feed.wait()

    async def _receive(self) -> None:
        """Take messages; a wrong one is answered with a sentence, and the next one is read."""
        bucket, last_complaint = Bucket(MAX_RATE, time.monotonic()), 0.0
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not bucket.take(now := time.monotonic()):
                if now - last_complaint > 1:
                    last_complaint = now
                    await self._complain(Message.of("server.message_rate", limit=MAX_RATE))
                continue
            try:
                await self._act(message.get("text"))
            except Refusal as refusal:
                await self._complain(refusal.message)

    async def _complain(self, message: Message) -> None:
        await self.say({"type": "error", "error": message})

    async def _act(self, content: str | None) -> None:
        command = _parse(content)
        if isinstance(command, _Edit):
            await self._edit(command)
        elif isinstance(command, _Pace):
            pace = command.model_dump(exclude={"type"})
            await run_in_threadpool(self._client.steer, self._run, self._owner, "pace", **pace)
        else:
            await run_in_threadpool(self._client.steer, self._run, self._owner, command.type)

    async def _edit(self, command: _Edit) -> None:
        def edit() -> RunHandle | None:
            fork = self._client.edit(
                self._run, self._owner, command.knob, command.value, panel=command.panel, frame=command.frame
            )
            if fork is not None:
                self._client.wait_opened(fork.id, OPENING_TIME)
            return fork

        fork = await run_in_threadpool(edit)
        if fork is not None:
            await self.say({"type": "forked", "id": fork.id, "owner": fork.owner, "from": fork.frame})


def _parse(content: str | None) -> _Edit | _Simple | _Pace:
    """Read a message; raise ``Refusal`` where it is wrong. ``None`` stands for a binary message."""
    if content is None:
        raise Refusal("server.message_binary")
    if len(content) > MAX_MESSAGE:
        raise Refusal("server.message_long", limit=MAX_MESSAGE)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError):
        raise Refusal("server.message_json") from None
    if not isinstance(document, dict):
        raise Refusal("server.message_json")
    try:
        return _MESSAGE.validate_python(document)
    except ValidationError as error:
        refusal = refusal_of(error)
        raise Refusal("server.message_field", **dict(refusal.message.values)) from None


_sockets: set[WebSocket] = set()


async def live(socket: WebSocket) -> None:
    """Serve ``WS /api/runs/{id}/live``; refuse foreign pages, and more viewers than ``MAX_SOCKETS``."""
    await socket.accept()
    language = language_of(socket.headers.get("accept-language"))
    try:
        if not same_origin(socket.headers):
            await _refuse(socket, Message.of("server.origin"), _POLICY, language)
        elif len(_sockets) >= MAX_SOCKETS:
            await _refuse(socket, Message.of("server.too_many_sockets", limit=MAX_SOCKETS), _LATER, language)
        else:
            _sockets.add(socket)
            run = check_id(socket.path_params["run"])
            await _Viewer(socket, trainer_client(), run).watch(_first_frame(socket.query_params.get("from")))
    except Refusal as refusal:
        await _refuse(socket, refusal.message, _POLICY, language)
    except WebSocketDisconnect:
        pass
    except Exception:
        _log.exception("live socket")
        await _refuse(socket, Message.of("server.server_error"), _INTERNAL, language)
    finally:
        _sockets.discard(socket)


async def _refuse(socket: WebSocket, message: Message, code: int, language: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # the viewer has left
        await socket.send_text(json.dumps({"type": "error", "error": message.render(language)}, ensure_ascii=False))
        await socket.close(code)


def _first_frame(word: str | None) -> int | None:
    if word is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", word) is None:
        raise Refusal("server.query_number", name="from", found=repr(word[:40]), low=0, high=10**9)
    return int(word)
