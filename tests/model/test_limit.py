"""Which part is named as the limit, from queues and busy shares."""

from __future__ import annotations

import pytest

from controlroom.model.limit import bottleneck

CALM = {"producer": 0.2, "kafka": 0.3, "redis": 0.05, "documents": 0.4}


@pytest.mark.parametrize(
    ("busy", "waiting", "arriving", "limit"),
    [
        (CALM, 0, 100.0, ""),
        (CALM, 90, 100.0, ""),
        (CALM, 5_000, 1_000.0, "documents"),
        (CALM | {"redis": 0.9}, 5_000, 1_000.0, "redis"),
        (CALM | {"producer": 0.95}, 500, 1_000.0, "producer"),
        (CALM | {"producer": 0.95}, 5_000, 1_000.0, "documents"),
        (CALM | {"kafka": 0.95}, 0, 1_000.0, "kafka"),
        ({}, 5_000, 0.0, ""),
        ({}, 0, 0.0, ""),
    ],
)
def test_the_limit(busy: dict[str, float], waiting: int, arriving: float, limit: str) -> None:
    assert bottleneck(busy, waiting, arriving) == limit
