"""A real terminal for tests and benches: a pty, a child, and the screen that it draws."""

from __future__ import annotations

import contextlib
import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import threading
import time
from collections.abc import Mapping, Sequence
from types import TracebackType

import psutil
import pyte


class Terminal:
    """Runs one program in a pty of `columns` x `rows` and keeps its screen up to date."""

    def __init__(
        self,
        argv: Sequence[str],
        env: Mapping[str, str],
        columns: int = 120,
        rows: int = 40,
    ) -> None:
        self.started = time.perf_counter()
        self.first_byte: float | None = None
        self.received = 0
        self.chunks: list[tuple[float, bytes]] = []
        self._screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self._screen)
        self._lock = threading.Lock()
        self.pid, self._fd = pty.fork()
        if self.pid == 0:
            # which readline exports, and programs believe more than their terminal
            own = {k: v for k, v in env.items() if k not in ("LINES", "COLUMNS")}
            os.execvpe(argv[0], list(argv), {**own, "TERM": "xterm-256color"})
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, size)
        self._woken, self._wake = os.pipe()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()

    def __enter__(self) -> Terminal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _read(self) -> None:
        while True:
            ready = select.select([self._fd, self._woken], [], [])[0]
            if self._woken in ready:
                return
            try:
                data = os.read(self._fd, 65536)
            except OSError:
                return
            if not data:
                return
            now = time.perf_counter()
            self.first_byte = self.first_byte or now
            self.received += len(data)
            self.chunks.append((now, data))
            with self._lock:
                self._stream.feed(data)

    def send(self, keys: str) -> None:
        """Types the keys."""
        os.write(self._fd, keys.encode())

    def resize(self, columns: int, rows: int) -> None:
        """Gives the terminal another size, as a window does."""
        with self._lock:
            self._screen.resize(rows, columns)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def text(self) -> str:
        """What the screen shows now."""
        with self._lock:
            return "\n".join(line.rstrip() for line in self._screen.display)

    def until(self, pattern: str, timeout: float = 30.0) -> re.Match[str]:
        """Waits until the screen shows the pattern; AssertionError shows the screen."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            if found := re.search(pattern, self.text()):
                return found
            time.sleep(0.02)
        raise AssertionError(f"{pattern!r} did not appear within {timeout} s:\n{self.text()}")

    def until_gone(self, pattern: str, timeout: float = 30.0) -> None:
        """Waits until the screen no longer shows the pattern; AssertionError shows the screen."""
        deadline = time.monotonic() + timeout
        while re.search(pattern, self.text()):
            assert time.monotonic() < deadline, f"{pattern!r} stays:\n{self.text()}"
            time.sleep(0.02)

    def ended(self, timeout: float = 30.0) -> int:
        """Waits for the child; its exit code, or minus the signal."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.pid = 0
                return os.waitstatus_to_exitcode(status)
            time.sleep(0.02)
        raise AssertionError(f"still running after {timeout} s:\n{self.text()}")

    def cpu_seconds(self) -> float:
        """User and system time of the program and its children."""
        root = psutil.Process(self.pid)
        total = 0.0
        for process in [root, *root.children(recursive=True)]:
            with contextlib.suppress(psutil.NoSuchProcess):
                times = process.cpu_times()
                total += times.user + times.system
        return total

    def hang_up(self) -> None:
        """Closes the terminal under the program, as a lost window or connection does."""
        # a number that is closed under a reading thread may be somebody else's by the next read
        os.write(self._wake, b".")
        self._reader.join()
        for number in (self._fd, self._woken, self._wake):
            os.close(number)
        self._fd = -1

    def close(self) -> None:
        """Ends the child if it still runs, and lets the pty go."""
        if self.pid:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGTERM)
            with contextlib.suppress(AssertionError):
                self.ended(5)
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self.pid = 0
        if self._fd >= 0:
            self.hang_up()
