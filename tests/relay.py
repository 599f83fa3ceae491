"""A link between two ports that counts who came by it, and is cut where its block ends."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


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
