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

#: Seconds between two looks for garbage. Streamlit's own, after every rerun, is switched off.
_GARBAGE_EVERY = 60.0

#: Objects that are made before the young are looked through; the default of 700 does it all the time.
_YOUNG = 50_000


@asynccontextmanager
async def _lifespan(_: st.App) -> AsyncIterator[dict[str, Any] | None]:
    client = make_client(os.environ.get("LOSS_GEOMETRY_DEVICE") or "auto")
    client.open()
    set_trainer_client(client)
    gc.collect()
    gc.freeze()  # what is imported stays; it need not be looked through again
    gc.set_threshold(_YOUNG, 20, 1000)
    sweeper = asyncio.create_task(_sweep())
    try:
        yield None
    finally:
        sweeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await sweeper
        set_trainer_client(None)
        await asyncio.to_thread(client.close)


async def _sweep() -> None:
    """Collect garbage when the server has a quiet moment: its loop comes round without delay."""
    loop = asyncio.get_running_loop()
    while True:
        await asyncio.sleep(_GARBAGE_EVERY)
        asked = loop.time()
        await asyncio.sleep(0)
        gc.collect(2 if loop.time() - asked < 0.002 else 0)


app = st.App(
    Path(__file__).parents[1] / "main.py",
    routes=[WebSocketRoute("/api/runs/{run}/live", live), *routes()],
    middleware=[Middleware(Guard, uploads=False)],
    lifespan=_lifespan,
)
