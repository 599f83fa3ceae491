"""Ports of pods on loopback: a listener that stays, and a stream of its own for each connection."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from controlroom.targets.abilities import TargetError
from controlroom.targets.kubernetes.api import Api
from controlroom.targets.kubernetes.resources import PODS
from wire.ending import end

if TYPE_CHECKING:
    import aiohttp

PROTOCOL = "v4.channel.k8s.io"
DATA, ERROR = 0, 1
"""Channels of the one forwarded port; each begins with two bytes that repeat its number."""
CHUNK = 1 << 16
HOST = "127.0.0.1"


class Away(TargetError):
    """There is no pod to forward to just now."""


Place = tuple[str, str, int]
"""Namespace, pod and port."""
Choose = Callable[[], Awaitable[Place]]
"""Where the next connection goes. Raises TargetError where there is nothing."""


class PortForward:
    """One listener. A connection that cannot be forwarded is closed, so that clients try again."""

    def __init__(self, api: Api, choose: Choose) -> None:
        self._api = api
        self._choose = choose
        self._server: asyncio.Server | None = None
        self._open: set[asyncio.Task[None]] = set()
        self.trouble = ""
        """Why the last connection was not forwarded; empty when it was."""

    async def start(self) -> str:
        """Listens on a free port; answers `host:port`, the same for as long as it lives."""
        if self._server is None:
            self._server = await asyncio.start_server(self._serve, HOST, 0, limit=CHUNK)
        return f"{HOST}:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Ends the listener and all connections."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await end(self._open)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            namespace, pod, port = await self._choose()
            path = PODS.path(namespace, pod, "portforward")
            async with self._api.websocket(path, {"ports": str(port)}, PROTOCOL) as stream:
                self.trouble = ""
                await _joined(stream, reader, writer)
        except (TargetError, OSError) as error:
            self.trouble = str(error)
        except asyncio.CancelledError:
            # the server's own tasks are nobody's to await: their end must stay silent
            return
        finally:
            self._open.discard(task)
            with contextlib.suppress(OSError, RuntimeError):
                writer.close()


async def _joined(
    stream: aiohttp.ClientWebSocketResponse,
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
) -> None:
    """Carries bytes both ways until one side ends."""
    ways = [
        asyncio.create_task(_out(stream, reader)),
        asyncio.create_task(_in(stream, writer)),
    ]
    try:
        done, _ = await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(ways)
    for way in done:
        way.result()


async def _out(stream: aiohttp.ClientWebSocketResponse, reader: asyncio.StreamReader) -> None:
    while chunk := await reader.read(CHUNK):
        await stream.send_bytes(bytes([DATA]) + chunk)


async def _in(stream: aiohttp.ClientWebSocketResponse, writer: asyncio.StreamWriter) -> None:
    begun: set[int] = set()
    async for message in stream:
        if not isinstance(message.data, bytes) or not message.data:
            continue
        channel, data = message.data[0], message.data[1:]
        if channel not in begun:
            begun.add(channel)
            data = data[2:]
        if channel == ERROR and data:
            raise Away(f"The pod's port does not answer: {data.decode(errors='replace').strip()}")
        if data:
            writer.write(data)
            await writer.drain()
