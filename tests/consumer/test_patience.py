"""How long fetches are held back."""

from __future__ import annotations

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka import AIOKafkaConsumer

from services.queues.kafka import patience as patiences
from services.queues.kafka.loop import Loop
from services.queues.kafka.patience import BUSY_MS, QUIET_AFTER, QUIET_MS, Patience


async def test_fetches_wait_longer_only_while_nothing_comes() -> None:
    now = 0.0
    fetcher = SimpleNamespace(_fetch_max_wait_ms=BUSY_MS)
    patience = Patience(SimpleNamespace(_fetcher=fetcher), clock=lambda: now)
    for at, came, wait in (
        (QUIET_AFTER, False, BUSY_MS),
        (QUIET_AFTER + 0.1, False, QUIET_MS),
        (QUIET_AFTER + 0.2, True, BUSY_MS),
        (QUIET_AFTER + 1.0, False, BUSY_MS),
    ):
        now = at
        patience.note(came)
        assert fetcher._fetch_max_wait_ms == wait


async def test_the_client_has_the_figure_where_it_is_looked_for() -> None:
    from aiokafka.consumer.fetcher import Fetcher

    assert "_fetch_max_wait_ms" in Fetcher.__init__.__code__.co_names
    Patience(AIOKafkaConsumer()).note(False)  # before it has begun there is nothing to set


class Quiet:
    """A consumer to whom nothing comes; the second question waits for longer than any test."""

    def __init__(self, stopping: asyncio.Event) -> None:
        self.waits: list[int] = []
        self._stopping = stopping

    async def getmany(self, timeout_ms: int, max_records: int) -> dict[Any, Any]:
        self.waits.append(timeout_ms)
        if len(self.waits) > 1:
            self._stopping.set()
            await asyncio.sleep(600)
        return {}


async def test_a_quiet_consumer_turns_seldom_and_stops_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stopping, unused = asyncio.Event(), Any
    quiet = Quiet(stopping)
    loop = Loop("s", quiet, unused, unused, unused, unused, stopping, unused)  # type: ignore[arg-type]
    assert await loop._fetched() == {}
    monkeypatch.setattr(patiences, "QUIET_AFTER", -1.0)
    async with asyncio.timeout(60):
        assert await loop._fetched() == {}
    assert quiet.waits[1] >= 4 * quiet.waits[0]
