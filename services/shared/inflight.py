"""The bytes of bodies that one process holds, bounded together over all connections."""

from __future__ import annotations

from types import TracebackType

from services.queues.port import Unavailable
from wire import problems

UNCHARGED = 16 << 10
"""A body of no more bytes is always taken: connections are bounded in number."""
RETRY_AFTER = 1
"""Seconds until there may be room again."""


class InFlight:
    """How many bytes may be held, and how many are."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.held = 0

    def charge(self) -> Charge:
        """What one request holds, until its block ends."""
        return Charge(self)


class Charge:
    """The bytes of one request."""

    __slots__ = ("_all", "held")

    def __init__(self, all_: InFlight) -> None:
        self._all = all_
        self.held = 0

    def grow(self, size: int) -> None:
        """Hold that many bytes in all. Raises Unavailable where there is no room for them."""
        more = size - self.held
        if size <= UNCHARGED or more <= 0:
            return
        if self._all.held + more > self._all.most:
            raise Unavailable(
                f"{self._all.held} bytes of bodies are under way, at most {self._all.most} may be",
                RETRY_AFTER,
                problems.TOO_MANY_BYTES,
            )
        self._all.held += more
        self.held = size

    def release(self) -> None:
        """Hold nothing any more."""
        self._all.held -= self.held
        self.held = 0

    def __enter__(self) -> Charge:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.release()
