"""When a batch goes: alone at once, together with those that are answered together."""

from __future__ import annotations

import pytest

from services.queues.kafka.batcher import GROUP_RECORDS, LINGER, Batcher, PendingSend
from services.queues.port import Entry
from services.shared.busy import Busy
from services.shared.golden import Traffic

DEADLINE = 1e12


def batcher() -> Batcher:
    made = Batcher("topic", Traffic({}), Busy(), lambda: None, lambda: None)
    made.connected({0, 1, 2})
    return made


def pending(records: int = 1) -> PendingSend:
    return PendingSend([Entry(b"x", [])] * records, DEADLINE)


async def test_nothing_is_due_while_nothing_waits() -> None:
    assert batcher().due(0.0) is None


async def test_a_request_that_comes_alone_never_waits() -> None:
    one = batcher()
    one.add(pending())
    assert one.due(0.0) == 0.0


async def test_a_batch_waits_a_moment_for_as_many_as_came_before() -> None:
    one = batcher()
    one.expect(requests=3, since=10.0)
    one.add(pending())
    assert one.due(10.0) == pytest.approx(LINGER)
    assert one.due(10.0 + LINGER) == 0.0
    one.add(pending())
    one.add(pending())
    assert one.due(10.0) == 0.0


async def test_a_whole_group_does_not_wait() -> None:
    one = batcher()
    one.expect(requests=1000, since=10.0)
    one.add(pending(GROUP_RECORDS))
    assert one.due(10.0) == 0.0
