"""Ids that clients give, so that what they send again counts once."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from zlib import crc32

from scenarios.events import FieldError
from services.shared.ids import KEY_NAME
from wire import keys

REUSED = FieldError(KEY_NAME, "was given before, for another event")
"""What is wrong with an event whose id belongs to another one."""


@dataclass(frozen=True, slots=True)
class Dedup:
    """How much of the past is remembered, whichever is reached first."""

    seconds: int = 600
    """Longest time between an event and its repetition."""
    most: int = 20_000
    """Ids of one partition."""


def slot_of(event_id: bytes) -> int:
    """Where an id belongs, 0 to PARTITIONS - 1.

    The number of partitions that a topic once had is left out of it, so that partitions that
    are added send no id elsewhere.
    """
    return crc32(event_id) % keys.PARTITIONS


class Uses:
    """What each id was given for lately, as far as this process was told."""

    def __init__(self, bounds: Dedup, clock: Callable[[], float] = time.monotonic) -> None:
        self._bounds = bounds
        self._clock = clock
        self._uses: OrderedDict[str, tuple[int, float]] = OrderedDict()

    def fits(self, event_id: str, value: bytes) -> bool:
        """Whether the id is new, or was given for the same event; it is remembered."""
        now, mark = self._clock(), hash(value)
        self._forget(now)
        return self._uses.setdefault(event_id, (mark, now))[0] == mark

    def _forget(self, now: float) -> None:
        while self._uses:
            _, since = next(iter(self._uses.values()))
            if now - since <= self._bounds.seconds and len(self._uses) < self._bounds.most:
                break
            self._uses.popitem(last=False)
