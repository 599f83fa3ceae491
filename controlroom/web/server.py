"""The server of rooms: a page, its files, and a socket for each visitor."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, WSMsgType, web

from controlroom.runs.audit import acting
from controlroom.web import guard
from controlroom.web.visitor import Visitor

STATIC = Path(__file__).parent / "static"
FILES = {
    "room.js": "text/javascript",
    "xterm.mjs": "text/javascript",
    "addon-fit.mjs": "text/javascript",
    "room.css": "text/css",
    "xterm.css": "text/css",
}
HEADERS = {
    "content-security-policy": (
        # xterm.js writes the colours of its cells into a style element
        "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; "
        "connect-src 'self'; img-src data:; form-action 'none'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "cache-control": "no-cache",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}
WRONG_TOKEN, TOO_MANY, LEFT = 4401, 4429, 4000
"""Codes by which a socket is closed."""
GREETING = 10.0
"""Seconds in which a browser has to show its token."""
STRANGERS = 32
"""Sockets that may be open without having shown it."""
MESSAGE = 65_536
"""Bytes of one message from a browser at most, such as what is pasted."""
HEARTBEAT = 15.0
VISITOR = "CONTROLROOM_VISITOR"
"""Tells a room, and so the audit, whom it is for."""
NOT_HANDED_ON = (
    *("SSH_CONNECTION", "SSH_CLIENT", "SSH_TTY", "SSH_USER_AUTH", "TMUX", "STY"),
    *("LINES", "COLUMNS"),
)
"""What tells of the terminal in which the server was started."""


@dataclass
class Door:
    """What is served, to whom, and how much of it. `names`: by which a page may call this door."""

    command: Sequence[str]
    token: str
    state_dir: Path
    context: str
    most: int
    names: Collection[str] = ()
    read_only: bool = False
    compress: bool = False
    environment: Mapping[str, str] = field(default_factory=lambda: os.environ)


class Server:
    """Rooms for visitors. Raises nothing that a visitor could cause."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._visits = 0
        self._inside = 0
        self._strangers = 0
        self._sockets: set[web.WebSocketResponse] = set()

    def application(self) -> web.Application:
        """The routes behind the check of Host."""
        app = web.Application(middlewares=[self._checked])
        app.router.add_get("/", _file("index.html", "text/html"))
        for name, kind in FILES.items():
            app.router.add_get(f"/{name}", _file(name, kind))
        app.router.add_get("/room", self._room)
        app.on_shutdown.append(self._close)
        return app

    @web.middleware
    async def _checked(self, request: web.Request, handler: Any) -> web.StreamResponse:
        if not guard.knows_host(request.host, self._door.names):
            name = guard.name_of(request.host)
            text = f"{name!r} is no name of this server; use its address, or give --name {name}\n"
            return web.Response(status=403, text=text)
        answer: web.StreamResponse = await handler(request)
        return answer

    async def _close(self, _: web.Application) -> None:
        for socket in list(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY, message=b"the server has ended")

    async def _room(self, request: web.Request) -> web.StreamResponse:
        if not guard.is_own_origin(request.headers.get("origin", ""), request.host):
            return web.Response(status=403, text="only the page of this server opens rooms\n")
        if self._strangers >= STRANGERS:
            return web.Response(status=503, text="too many connections without a token\n")
        socket = web.WebSocketResponse(
            heartbeat=HEARTBEAT, max_msg_size=MESSAGE, compress=self._door.compress
        )
        await socket.prepare(request)
        self._sockets.add(socket)
        try:
            size = await self._greeted(socket)
            if size is not None:
                await self._visit(socket, request.remote or "?", *size)
        except ConnectionError:
            pass  # the visitor has left
        finally:
            self._sockets.discard(socket)
        return socket

    async def _greeted(self, socket: web.WebSocketResponse) -> tuple[int, int] | None:
        """The size of the visitor's terminal, once the token was shown; None where it was not."""
        self._strangers += 1
        try:
            said = _read(await socket.receive(GREETING))
        except TimeoutError:
            said = {}
        finally:
            self._strangers -= 1
        if not guard.is_right(said.get("token"), self._door.token):
            await socket.close(code=WRONG_TOKEN, message=b"the token is missing or wrong")
            return None
        if self._inside >= self._door.most:
            text = f"{self._inside} visitors are here, more than that are not let in"
            await socket.close(code=TOO_MANY, message=text.encode())
            return None
        return _size(said) or (80, 24)

    async def _visit(
        self, socket: web.WebSocketResponse, where: str, columns: int, rows: int
    ) -> None:
        self._visits += 1
        self._inside += 1
        door, who = self._door, f"browser {self._visits} at {where}"
        environment = {k: v for k, v in door.environment.items() if k not in NOT_HANDED_ON}
        environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", VISITOR: who}
        environment["LC_ALL"] = "C.UTF-8"  # as the browser reads it
        visitor = Visitor(door.command, environment)
        with acting(door.state_dir, "visit", door.context, visitor=who, read_only=door.read_only):
            pass
        try:
            try:
                await visitor.start(columns, rows)
            except OSError as error:  # no process or terminal is left on this machine
                await socket.close(code=TOO_MANY, message=str(error).encode()[:100])
                return
            telling = asyncio.create_task(_tell(visitor, socket), name=who)
            try:
                await _listen(visitor, socket)
            finally:
                telling.cancel()
                with contextlib.suppress(asyncio.CancelledError, ConnectionError):
                    await telling
        finally:
            await visitor.end()
            self._inside -= 1


async def _tell(visitor: Visitor, socket: web.WebSocketResponse) -> None:
    while data := await visitor.take():
        await socket.send_bytes(data)
    await socket.close(code=LEFT, message=b"you have left the room")


async def _listen(visitor: Visitor, socket: web.WebSocketResponse) -> None:
    async for message in socket:
        said = _read(message)
        if isinstance(keys := said.get("keys"), str):
            visitor.type(keys)
        if isinstance(drawn := said.get("drawn"), int):
            visitor.drawn(drawn)
        if (size := _size(said)) is not None:
            visitor.size(*size)


def _read(message: Any) -> dict[str, Any]:
    """What a browser said; nothing where it is no object."""
    if message.type is not WSMsgType.TEXT:
        return {}
    with contextlib.suppress(ValueError, RecursionError):
        said = message.json()
        if isinstance(said, dict):
            return said
    return {}


def _size(said: Mapping[str, Any]) -> tuple[int, int] | None:
    size = said.get("size")
    if isinstance(size, list) and len(size) == 2 and all(type(one) is int for one in size):
        return size[0], size[1]
    return None


def _file(name: str, kind: str) -> Any:
    async def told(_: web.Request) -> web.Response:
        content = (STATIC / name).read_bytes()
        return web.Response(body=content, content_type=kind, charset="utf-8", headers=HEADERS)

    return told
