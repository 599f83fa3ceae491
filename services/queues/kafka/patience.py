"""How long the broker may hold a fetch back for news: long only while nothing comes."""

from __future__ import annotations

import time
from collections.abc import Callable

from aiokafka import AIOKafkaConsumer

BUSY_MS = 100
"""A fetch that asks only for partitions without news keeps the others waiting for so long."""
QUIET_MS = 500
QUIET_AFTER = 3.0
"""Seconds without a record after which nobody is kept waiting, and asking ten times a second is
most of what an idle consumer, its link and its broker do."""


class Patience:
    """Sets the wait of the fetches that a consumer sends from now on."""

    def __init__(
        self, consumer: AIOKafkaConsumer, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._consumer = consumer
        self._clock = clock
        self._last = clock()

    @property
    def quiet(self) -> bool:
        """Whether nothing has come for a while."""
        return self._clock() - self._last > QUIET_AFTER

    def note(self, came: bool) -> None:
        """Whether the newest turn had records."""
        if came:
            self._last = self._clock()
        # aiokafka takes the figure at its start only, and reads it anew for each fetch
        fetcher = getattr(self._consumer, "_fetcher", None)
        if fetcher is not None:
            fetcher._fetch_max_wait_ms = QUIET_MS if self.quiet else BUSY_MS
