"""A server that does nothing: reads requests by HTTP/1.1 and answers 201 at once, or stalls.

`python -m bench.trivial [EVERY LENGTH]` says its port on stdout and goes on until stdin ends.
With arguments it stops for LENGTH seconds every EVERY seconds, which all of its connections feel.
On stdin's end it says how many requests it has answered.
"""

from __future__ import annotations

import asyncio
import sys
import time
from typing import cast

import uvloop

ANSWER = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


class _Connection(asyncio.Protocol):
    answered = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._buffer = b""

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        while True:
            head, found, body = self._buffer.partition(b"\r\n\r\n")
            length = _length(head)
            if not found or len(body) < length:
                return
            self._buffer = body[length:]
            _Connection.answered += 1
            self._transport.write(ANSWER)


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


async def _stalling(every: float, length: float) -> None:
    while True:
        await asyncio.sleep(every - length)
        time.sleep(length)  # noqa: ASYNC251 - a stop of everything is what is wanted


async def _serve(stall: list[float]) -> None:
    loop = asyncio.get_running_loop()
    server = await loop.create_server(_Connection, "127.0.0.1", 0, backlog=4096)
    print(server.sockets[0].getsockname()[1], flush=True)
    stalling = asyncio.create_task(_stalling(*stall)) if stall else None
    await loop.run_in_executor(None, sys.stdin.read)
    if stalling is not None:
        stalling.cancel()
    print(_Connection.answered, flush=True)


if __name__ == "__main__":
    uvloop.run(_serve([float(one) for one in sys.argv[1:]]))
