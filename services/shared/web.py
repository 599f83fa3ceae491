"""A small HTTP server around one ASGI application, bound before it answers."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from typing import Any

import uvicorn

from services.shared.guard import guarded, sweep
from services.shared.limits import Limits
from services.shared.settings import SettingsError
from wire.serving import Server

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Message, Receive, Send], Awaitable[None]]
Headers = tuple[tuple[bytes, bytes], ...]


def bind(host: str, port: int, variable: str) -> socket.socket:
    """A bound socket; SettingsError naming `variable` where the address is taken."""
    try:
        bound = socket.create_server((host, port), backlog=2048, reuse_port=False)
        # asyncio sets it only on sockets that name their protocol; accepted ones inherit it
        bound.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return bound
    except OSError as error:
        raise SettingsError(
            f"cannot listen on {host}:{port}: {error.strerror or error}",
            f"free the port, or set {variable} (and POD_IP) to an address of this pod",
        ) from error


@contextlib.asynccontextmanager
async def serving(
    app: App,
    host: str,
    port: int,
    variable: str,
    limits: Limits | None = None,
    *,
    whole: bool = False,
) -> AsyncIterator[None]:
    """Serve `app` while the block runs; at its end finish what is under way (10 s at most).

    `whole`: it sends every answer by `answer`, as a head and one body, which costs half as much.
    """
    bound = bind(host, port, variable)
    server = Server(
        uvicorn.Config(
            app,
            http=guarded(limits or Limits(), whole=whole),
            interface="asgi3",
            proxy_headers=False,
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            server_header=False,
            date_header=False,
            timeout_keep_alive=75,
            timeout_graceful_shutdown=10,
        )
    )
    task = asyncio.create_task(server.serve(sockets=[bound]), name=f"http {host}:{port}")
    sweeping = asyncio.create_task(sweep(server.server_state.connections), name="overdue requests")
    try:
        while not server.started and not task.done():
            await asyncio.sleep(0.005)
        yield
    finally:
        server.end()
        await asyncio.wait([task])
        sweeping.cancel()
        bound.close()


async def answer(
    send: Send,
    status: int,
    body: bytes,
    kind: bytes = b"application/json",
    headers: Headers = (),
) -> None:
    """Send one whole answer."""
    size = str(len(body)).encode()
    await send(
        {
            "type": "http.response.start",
            "status": status,
            "headers": [(b"content-type", kind), (b"content-length", size), *headers],
        }
    )
    await send({"type": "http.response.body", "body": body})
