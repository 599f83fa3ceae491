"""What the books panel shows: the books, and how long events queued."""

from __future__ import annotations

from dataclasses import dataclass

from wire.books import Books

__all__ = ["Books", "BooksSample", "QueueTime"]


@dataclass(frozen=True, slots=True)
class QueueTime:
    """Time from produced to stored over recent documents, milliseconds."""

    p50: float
    p95: float
    p99: float
    count: int


@dataclass(frozen=True, slots=True)
class BooksSample:
    """The books with what the panel shows beside them."""

    books: Books
    queue_time: QueueTime | None = None
    limit: str = ""
    """What keeps the pipeline from going faster: one of model.limit.PARTS, or empty."""
    seconds_left: float | None = None
    """How long it will take to count the documents that are not counted yet; None where there are
    none, or where nothing was counted here yet that would tell."""

    @property
    def audited(self) -> float:
        """The share of the documents that is counted, 0 to 1."""
        handled = self.books.taken - self.books.in_flight
        return max(0.0, 1 - self.books.unaudited / handled) if handled > 0 else 1.0
