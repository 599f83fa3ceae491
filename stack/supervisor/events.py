"""What happened, numbered, the newest thousand."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import asdict, dataclass
from typing import Any

KEPT = 1000


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened to one object. `at` is in seconds since the epoch."""

    seq: int
    at: float
    kind: str
    object: str
    reason: str
    message: str

    def to_json(self) -> dict[str, Any]:
        """The event as the API answers it."""
        return asdict(self)


class Events:
    """A ring of events."""

    def __init__(self) -> None:
        self._ring: deque[Event] = deque(maxlen=KEPT)
        self.last = 0

    def add(self, kind: str, obj: str, reason: str, message: str = "") -> None:
        """Notes one."""
        self.last += 1
        self._ring.append(Event(self.last, time.time(), kind, obj, reason, message))

    def after(self, seq: int) -> list[Event]:
        """Those with a greater number, oldest first."""
        return [event for event in self._ring if event.seq > seq]
