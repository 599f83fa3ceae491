"""Whether the log of a partition still holds what was counted of it.

A broker answers with the end of its log only as the leader, and never with less than it had when it
became that. So an end below the committed offset means that the log was cut, and a log is cut only
between two leader epochs: where the records of the epoch that the committed offset remembers end
before the committed offset, the offsets behind have been given to other records. That holds too
when the log has grown beyond the committed offset again. The record at the committed offset is the
witness: while it is the one that was counted, a leader epoch that was noted too late has misled us.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from services.shared import logline
from wire.lives import Part, Stand
from wire.topics import OffsetReader

_SURE_AFTER = 1.0
"""Seconds for which an end below the committed offset has to last, where no leader epoch is
remembered."""
_PATIENCE = 30.0
"""The same where the leader epochs say that nothing can have been cut: a leader that was replaced
and does not know it yet, or a cluster whose own records were set back."""

Witness = Callable[[Part, int], Awaitable[str]]
"""Fingerprint of the record at an offset; empty where there is none."""


class DoubtError(Exception):
    """It is not certain yet whether the log was cut; ask again."""


@dataclass(frozen=True, slots=True)
class Tail:
    """The log of a partition, beside what was counted of it."""

    stand: Stand
    end: int
    """Offset that the next record gets."""
    known: int
    """Where the records of the committed offset's leader epoch end; -1 where that says nothing."""
    epoch: int = -1
    """Leader epoch in which it was read."""


class Tails:
    """Finds logs that were cut below the committed offset."""

    def __init__(self, offsets: OffsetReader, clock: Callable[[], float] = time.monotonic) -> None:
        self._offsets = offsets
        self._clock = clock
        self._doubts: dict[Part, float] = {}

    async def read(self, name: str, stands: Sequence[Stand]) -> list[Tail]:
        """The logs of partitions of a topic, whose committed offsets were read before; those that
        the topic does not have, or that are of an earlier topic of that name, are left out.

        Raises KafkaError.
        """
        # looked up at each attempt: a leader answers only whoever knows its epoch
        topic = await self._offsets.topic(name)
        ours = [
            s for s in stands if s.life.topic_id == topic.id and s.life.partition in topic.epochs
        ]
        counted = [stand for stand in ours if stand.committed >= stand.life.base]
        epochs = {s.life.partition: s.mark.epoch for s in counted if s.mark.epoch >= 0}
        known = await self._offsets.epoch_ends(topic, epochs) if epochs else {}
        ends = await self._offsets.ends_of(topic) if counted else {}
        tails = []
        for stand in ours:
            number = stand.life.partition
            epoch, end = topic.epochs[number], ends.get(number, stand.committed + 1)
            before = known.get(number, -1) if stand.mark.epoch != epoch else -1
            tails.append(Tail(stand, end, before, epoch))
        return tails

    async def cut(self, tail: Tail, witness: Witness) -> int | None:
        """Where the log was cut below the committed offset; None where it was not. Raises
        DoubtError."""
        stand, end = tail.stand, tail.end
        part, committed = stand.life.part, stand.committed
        replaced = 0 <= tail.known <= committed
        if committed < stand.life.base or (end > committed and not replaced):
            self._doubts.pop(part, None)
            return None
        if not replaced:
            self._doubt(part, end, committed, _SURE_AFTER if stand.mark.epoch < 0 else _PATIENCE)
        elif end > committed and await witness(part, committed) == (stand.mark.fingerprint or None):
            return None
        self._doubts.pop(part, None)
        return min(end, tail.known) if replaced else end

    def _doubt(self, part: Part, end: int, committed: int, seconds: float) -> None:
        """Returns once the same was seen for so long."""
        if part not in self._doubts:
            self._doubts[part] = self._clock()
            logline.warning(
                "the log ends before the committed offset",
                partition=f"{part.topic}:{part.partition}",
                end=end,
                committed=committed,
            )
        if self._clock() - self._doubts[part] < seconds:
            raise DoubtError
