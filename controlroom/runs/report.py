"""What the load process reports to the runner: one JSON line four times a second."""

from __future__ import annotations

from dataclasses import dataclass, field

import msgspec


@dataclass(slots=True)
class LoadProgress:
    """What happened since the line before; `sent` and `elapsed` are absolute."""

    elapsed: float = 0.0
    """Seconds since the first request could be sent."""
    sent: int = 0
    took: list[int] = field(default_factory=list)
    """Microseconds from sending to the whole answer, of each request answered with success."""
    late: list[int] = field(default_factory=list)
    """The same from the moment the rate wanted it sent; empty without a rate."""
    acknowledged: list[list[int]] = field(default_factory=list)
    """Request numbers answered with success, as [first, last]."""
    failures: dict[str, int] = field(default_factory=dict)
    """Kind of failure -> how many."""
    users: int = 0
    total: int | None = None
    """Requests that will be sent, where that is known."""
    bound: str = ""
    """What ends the load, once that is decided."""
    final: bool = False
    line_number: int = 0
    """From 1 where lines may have to be read again, 0 where they come by a pipe."""
    error: str = ""
    """Why the load could not be sent at all."""

    def line(self) -> bytes:
        """This progress as one line."""
        return msgspec.json.encode(self) + b"\n"


def parse(line: bytes) -> LoadProgress:
    """The progress of one line. Raises msgspec.DecodeError."""
    return msgspec.json.decode(line, type=LoadProgress)
