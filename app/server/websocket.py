"""The live socket: the newest frame to whoever looks, and knobs from whoever owns the run (docs/live.md)."""

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
from app.server.routes import OPENING, describe, in_words, rendered
from app.trainer_client import trainer_client
from engine.config.experiment import refusal_of
from engine.recording.library import check_id
from engine.running.client import Client
from engine.running.run_state import RunHandle
from engine.running.subscriptions import Feed
from spec import Message, Refusal

#: Viewers at once; each holds a socket and one frame.
MAX_SOCKETS = 1000

#: Characters of a message; the longest that makes sense has about 150.
MAX_MESSAGE = 4096

#: Messages a second; a knob that is dragged sends one a frame of the screen.
MAX_RATE = 100

#: Close codes of RFC 6455: a policy was broken; try again later.
_POLICY, _LATER = 1008, 1013

_log = logging.getLogger(__name__)

_STRICT = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class _Edit(BaseModel):
    model_config = _STRICT
    type: Literal["edit"]
    panel: Annotated[int, Field(ge=0, lt=64)] | None = None
    knob: Annotated[str, Field(min_length=1, max_length=64)]
    value: bool | int | float | Annotated[str, Field(max_length=64)]
    frame: Annotated[int, Field(ge=0, lt=2**31)] | None = None


class _Simple(BaseModel):
    model_config = _STRICT
    type: Literal["pause", "resume", "step", "stop"]


class _Pace(BaseModel):
    model_config = _STRICT
    type: Literal["pace"]
    frames_per_second: Annotated[float, Field(ge=0.1, le=240)]
    steps_per_frame: Annotated[int, Field(ge=1, le=10_000)]


_MESSAGE: TypeAdapter[_Edit | _Simple | _Pace] = TypeAdapter(
    Annotated[_Edit | _Simple | _Pace, Field(discriminator="type")]
)


@final
class Bucket:
    """Lets ``rate`` messages a second through, and twice as many at once."""

    def __init__(self, rate: int, now: float) -> None:
        self._rate = rate
        self._left = 2.0 * rate
        self._at = now

    def take(self, now: float) -> bool:
        """Return whether a message may pass at this time (seconds)."""
        self._left = min(2.0 * self._rate, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
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
        self._writing = asyncio.Lock()

    async def watch(self, first: int | None) -> None:
        """Send what happens until the viewer leaves."""
        feed = self._client.subscribe(self._run)
        try:
            described = await run_in_threadpool(describe, self._client, self._run)
            await self.say({"type": "run", **described})
            following = described["frames"] - 1 if first is None else first
            sending = asyncio.create_task(self._send(feed, max(0, following), described["frames"]))
            hearing = asyncio.create_task(self._hear())
            _, pending = await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
            for task in pending:
                task.cancel()
            for result in await asyncio.gather(sending, hearing, return_exceptions=True):
                if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect | RuntimeError):
                    raise result
        finally:
            self._client.unsubscribe(self._run, feed)

    async def say(self, message: Mapping[str, Any]) -> None:
        """Send a message, its sentences in the viewer's language."""
        async with self._writing:
            await self._socket.send_text(json.dumps(rendered(dict(message), self._language), ensure_ascii=False))

    async def _send(self, feed: Feed, following: int, frames: int) -> None:
        """Send messages in their order, and of the frames from ``following`` on the newest."""
        while True:
            while feed.messages:
                message = feed.messages.popleft()
                if message["type"] == "event":
                    message = {**message, "body": in_words(message["body"])}
                await self.say(message)
            state = self._client.state(self._run)
            newest = (frames if state is None else max(frames, state.frames)) - 1
            if newest >= following:
                record = await self._client.read_frame(self._run, newest)
                async with self._writing:
                    await self._socket.send_bytes(record)
                following = newest + 1
            elif not feed.messages:
                await feed.wait()

    async def _hear(self) -> None:
        """Take messages; what is wrong with one is said, and the next one is heard."""
        bucket, told = Bucket(MAX_RATE, time.monotonic()), 0.0
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return
            if not bucket.take(now := time.monotonic()):
                if now - told > 1:
                    told = now
                    await self._complain(Message.of("server.message_rate", limit=MAX_RATE))
                continue
            try:
                await self._act(message.get("text"))
            except Refusal as refusal:
                await self._complain(refusal.message)

    async def _complain(self, message: Message) -> None:
        await self.say({"type": "error", "error": message})

    async def _act(self, written: str | None) -> None:
        wish = _parse(written)
        if isinstance(wish, _Edit):
            await self._edit(wish)
        elif isinstance(wish, _Pace):
            pace = wish.model_dump(exclude={"type"})
            await run_in_threadpool(self._client.steer, self._run, self._owner, "pace", **pace)
        else:
            await run_in_threadpool(self._client.steer, self._run, self._owner, wish.type)

    async def _edit(self, wish: _Edit) -> None:
        def edit() -> RunHandle | None:
            forked = self._client.edit(
                self._run, self._owner, wish.knob, wish.value, panel=wish.panel, frame=wish.frame
            )
            if forked is not None:
                self._client.wait_opened(forked.id, OPENING)
            return forked

        forked = await run_in_threadpool(edit)
        if forked is not None:
            await self.say({"type": "forked", "id": forked.id, "owner": forked.owner, "from": forked.frame})


def _parse(written: str | None) -> _Edit | _Simple | _Pace:
    if written is None:
        raise Refusal("server.message_binary")
    if len(written) > MAX_MESSAGE:
        raise Refusal("server.message_long", limit=MAX_MESSAGE)
    try:
        document = json.loads(written)
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
    """Serve ``WS /api/runs/{id}/live``."""
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
            await _Viewer(socket, trainer_client(), run).watch(_first(socket.query_params.get("from")))
    except Refusal as refusal:
        await _refuse(socket, refusal.message, _POLICY, language)
    except WebSocketDisconnect:
        pass
    except Exception:
        _log.exception("live socket")
        await _refuse(socket, Message.of("server.server_error"), 1011, language)
    finally:
        _sockets.discard(socket)


async def _refuse(socket: WebSocket, message: Message, code: int, language: str) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):  # gone already
        await socket.send_text(json.dumps({"type": "error", "error": message.render(language)}, ensure_ascii=False))
        await socket.close(code)


def _first(written: str | None) -> int | None:
    if written is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}", written) is None:
        raise Refusal("server.query_number", name="from", found=repr(written[:40]), low=0, high=10**9)
    return int(written)
