"""The server: Streamlit's page, our HTTP routes and the live socket, in one process that never trains."""

import asyncio
import contextlib
import gc
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.middleware import Middleware
from starlette.routing import WebSocketRoute

from app.server.middleware import Guard
from app.server.routes import routes
from app.server.websocket import live
from app.trainer_client import make_client, set_trainer_client

#: Seconds between two garbage collections. The one of Streamlit after every rerun is off in its settings.
_COLLECT_EVERY = 60.0

#: New objects before Python collects the youngest ones by itself; its default of 700 would do so all the time.
_YOUNG = 50_000


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    client = make_client(os.environ.get("LOSS_GEOMETRY_DEVICE") or "auto")
    client.open()
    set_trainer_client(client)
    gc.collect()
    gc.freeze()  # imported modules stay, so they need not be searched again
    gc.set_threshold(_YOUNG, 20, 1000)
    collector = asyncio.create_task(_collect_garbage())
    try:
        yield None
    finally:
        collector.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await collector
        set_trainer_client(None)
        await asyncio.to_thread(client.worker.close)


async def _collect_garbage() -> None:
    """Collect garbage now and then: all of it when the server is idle, else only the youngest objects."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_COLLECT_EVERY)
        before = loop.time()
        await asyncio.sleep(0)  # returns at once where nothing else waits for the loop
        gc.collect(2 if loop.time() - before < 0.002 else 0)


app = st.App(
    Path(__file__).parents[1] / "main.py",
    routes=[WebSocketRoute("/api/runs/{run}/live", live), *routes()],
    middleware=[Middleware(Guard, uploads=False)],
    lifespan=_lifespan,
)
