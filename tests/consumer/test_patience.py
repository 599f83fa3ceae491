"""How long fetches are held back."""

from __future__ import annotations

from types import SimpleNamespace

from aiokafka import AIOKafkaConsumer

from services.consumer.patience import BUSY_MS, QUIET_AFTER, QUIET_MS, Patience


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
