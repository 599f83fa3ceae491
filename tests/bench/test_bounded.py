"""A load with a bound: what is stored makes room for what is sent next."""

from __future__ import annotations

import asyncio
import time
from typing import Any, cast

import pytest

from bench.grpc_load import _Bound
from bench.http_load import Order, _Connection, _Load
from bench.queue_turns import Seen, Watch

ANSWER = b"HTTP/1.1 201 Created\r\ncontent-length: 2\r\n\r\n{}"


class Wire:
    """A transport that counts what is sent."""

    def __init__(self) -> None:
        self.requests = 0

    def write(self, data: bytes) -> None:
        self.requests += 1


def order() -> Order:
    return Order(["http://127.0.0.1:1/input"], 10, 2, 600.0, bounded=True)


async def test_http_sends_what_is_allowed() -> None:
    load, wire = _Load(order()), cast(Any, Wire())
    one, two = (_Connection(load, [b"request"]) for _ in range(2))
    for each in (one, two):
        each.connection_made(wire)
    assert (wire.requests, len(load.idle)) == (0, 2)
    load.allow(35)
    assert (wire.requests, load.sent) == (2, 20)
    for each in (one, two):
        each.data_received(ANSWER)
    assert (wire.requests, load.sent, load.outcome.events) == (3, 30, 20)
    load.allow(39)
    assert wire.requests == 3
    load.allow(60)
    assert (wire.requests, load.sent) == (4, 40)
    assert not load.idle


async def test_grpc_sends_what_is_allowed() -> None:
    bound, until = _Bound(order()), time.perf_counter() + 60
    bound.allow(20)
    assert [await bound.leave(until) for _ in range(2)] == [True, True]
    third = asyncio.create_task(bound.leave(until))
    for _ in range(10):
        await asyncio.sleep(0)
    assert not third.done()
    bound.allow(30)
    assert await third
    assert not await bound.leave(time.perf_counter() - 1)


def test_the_rate_is_of_the_time_in_which_something_was_stored() -> None:
    watch = Watch(cast(Any, None), "bands", [])
    watch.begun = Seen(10.0, 100, 1.0)
    watch.first = watch.last = Seen(12.0, 300, 1.2)
    # all of it was found by one look
    assert watch.rate == pytest.approx(100)
    watch.last = Seen(14.0, 1300, 1.6)
    assert watch.rate == pytest.approx(500)
    assert watch.cost == pytest.approx(500)
    watch.begun = watch.first = watch.last
    assert (watch.rate, watch.cost) == (0, 0)
