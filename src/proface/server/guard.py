"""What every request passes: who asks, from where, how much and how fast; headers of every answer.

All of it is decided before a body is read, but for the body's own size and speed.
"""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import logging
import time
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from proface.server.problems import problem, wording
from proface.server.settings import Access, Limits

log = logging.getLogger("proface.server")

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; "
    "img-src 'self' blob:; connect-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cache-Control": "no-store",
}
_DRAIN_SECONDS = 5
_METHODS = {"GET", "HEAD", "POST", "DELETE"}


class Guard:
    """ASGI middleware around the whole service."""

    def __init__(self, app: ASGIApp, *, access: Access, limits: Limits, folder: Path) -> None:
        self._app, self._access, self._limits, self._folder = app, access, limits, folder
        self._in_progress = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
                return
            await self._app(scope, receive, send)
            return
        answer = _Answer(scope, send)
        most = self._limits.body_bytes(scope["path"])
        refused = self._refusal(scope, most)
        if refused is not None:
            await _drain(receive, most)
            await refused(scope, receive, answer)
        else:
            has_body = scope["method"] == "POST"
            self._in_progress += has_body
            body = _Body(receive, self._limits, most)
            try:
                await self._app(scope, body, answer)
            except Exception as error:  # a fault of the program, never shown to a client
                log.error("%s: %s", answer.name, wording(error, self._folder))
                if not answer.started:
                    text = wording(error, self._folder)
                    failed = problem(HTTPStatus.INTERNAL_SERVER_ERROR, text, code=1)
                    await failed(scope, receive, answer)
            finally:
                self._in_progress -= has_body
                await body.drain()
        answer.log()

    def _refusal(self, scope: Scope, most: int) -> Response | None:
        """The answer to a request that is not let in, or None."""
        headers = {
            name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]
        }
        if scope["method"] not in _METHODS:
            return problem(
                HTTPStatus.METHOD_NOT_ALLOWED, "Use GET, POST or DELETE.", headers={"Allow": "GET"}
            )
        if not self._access.allows_host(headers.get("host", "")):
            return problem(
                HTTPStatus.MISDIRECTED_REQUEST,
                "The Host header names another service. Use the address that `proface serve` "
                "printed, or start it with --name for this one.",
            )
        if not _same_origin(headers):
            return problem(HTTPStatus.FORBIDDEN, "The request comes from a page of another origin.")
        if scope["path"].startswith("/v1/") and not self._knows_token(headers):
            return problem(
                HTTPStatus.UNAUTHORIZED,
                "The service needs its token, as `Authorization: Bearer TOKEN`.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return problem(HTTPStatus.BAD_REQUEST, "The Content-Length is no number.")
        if int(length[:20]) > most:
            return problem(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _over(most))
        if scope["method"] == "POST" and self._in_progress >= self._limits.requests:
            return problem(
                HTTPStatus.TOO_MANY_REQUESTS,
                "The service is busy with other photos. Try again in a moment.",
                headers={"Retry-After": "2"},
            )
        return None

    def _knows_token(self, headers: Mapping[str, str]) -> bool:
        if self._access.token is None:
            return True
        scheme, _, given = headers.get("authorization", "").partition(" ")
        right = hmac.compare_digest(given.strip().encode(), self._access.token.encode())
        return scheme.lower() == "bearer" and right


class _Answer:
    """Sends an answer with the headers that every answer has."""

    def __init__(self, scope: Scope, send: Send) -> None:
        self._scope, self._send = scope, send
        self._began = time.monotonic()
        self.started = False
        self._status = 0

    @property
    def name(self) -> str:
        """Method and route of the request, without what it was given."""
        route = self._scope.get("route")
        return f"{self._scope['method']} {getattr(route, 'path', None) or '(page)'}"

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.started, self._status = True, message["status"]
            given = {name.lower() for name, _text in message.get("headers", ())}
            more = [
                (name.lower().encode(), text.encode())
                for name, text in HEADERS.items()
                if name.lower().encode() not in given
            ]
            message = {**message, "headers": [*message.get("headers", ()), *more]}
        await self._send(message)

    def log(self) -> None:
        """Write one line: no address, no path, nothing of what was sent."""
        log.info("%s %d, %.2f s", self.name, self._status, time.monotonic() - self._began)


class _Body:
    """Receives a body; ends one that is too large or too slow."""

    def __init__(self, receive: Receive, limits: Limits, most: int) -> None:
        self._receive, self._limits, self._most = receive, limits, most
        self._size = 0
        self._until = time.monotonic() + limits.body_seconds
        self._ended = False

    async def __call__(self) -> Message:
        if self._ended:  # now only a disconnection is waited for, as long as the work takes
            return await self._receive()
        wait = min(self._limits.idle_seconds, self._until - time.monotonic())
        try:
            message = await asyncio.wait_for(self._receive(), max(0, wait))
        except asyncio.TimeoutError:
            self._ended = True
            raise HTTPException(
                HTTPStatus.REQUEST_TIMEOUT, "The request arrived too slowly. Send it again."
            ) from None
        self._size += len(message.get("body", b""))
        self._ended = not message.get("more_body", False)
        if self._size > self._most:
            raise HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, _over(self._most))
        return message

    async def drain(self) -> None:
        """Read on to the end of a body that was refused, within limits."""
        if not self._ended:
            await _drain(self._receive, self._most)


def _same_origin(headers: Mapping[str, str]) -> bool:
    """Whether a request is not from another site's page: browsers say where it comes from."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        # A link or a typed address may lead to the page itself.
        return headers.get("sec-fetch-mode") == "navigate" and "origin" not in headers
    origin = headers.get("origin")
    return origin is None or origin.partition("://")[2] == headers.get("host")


async def _drain(receive: Receive, most: int) -> None:
    """Read a body that nobody wants, so that the client gets to read the answer."""
    size = 0
    until = time.monotonic() + _DRAIN_SECONDS
    with contextlib.suppress(asyncio.TimeoutError):
        while size <= most:
            message = await asyncio.wait_for(receive(), max(0, until - time.monotonic()))
            size += len(message.get("body", b""))
            if not message.get("more_body", False):
                return


def _over(most: int) -> str:
    return (
        f"The request is over {most >> 20} MiB, the service's limit. Make the file smaller, or use "
        "the command."
    )
