"""An HTTP server that sleeps until it is asked, or is to end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator

import uvicorn


class Server(uvicorn.Server):
    """Signals belong to its process, which may have more to end than this server.

    uvicorn looks ten times a second whether it is to end, and puts together a date that no answer
    of ours has; this one waits for `end`.
    """

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._over = asyncio.Event()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Takes none."""
        yield

    def end(self) -> None:
        """Finish what is under way, and end."""
        self.should_exit = True
        self._over.set()

    async def main_loop(self) -> None:
        """Returns when it is to end."""
        await self.on_tick(0)
        await self._over.wait()
