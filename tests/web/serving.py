"""A server of rooms within the test's own process."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import psutil
from aiohttp import web

from controlroom.web.server import Door, Server
from tests.waiting import until

TOKEN = "the-token"
PATIENCE = 60.0


@dataclass
class Served:
    """Where it listens, and a client."""

    port: int
    session: aiohttp.ClientSession

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    async def visit(self, token: str = TOKEN, columns: int = 90, rows: int = 30) -> Visit:
        """A visitor who has said the first words of a browser."""
        socket = await self.session.ws_connect(
            f"{self.url}/room", origin=self.url, max_msg_size=0, compress=0
        )
        await socket.send_json({"token": token, "size": [columns, rows]})
        return Visit(socket)


class Visit:
    """One visitor's end: everything that was drawn, and the code by which it was closed."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.drawn = b""
        self.answering = True
        """Whether it says what it has drawn."""
        self._listening = asyncio.create_task(self._listen(), name="visit")

    async def _listen(self) -> None:
        async for message in self.socket:
            self.drawn += message.data
            if self.answering:
                await self.say(drawn=len(message.data))

    async def say(self, **what: Any) -> None:
        """One message of the browser."""
        await self.socket.send_json(what)

    async def shows(self, text: str) -> None:
        """Returns once the text was drawn."""
        await until(lambda: text.encode() in self.drawn, text, PATIENCE)

    async def closed(self) -> tuple[int | None, str]:
        """Waits for the end; the code."""
        await until(self._listening.done, "the socket is closed", PATIENCE)
        return self.socket.close_code, self.drawn.decode(errors="replace")


@contextlib.asynccontextmanager
async def served(state: Path, command: Sequence[str], most: int = 2) -> AsyncIterator[Served]:
    """Serves a command for the length of a block."""
    door = Door(command, TOKEN, state, "local stack", most, environment=dict(os.environ))
    runner = web.AppRunner(Server(door).application(), shutdown_timeout=5)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        async with aiohttp.ClientSession() as session:
            yield Served(port, session)
    finally:
        await runner.cleanup()


def script(text: str) -> tuple[str, ...]:
    """A program in place of the room."""
    return (sys.executable, "-c", text)


def started(word: str) -> list[psutil.Process]:
    """Processes of the test's own that have that word in their command line and live."""
    found = []
    for one in psutil.Process().children():
        # others of this process's children may be on their way out
        with contextlib.suppress(psutil.Error):
            if word in one.cmdline():
                found.append(one)
    return found
