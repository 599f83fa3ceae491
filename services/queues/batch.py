"""Records of one partition on their way into the stores, and the port behind which those are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol, TypeVar

from wire.batches import Unreadable
from wire.lives import Mark, Part, Stand, fingerprint

Abandoned = Callable[[], bool]
"""Says whether the work in hand is no longer ours to finish."""


class Record(Protocol):
    """What is read of one record; Kafka's client and the bridge both have it."""

    @property
    def offset(self) -> int:
        """Its position in the partition."""

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
    """Id of the topic, or of a later life of the partition (see `wire.keys.life_id`)."""
    partition: int
    expected: int
    """The committed offset that these records follow."""
    last: int
    """The committed offset once they are counted; it may lie beyond the last record."""
    records: Sequence[Record] = ()
    gaps: int = 0
    """Offsets in (expected, last] that never held a record."""
    end: int = 0
    """The end of the partition's log, as far as known."""
    epoch: int = -1
    """Leader epoch in which the records were read; -1 where it is not known."""
    lost: bool = False
    """Whether the gaps, then all of (expected, last], held records that nobody has any more."""

    @property
    def mark(self) -> Mark:
        """What is remembered of the record at its last offset."""
        if not self.records or self.records[-1].offset != self.last:
            return Mark(self.epoch, "")
        record = self.records[-1]
        return Mark(self.epoch, fingerprint(record.timestamp, record.value))


def offsets_of(records: Sequence[Record], expected: int) -> int:
    """Offsets behind `expected` that records stand for: one each, and all of what is unreadable."""
    beyond = sum(each.beyond(expected) for each in records if isinstance(each, Unreadable))
    return len(records) + beyond


class Verdict(NamedTuple):
    """What became of a batch."""

    counted: bool
    committed: int
    """The committed offset as it is now."""
    failed: int
    """Writes that Redis would not do, because the key holds something else or is full."""


def reached(verdict: Verdict, batch: Batch) -> bool:
    """Whether the batch is counted: now, or by an attempt whose answer got lost."""
    return verdict.counted or verdict.committed == batch.last


class Prepared(Protocol):
    """A batch that is ready to be stored; whatever else it holds is its sink's own."""

    @property
    def batch(self) -> Batch:
        """The batch."""


P = TypeVar("P", bound=Prepared)


class Sink(Protocol[P]):
    """Where batches end: documents, counters and committed offsets. It asks until it is answered.

    Each raises AbandonedError once `abandoned` says so.
    """

    async def committed_offsets(self, fields: Sequence[str], abandoned: Abandoned) -> list[int]:
        """The committed offset of each field; -1 where nothing was counted."""

    async def stands(self, parts: Sequence[Part], abandoned: Abandoned) -> list[Stand]:
        """How far the present life of each partition is counted."""

    async def open(self, before: Stand, base: int, abandoned: Abandoned) -> Stand:
        """The life after `before`, from `base` on where nobody has opened it yet."""

    async def prepare(self, batch: Batch, abandoned: Abandoned) -> P:
        """What of the work can be done while the batch before is still on its way."""

    async def store(self, prepared: Sequence[P], abandoned: Abandoned) -> None:
        """Writes the documents of batches; they may lie beyond the committed offset. Safe to
        repeat."""

    async def count(self, prepared: Sequence[P], abandoned: Abandoned) -> list[Verdict]:
        """Counts stored batches, each only where its committed offset stands. Safe to repeat."""
