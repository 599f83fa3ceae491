"""A link between two ports that counts who came by it, and is cut where its block ends."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

RESET = struct.pack("ii", 1, 0)
"""Linger of a socket whose end is a reset."""


class Link:
    """A way to a port of loopback on which all connections can be reset."""

    def __init__(self, upstream: int) -> None:
        self.port = 0
        self._upstream = upstream
        self._near: list[asyncio.StreamWriter] = []

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, in a task of its own."""
        self._near.append(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._upstream)
        pumps = (_pump(reader, far_writer), _pump(far_reader, writer))
        await asyncio.gather(*pumps, return_exceptions=True)
        far_writer.close()

    def reset(self) -> int:
        """Resets all that are open; how many those were."""
        living = [writer for writer in self._near if not writer.is_closing()]
        for writer in living:
            near: socket.socket = writer.get_extra_info("socket")
            near.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
            writer.transport.abort()
        self._near.clear()
        return len(living)


@asynccontextmanager
async def link(upstream: int) -> AsyncIterator[Link]:
    """A link that listens on a port of its own."""
    made = Link(upstream)
    server = await asyncio.start_server(made.carry, "127.0.0.1", 0)
    made.port = server.sockets[0].getsockname()[1]
    try:
        yield made
    finally:
        server.close()
        made.reset()


@asynccontextmanager
async def relay(listen: int, upstream: int) -> AsyncIterator[list[object]]:
    """Carries bytes both ways; the list holds one entry per connection."""
    came: list[object] = []
    open_ends: set[asyncio.StreamWriter] = set()

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        came.append(writer.get_extra_info("peername"))
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", upstream)
        ends = {writer, far_writer}
        open_ends.update(ends)
        pumps = (_pump(reader, far_writer), _pump(far_reader, writer))
        await asyncio.gather(*pumps, return_exceptions=True)
        open_ends.difference_update(ends)

    server = await asyncio.start_server(carry, "127.0.0.1", listen)
    try:
        yield came
    finally:
        server.close()
        for end in open_ends:
            end.transport.abort()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
