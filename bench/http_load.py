"""A lean HTTP/1.1 load client: one request in flight per connection, in a process of its own.

`drive` starts it and waits; it says how much of a core it used itself, so that a table can tell
where the client was the limit. `python -m bench.http_load` reads one JSON order from stdin, and in
the lines behind it how many events it may have sent by then, where the order sets a bound.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import sys
import time
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict, dataclass, field
from typing import Any
from urllib.parse import urlsplit

import uvloop

from bench.bodies import SCENARIO, http_bodies

LIMIT = 0.85
"""Share of a core from which the client itself is taken to be the limit."""


_AGAIN = {True: "with Retry-After", False: "without Retry-After"}


@dataclass
class Outcome:
    """What one load gave. `seconds` is wall time, `latencies` are in seconds."""

    requests: int = 0
    events: int = 0
    failures: int = 0
    seconds: float = 0.0
    client: float = 0.0
    """Share of a core that the client used."""
    latencies: list[float] = field(default_factory=list)
    answers: dict[str, int] = field(default_factory=dict)
    """Status, and whether it said when to come again -> number of answers."""

    def answered(self, status: str, again: bool) -> None:
        """Counts one answer; `again`: it said when to come again."""
        words = status if status in ("201", "OK") else f"{status}, {_AGAIN[again]}"
        self.answers[words] = self.answers.get(words, 0) + 1

    @property
    def rate(self) -> float:
        """Accepted events per second."""
        return self.events / self.seconds if self.seconds else 0.0

    def percentile(self, share: float) -> float:
        """Latency in ms at or below which `share` of the requests were answered."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3 if ordered else 0.0


@dataclass(frozen=True)
class Order:
    """What to send: `rate` is requests per second over all connections, 0 for all it can."""

    urls: list[str]
    size: int
    connections: int
    seconds: float
    rate: float = 0.0
    scenario: str = SCENARIO
    bounded: bool = False
    """Whether nothing is sent beyond what the lines behind the order allow."""


class _Load:
    """The requests, the clock and the outcome that all connections share."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.outcome = Outcome()
        self.deadline = time.perf_counter() + order.seconds
        self.idle: deque[_Connection] = deque()
        self.sent = 0
        """Events."""
        self._allowed = 0
        self._turn = 0

    def allow(self, events: int) -> None:
        """So many may be sent, of all so far."""
        self._allowed = events
        while self.idle and self.may_send():
            self.idle.popleft().rest()

    def may_send(self) -> bool:
        """Whether a bound leaves room for a request."""
        return not self.order.bounded or self.sent + self.order.size <= self._allowed

    def over(self) -> bool:
        """Whether nothing more is to be sent."""
        return time.perf_counter() >= self.deadline

    def next(self, requests: list[bytes]) -> bytes:
        """The next request in turn."""
        self._turn += 1
        return requests[self._turn % len(requests)]


class _Connection(asyncio.Protocol):
    def __init__(self, load: _Load, requests: list[bytes]) -> None:
        self._load = load
        self._requests = requests
        self._buffer = b""
        self._transport: Any = None
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self.rest()

    def rest(self) -> None:
        """Sends the next request at once, or waits to be told where a rate or a bound is kept."""
        if self._load.over():
            self._transport.close()
        elif self._load.order.rate or not self._load.may_send():
            self._load.idle.append(self)
        else:
            self.send()

    def send(self) -> None:
        """One request."""
        self._since = time.perf_counter()
        self._load.sent += self._load.order.size
        self._transport.write(self._load.next(self._requests))

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head, found, body = self._buffer.partition(b"\r\n\r\n")
        if not found or len(body) < _length(head):
            return
        outcome, self._buffer = self._load.outcome, b""
        outcome.latencies.append(time.perf_counter() - self._since)
        outcome.requests += 1
        outcome.answered(head[9:12].decode(), b"\r\nretry-after:" in head.lower())
        if head[9:10] == b"2":
            outcome.events += self._load.order.size
        else:
            outcome.failures += 1
        self.rest()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.ended.done():
            self.ended.set_result(None)

    def close(self) -> None:
        """Ends it."""
        self._transport.close()


def _length(head: bytes) -> int:
    at = head.lower().find(b"content-length:")
    return int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0


def _request(url: str, body: bytes) -> bytes:
    parts = urlsplit(url)
    head = (
        f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


async def _paced(load: _Load) -> None:
    """Keeps the rate whatever the answers do, as long as a connection is free."""
    begun, sent = time.perf_counter(), 0
    while not load.over():
        due = int((time.perf_counter() - begun) * load.order.rate)
        while sent < due and load.idle:
            load.idle.popleft().send()
            sent += 1
        await asyncio.sleep(0.001)
    _close(load)


def _close(load: _Load) -> None:
    while load.idle:
        load.idle.popleft().close()


async def _run(order: Order, lines: asyncio.StreamReader) -> Outcome:
    loop = asyncio.get_running_loop()
    bodies = http_bodies(order.size, order.scenario)
    load, open_ones = _Load(order), []
    started, cpu = time.perf_counter(), time.process_time()
    for number in range(order.connections):
        url = urlsplit(order.urls[number % len(order.urls)])
        requests = [_request(url.geturl(), body) for body in bodies]
        _, one = await loop.create_connection(
            lambda requests=requests: _Connection(load, requests),  # type: ignore[misc]
            url.hostname or "127.0.0.1",
            url.port or 80,
        )
        open_ones.append(one.ended)
    if order.rate:
        await _paced(load)
    if order.bounded:
        await allowing(lines, load.allow, order.seconds)
        _close(load)
    await asyncio.wait(open_ones, timeout=order.seconds + 15)
    load.outcome.seconds = time.perf_counter() - started
    load.outcome.client = (time.process_time() - cpu) / load.outcome.seconds
    return load.outcome


async def allowing(
    lines: asyncio.StreamReader, allow: Callable[[int], None], seconds: float
) -> None:
    """Hands on what the lines behind an order allow, for so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while line := await lines.readline():
                allow(int(line))
            await asyncio.sleep(seconds)


async def served(
    run: Callable[[Order, asyncio.StreamReader], Awaitable[Outcome]],
) -> None:
    """Reads the order from stdin, does it, and writes the outcome to stdout."""
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    order = Order(**json.loads(await lines.readline()))
    json.dump(asdict(await run(order, lines)), sys.stdout)


async def ordered(module: str, order: Order, allowed: AsyncIterator[int] | None = None) -> Outcome:
    """What a load client gave that runs as a process of its own.

    `allowed`, of a bounded order: how many events may be sent of all so far, each time anew.
    """
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", module),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert child.stdin is not None
    assert child.stdout is not None
    telling = asyncio.ensure_future(_tell(child.stdin, order, allowed))
    try:
        out = await child.stdout.read()
    except asyncio.CancelledError:
        child.kill()
        raise
    finally:
        telling.cancel()
        await asyncio.wait([telling])
        await child.wait()
    return Outcome(**json.loads(out))


async def _tell(
    pipe: asyncio.StreamWriter, order: Order, allowed: AsyncIterator[int] | None
) -> None:
    pipe.write(json.dumps(asdict(order)).encode() + b"\n")
    # a client that has ended reads no more
    with contextlib.suppress(ConnectionError):
        await pipe.drain()
        if allowed is not None:
            async for events in allowed:
                pipe.write(b"%d\n" % events)
                await pipe.drain()


async def drive(
    urls: list[str],
    size: int,
    connections: int,
    seconds: float,
    rate: float = 0.0,
    scenario: str = SCENARIO,
    allowed: AsyncIterator[int] | None = None,
) -> Outcome:
    """Sends bodies of `size` events in turn over `connections` for some seconds; see `ordered`."""
    bounded = allowed is not None
    order = Order(urls, size, connections, seconds, rate, scenario, bounded)
    return await ordered("bench.http_load", order, allowed)


if __name__ == "__main__":
    uvloop.run(served(_run))
