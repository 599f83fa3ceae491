"""The event loop of the services that carry most: uvloop, with the errors that clients know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterable
from typing import Any

import uvloop

Buffer = bytes | bytearray | memoryview


def run(work: Coroutine[Any, Any, int]) -> int:
    """Runs it to its end; its answer."""
    return uvloop.run(work, loop_factory=Loop)


class Loop(uvloop.Loop):
    """Writing to a connection that was reset raises ConnectionResetError.

    uvloop raises RuntimeError, which no client of Redis or Kafka takes for a connection that is
    gone: instead of connecting again, what had asked would die of it.
    """

    async def create_connection(
        self, protocol_factory: Callable[[], asyncio.BaseProtocol], *args: Any, **options: Any
    ) -> tuple[Any, Any]:
        """As any event loop does it."""
        transport, protocol = await super().create_connection(protocol_factory, *args, **options)
        return _Transport(transport), protocol


class _Transport:
    """A transport that says that its connection is gone, in the word of the standard library."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: Buffer) -> None:
        """Writes it some time; raises ConnectionResetError where nobody can read it any more."""
        try:
            self._transport.write(data)
        except RuntimeError as error:
            self._gone(error)

    def writelines(self, data: Iterable[Buffer]) -> None:
        """The same for several."""
        try:
            self._transport.writelines(data)
        except RuntimeError as error:
            self._gone(error)

    def _gone(self, error: RuntimeError) -> None:
        if not self._transport.is_closing():
            raise error
        raise ConnectionResetError("the connection is closed") from error
