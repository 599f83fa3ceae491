"""What a child said: its last lines in memory, more of them in a file that is turned over."""

from __future__ import annotations

import asyncio
import os
from collections import deque
from pathlib import Path

LINES = 500
LONGEST_LINE = 16_384
FILE_LIMIT = 1_000_000
_CHUNK = 65_536


class Output:
    """The lines of one child, over all its lives.

    The file holds up to FILE_LIMIT bytes; the one before it is kept as `<name>.1`.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._lines: deque[str] = deque(maxlen=LINES)
        self._file = file
        self._size = file.stat().st_size if file is not None and file.exists() else 0
        self._rest = b""
        self._said = 0
        self._lives: deque[int] = deque([0, 0], maxlen=2)
        """How many lines had been said when the life before, and the present one, began."""

    def tail(self, lines: int, previous: bool = False) -> list[str]:
        """The last lines over all lives, oldest first; those of the life before the present one
        where `previous` is meant."""
        kept = list(self._lines)
        if previous:
            gone = self._said - len(kept)
            first, end = (max(0, begun - gone) for begun in self._lives)
            kept = kept[first:end]
        return kept[-lines:] if lines > 0 else []

    def begin_life(self) -> None:
        """What is said from now on is of another life; one that said nothing is none."""
        if self._said > self._lives[-1]:
            self._lives.append(self._said)

    def last(self) -> str:
        """The last line that is not blank, empty where there is none."""
        return next((line for line in reversed(self._lines) if line.strip()), "")

    async def drain(self, stream: asyncio.StreamReader) -> None:
        """Takes all that comes until the end of the stream."""
        while chunk := await stream.read(_CHUNK):
            self.take(chunk)
        if self._rest:
            self.take(b"\n")

    def take(self, chunk: bytes) -> None:
        """Takes some bytes; a line counts when its end has come."""
        *whole, self._rest = (self._rest + chunk).split(b"\n")
        if len(self._rest) > LONGEST_LINE:
            whole.append(self._rest)
            self._rest = b""
        for line in whole:
            self._lines.append(line[:LONGEST_LINE].decode(errors="replace").rstrip("\r"))
        self._said += len(whole)
        if whole:
            self._write(b"".join(line[:LONGEST_LINE] + b"\n" for line in whole))

    def note(self, line: str) -> None:
        """Adds a line of the supervisor's own."""
        self.take(line.encode() + b"\n")

    def _write(self, data: bytes) -> None:
        if self._file is None:
            return
        try:
            if self._size + len(data) > FILE_LIMIT:
                os.replace(self._file, self._file.with_name(self._file.name + ".1"))
                self._size = 0
            with self._file.open("ab") as file:
                file.write(data)
            self._size += len(data)
        except OSError:
            # A full disk must not stop what the child does; the lines in memory remain.
            self._file = None
