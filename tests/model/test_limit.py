"""Which part is named as the limit, from queues and busy shares."""

from __future__ import annotations

import pytest

from controlroom.model.limit import bottleneck, queues

CALM = {
    "producer": 0.2,
    "sending": 0.3,
    "fetching": 0.1,
    "consumer": 0.2,
    "redis": 0.05,
    "documents": 0.4,
    "handled": 1_000.0,
}
IDLE = {"fetching": 0.97, "handled": 0.0}


@pytest.mark.parametrize(
    ("busy", "queued", "limit"),
    [
        (CALM, 0.0, ""),
        (CALM, 1.0, "documents"),
        (CALM | {"redis": 0.9}, 1.0, "redis"),
        (CALM | {"consumer": 0.9}, 1.0, "consumer"),
        (CALM | {"fetching": 0.9}, 1.0, "kafka"),
        (CALM | {"producer": 0.95}, 0.0, "producer"),
        (CALM | {"producer": 0.95}, 1.0, "documents"),
        (CALM | {"sending": 0.95}, 0.0, "kafka"),
        (IDLE, 0.0, ""),
        (IDLE, 0.9, ""),
        ({}, 1.0, ""),
        ({}, 0.0, ""),
    ],
)
def test_the_limit(busy: dict[str, float], queued: float, limit: str) -> None:
    assert bottleneck(busy, queued) == limit


@pytest.mark.parametrize(
    ("busy", "waiting", "queue"),
    [(CALM, 900, False), (CALM, 1_100, True), (IDLE, 1, False), (IDLE, 2, True), ({}, 0, False)],
)
def test_more_than_is_under_way_anyhow_is_a_queue(
    busy: dict[str, float], waiting: int, queue: bool
) -> None:
    assert queues(busy, waiting) is queue
