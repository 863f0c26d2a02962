"""Checks before every request: security headers, and a refusal of what no honest client sends."""

import base64
import hashlib
import re
from pathlib import Path
from typing import final
from urllib.parse import urlsplit

import streamlit
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.errors import refusal_response
from spec import Message as Sentence

_UPLOAD = "/_stcore/upload_file/"
_OUR_PATHS = ("/api", "/stage/", "/healthz")
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def content_policy() -> str:
    """Return the Content-Security-Policy: everything from this server, nothing from elsewhere.

    Streamlit loads the module of a component from a blob, and Plotly and Streamlit set styles inline. Streamlit's own
    page has one inline script, which is allowed by its hash. Functions may be made from strings, because programs that
    drive the page need it (docs/decisions/0008-strings-may-become-functions.md).
    """
    page = (Path(streamlit.__file__).parent / "static" / "index.html").read_text(encoding="utf-8")
    digests = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in _INLINE.findall(page)]
    scripts = " ".join(f"'sha256-{digest}'" for digest in digests)
    return "; ".join(
        (
            "default-src 'self'",
            f"script-src 'self' blob: 'unsafe-eval' {scripts}".rstrip(),
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "connect-src 'self' ws: wss:",
            "worker-src 'self' blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "form-action 'self'",
            "frame-ancestors 'self'",
        )
    )


def same_origin(headers: Headers) -> bool:
    """Return whether a request comes from our own pages, or from a program, which sends no origin."""
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc.lower() == headers.get("host", "").lower() != ""
    except ValueError:
        return False


@final
class Guard:
    """Middleware that adds the headers, refuses uploads, and answers odd addresses under our routes with a sentence."""

    def __init__(self, app: ASGIApp, *, uploads: bool = False) -> None:
        self._app = app
        self._uploads = uploads
        self._headers = {
            "Content-Security-Policy": content_policy(),
            "X-Content-Type-Options": "nosniff",
            "X-Frame-Options": "SAMEORIGIN",
            "Referrer-Policy": "same-origin",
            "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
            "Cross-Origin-Opener-Policy": "same-origin",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request, or pass it on to the app."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        refusal = self._check(scope)
        if refusal is not None:
            sentence, status = refusal
            answer = refusal_response(Sentence.of(sentence), status, Headers(scope=scope).get("accept-language"))
            await answer(scope, receive, with_headers)
            return
        if scope["path"].startswith("/api/"):  # compressing frames takes time and saves little
            scope["headers"] = [header for header in scope["headers"] if header[0] != b"accept-encoding"]
        await self._app(scope, receive, with_headers)

    def _check(self, scope: Scope) -> tuple[str, int] | None:
        path: str = scope["path"]
        if not self._uploads and _UPLOAD in path and scope["method"] != "OPTIONS":
            return "server.no_uploads", 403
        odd = ".." in path or "\\" in path or "//" in path or not path.isprintable()
        if odd and path.lstrip("/").startswith(tuple(ours.lstrip("/") for ours in _OUR_PATHS)):
            return "server.bad_path", 400
        return None
