"""The HTTP/1.1 connection of a producer, byte by byte, with a real one at the other end."""

from __future__ import annotations

import asyncio
import json

import uvicorn
from uvicorn.server import ServerState

from services.shared.guard import guarded
from services.shared.limits import Limits
from services.shared.web import Message, Receive, Send, answer
from tests.producers.running import Producers, Service
from tests.producers.test_http import GOOD

EVENT = json.dumps(GOOD["bands"]).encode()
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


async def opened(service: Service) -> Streams:
    """A connection to the service."""
    return await asyncio.open_connection("127.0.0.1", int(service.env["HTTP_PORT"]))


async def status(reader: asyncio.StreamReader, *, body: bool = True) -> int:
    """Reads one whole answer."""
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode().lower()
    length = head.partition("content-length: ")[2].split("\r\n")[0]
    if body and length:
        await reader.readexactly(int(length))
    return int(head.split()[1])


def post(body: bytes, *more: str, version: str = "1.1", target: str = "/input") -> bytes:
    """One request."""
    lines = [f"POST {target} HTTP/{version}", "Host: x", f"Content-Length: {len(body)}", *more]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def test_requests_of_every_form_share_a_connection(cast: Producers) -> None:
    service = await cast.start("services.producer_http")
    reader, writer = await opened(service)
    # sent ahead: answered in order, the bad one too
    writer.write(post(EVENT) + post(b"no json") + post(EVENT, target="/input?a=b"))
    assert [await status(reader) for _ in range(3)] == [201, 400, 201]
    for byte in post(EVENT, target="http://x/%69nput"):
        writer.write(bytes([byte]))
        await writer.drain()
    assert await status(reader) == 201
    writer.write(b"POST /input HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
    for piece in (EVENT[:9], EVENT[9:], b""):
        writer.write(b"%x\r\n%s\r\n" % (len(piece), piece))
        await writer.drain()
    assert await status(reader) == 201
    whole = post(EVENT, "Expect: 100-continue")
    writer.write(whole[: -len(EVENT)])
    assert await status(reader) == 100
    writer.write(EVENT)
    assert await status(reader) == 201
    writer.write(b"HEAD /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n")
    assert await status(reader, body=False) == 200
    large = b"[" + b",".join([EVENT] * 9_000) + b"]"
    writer.write(post(large))
    assert await status(reader) == 201
    writer.write(post(EVENT, "Connection: close"))
    assert await status(reader) == 201
    assert await reader.read() == b""
    writer.close()
    await cast.events(6 + 9_000)


async def test_an_old_client_is_hung_up_on(cast: Producers) -> None:
    service = await cast.start("services.producer_http")
    reader, writer = await opened(service)
    writer.write(post(EVENT, version="1.0"))
    assert await status(reader) == 201
    assert await reader.read() == b""
    writer.close()


async def test_a_client_that_leaves_in_its_body_harms_nobody(cast: Producers) -> None:
    service = await cast.start("services.producer_http")
    _, writer = await opened(service)
    writer.write(post(EVENT)[:-3])
    await writer.drain()
    writer.close()
    await writer.wait_closed()
    reader, writer = await opened(service)
    writer.write(post(EVENT))
    assert await status(reader) == 201
    writer.close()
    await cast.events(1)


async def test_a_connection_rests_for_so_long_and_no_longer() -> None:
    async def app(scope: Message, receive: Receive, send: Send) -> None:
        await answer(send, 200, b"{}")

    state, loop = ServerState(), asyncio.get_running_loop()
    protocol = guarded(Limits(), whole=True)
    config = uvicorn.Config(app, http=protocol, lifespan="off", log_config=None)
    server = await loop.create_server(
        lambda: protocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
    )
    async with server:
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        writer.write(post(EVENT))
        assert await status(reader) == 200
        (connection,) = state.connections
        assert isinstance(connection, protocol)
        connection.expire(loop.time() + config.timeout_keep_alive - 1)
        writer.write(post(EVENT))
        assert await status(reader) == 200
        connection.expire(loop.time() + config.timeout_keep_alive + 1)
        assert await reader.read() == b""
        writer.close()
