"""One visitor's terminal: a room of its own in a pty, which ends when the visitor leaves.

The room is the same program as in any terminal. It notices a terminal that does not take its
frames and draws none meanwhile, so nothing queues here: output is read from the pty only as fast as
the browser says that it has drawn it.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import os
import pty
import signal
import struct
import termios
from collections.abc import Mapping, Sequence

from host import leash

CHUNK = 16_384
AHEAD = 131_072
"""Bytes that a browser may have been sent and not drawn yet."""
TYPED = 65_536
"""Bytes of keys that a room may not have taken yet."""
LEAVING = 5.0
"""Seconds in which a room has to end once its terminal is gone."""
LEAST, MOST = (20, 5), (500, 200)
"""Columns and rows between which a size is taken."""


class Visitor:
    """A process in a terminal of `columns` x `rows`. `take` gives its output."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._command = command
        self._environment = environment
        self._terminal = -1
        self._process: asyncio.subprocess.Process | None = None
        self._typed = bytearray()
        self._ahead = 0
        self._drawn = asyncio.Event()
        self._drawn.set()
        self._ready = asyncio.Event()

    async def start(self, columns: int, rows: int) -> None:
        """Starts the process. Raises OSError."""
        self._terminal, inner = pty.openpty()
        os.set_blocking(self._terminal, False)
        self.size(columns, rows)
        try:
            self._process = await asyncio.create_subprocess_exec(
                *leash.command(*self._command),
                stdin=inner,
                stdout=inner,
                stderr=inner,
                env=dict(self._environment),
                start_new_session=True,
                preexec_fn=_own_terminal,
            )
        finally:
            os.close(inner)

    def size(self, columns: int, rows: int) -> None:
        """Tells the process the size of its terminal."""
        columns = min(max(columns, LEAST[0]), MOST[0])
        rows = min(max(rows, LEAST[1]), MOST[1])
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text: str) -> None:
        """Hands keys on. Of a room that takes none, so many are kept and the others dropped."""
        self._typed += text.encode(errors="replace")
        del self._typed[TYPED:]
        self._hand_on()

    def _hand_on(self) -> None:
        if self._terminal < 0:
            return
        loop = asyncio.get_running_loop()
        try:
            del self._typed[: os.write(self._terminal, self._typed)]
        except BlockingIOError:
            pass
        except OSError:  # the process has ended
            self._typed.clear()
        if self._typed:
            loop.add_writer(self._terminal, self._hand_on)
        else:
            loop.remove_writer(self._terminal)

    def drawn(self, count: int) -> None:
        """The browser has drawn so many bytes."""
        self._ahead = max(0, self._ahead - max(0, count))
        if self._ahead < AHEAD:
            self._drawn.set()

    async def take(self) -> bytes:
        """The next output, once the browser can take it; empty when the process has ended."""
        await self._drawn.wait()
        loop = asyncio.get_running_loop()
        while True:
            # cleared before it is read: what comes in between sets it again
            self._ready.clear()
            try:
                data = os.read(self._terminal, CHUNK)
                break
            except BlockingIOError:
                loop.add_reader(self._terminal, self._ready.set)
                await self._ready.wait()
                loop.remove_reader(self._terminal)
            except OSError:  # the last process that had the terminal has ended
                return b""
        self._ahead += len(data)
        if self._ahead >= AHEAD:
            self._drawn.clear()
        return data

    async def end(self) -> int:
        """Takes the terminal away and waits for the process; its exit code."""
        if self._terminal >= 0:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._terminal)
            loop.remove_writer(self._terminal)
            os.close(self._terminal)
            self._terminal = -1
        process = self._process
        if process is None:
            return 0
        try:
            async with asyncio.timeout(LEAVING):
                return await process.wait()
        except TimeoutError:
            # with all that it started in its terminal; runs have sessions of their own
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            return await process.wait()


def _own_terminal() -> None:
    fcntl.ioctl(0, termios.TIOCSCTTY, 0)
