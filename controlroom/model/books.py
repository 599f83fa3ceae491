"""The books: whether everything that was acknowledged was also counted and stored."""

from __future__ import annotations

from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class Books:
    """Numbers of events since the scenario's topic was made. Formulas: wire.books."""

    scenario: str
    acknowledged: int
    kafka: int
    counted: int
    stored: int
    rejected: int
    in_flight: int
    lost: int
    doubled: int

    @property
    def closed(self) -> bool:
        """Everything arrived, once."""
        return not (self.in_flight or self.lost or self.doubled)

    def to_json(self) -> dict[str, str | int]:
        """The contract of `controlroom books --json`."""
        return asdict(self)


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
