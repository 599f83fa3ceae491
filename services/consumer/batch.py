"""Records of one partition on their way into the stores, and the port behind which those are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

Abandoned = Callable[[], bool]
"""Says whether the work in hand is no longer ours to finish."""


class Record(Protocol):
    """What is read of one record; Kafka's client and the hop both have it."""

    @property
    def offset(self) -> int:
        """Its place in the partition."""

    @property
    def timestamp(self) -> int:
        """Produced, ms since the epoch."""

    @property
    def key(self) -> bytes | None:
        """None where it has none."""

    @property
    def value(self) -> bytes | None:
        """None where it has none."""

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]:
        """Names and values, in order."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Consecutive records of one partition of one life of a topic."""

    topic: str
    topic_id: str
    partition: int
    believed: int
    """The fence that these records follow."""
    last: int
    """The fence once they are counted; it may lie beyond the last record."""
    records: Sequence[Record] = ()
    gaps: int = 0
    """Offsets in (believed, last] that never held a record."""
    end: int = 0
    """The end of the partition's log, as far as known."""


class Verdict(NamedTuple):
    """What became of a batch."""

    counted: bool
    fence: int
    """The fence as it is now."""
    failed: int
    """Writes that Redis would not do, because the key holds something else or is full."""


class Sink(Protocol):
    """Where batches end: documents, counters and fences. It asks until it is answered.

    Both raise AbandonedError once `abandoned` says so.
    """

    async def fences(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        """The fence of each field; -1 where nothing was counted."""

    async def apply(self, batches: Sequence[Batch], abandoned: Abandoned) -> list[Verdict]:
        """Stores and counts each batch, or has it refused by its fence. Safe to repeat."""
