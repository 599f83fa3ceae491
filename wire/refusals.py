"""Which partitions a broker does not give out although it answers.

aiokafka asks such a partition again and again and tells nobody, so it stands still in silence.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from aiokafka import TopicPartition
from aiokafka.errors import for_code


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the broker says in place of the records of one partition."""

    error: str
    """Name and number of Kafka's error code."""
    since: float
    """Moment of the first such answer in a row, on the monotonic clock."""


class Refusals:
    """The last answers of the brokers, by partition."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[TopicPartition, Refusal] = {}

    def note(self, partition: TopicPartition, code: int) -> None:
        """One answer: `code` is its error, 0 where it has records or there are none."""
        if not code:
            self._known.pop(partition, None)
            return
        before = self._known.get(partition)
        since = before.since if before else self._clock()
        self._known[partition] = Refusal(f"{for_code(code).__name__} ({code})", since)

    def lasting(
        self, partitions: Iterable[TopicPartition], seconds: float
    ) -> dict[TopicPartition, str]:
        """Those of the partitions that were refused for so long -> the newest error.

        A leader that moves is refused for a moment too.
        """
        now, wanted = self._clock(), set(partitions)
        self._known = {each: found for each, found in self._known.items() if each in wanted}
        return {
            each: found.error
            for each, found in sorted(self._known.items())
            if now - found.since >= seconds
        }
