"""Large messages: few at a time are worked at, the others stay with their clients.

Nobody knows how large a message is before it is read. So a client whose last message was large
waits for its turn before the next one is read, and all others are read at once.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import grpc

from services.queues.port import Unavailable
from services.shared.inflight import RETRY_AFTER, Charge
from wire import problems

LARGE = 64 << 10
"""Bytes of a message that are no more than gRPC holds of one that nobody has asked for."""
AT_ONCE = 2
"""Large messages that are worked at: the queue takes one while the next is read."""
_PATIENCE = 5.0
"""Seconds for which a client waits for its turn."""
_SLOW = 1.0
"""Seconds after which a client that still sends no longer holds up the others."""
_REST = 0.1
"""Seconds for which a turn is nobody's after a large message was refused: its client would send
the next one at once, and reading that costs more than refusing it."""
_KNOWN = 1_000
"""Clients that are remembered."""


class NoMessageError(Exception):
    """The client ended its call before it sent anything."""


class LargeMessages:
    """Who sends them, and whose turn it is."""

    def __init__(self) -> None:
        self._senders: dict[str, None] = {}
        self._turns = asyncio.Semaphore(AT_ONCE)

    @contextlib.asynccontextmanager
    async def message(self, context: Any, charge: Charge) -> AsyncIterator[bytes]:
        """The bytes of a call's one message; the turn of a large one ends with the block.

        Raises Unavailable where its turn does not come in time or there is no room for it.
        """
        peer, turn = context.peer(), _Turn(self._turns)
        try:
            if peer in self._senders:
                await turn.take()
            raw = await _read(context, turn)
            self._note(peer, len(raw))
            charge.grow(len(raw))
            if len(raw) > LARGE:
                await turn.take()
            yield raw
        except Exception:
            turn.end(_REST)
            raise
        finally:
            turn.end()

    def _note(self, peer: str, size: int) -> None:
        self._senders.pop(peer, None)
        if size > LARGE:
            self._senders[peer] = None
            if len(self._senders) > _KNOWN:
                del self._senders[next(iter(self._senders))]


class _Turn:
    """One call's, which it has or not."""

    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns
        self.mine = False

    async def take(self) -> None:
        """Wait for it; at once where it was taken. Raises Unavailable."""
        if self.mine:
            return
        try:
            await asyncio.wait_for(self._turns.acquire(), _PATIENCE)
        except TimeoutError:
            raise Unavailable(
                "other large messages are before this one", RETRY_AFTER, problems.TOO_MANY_BYTES
            ) from None
        self.mine = True

    def end(self, rest: float = 0.0) -> None:
        """Somebody else's, after so many seconds."""
        if not self.mine:
            return
        self.mine = False
        if rest:
            asyncio.get_running_loop().call_later(rest, self._turns.release)
        else:
            self._turns.release()


async def _read(context: Any, turn: _Turn) -> bytes:
    """The message; the turn ends meanwhile where its client is slow. Raises NoMessageError."""
    if not turn.mine:
        raw = await context.read()
    else:
        reading = asyncio.ensure_future(context.read())
        try:
            await asyncio.wait((reading,), timeout=_SLOW)
            if not reading.done():
                turn.end()
            raw = await reading
        finally:
            reading.cancel()
    if raw is grpc.aio.EOF:  # type: ignore[attr-defined]  # absent from its stubs
        raise NoMessageError
    found: bytes = raw
    return found
