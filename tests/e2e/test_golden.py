"""Golden metrics agree with a client that counts and times its requests by itself."""

from __future__ import annotations

import pytest

from bench.truth_golden import LEAST_MS, bounds, measured, print_golden
from controlroom.model.queries import QUANTILES
from tests.own_stack import OwnStack

REQUESTS = 240


async def test_prometheus_and_the_client_agree(
    stack: OwnStack, capsys: pytest.CaptureFixture[str]
) -> None:
    one = await measured(stack, REQUESTS)
    assert one.other == 0
    assert (one.good.good, one.good.bad) == (len(one.good_ms), 0)
    assert (one.bad.good, one.bad.bad) == (0, len(one.bad_ms))
    assert one.good.total + one.bad.total == REQUESTS
    producer, injector = one.rows
    assert (producer.success, injector.success) == (1.0, 0.0)
    # each pod is scraped at a moment of its own within the second
    assert one.golden_success == pytest.approx(one.success, abs=1 / one.window)
    assert REQUESTS * 0.999 <= one.golden_requests <= REQUESTS * one.window / (one.window - 2)
    for name in QUANTILES:
        low, high = bounds(getattr(producer, name))
        assert low < one.own(name), "the service saw it before the client did"
        assert high >= LEAST_MS, "nothing is faster than the delay"
    print_golden(one)
    assert f"| {REQUESTS} | {REQUESTS} |" in capsys.readouterr().out
