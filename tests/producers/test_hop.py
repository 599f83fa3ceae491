"""The hop from the front of the WASM producer to its worker: what goes in one frame, and when."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import pytest

from scenarios.bodies import Records
from services.producer_wasm import forward
from services.producer_wasm.forward import Forward
from services.producer_wasm.frames import Answer, Answers, Reader, Requests, frame
from services.shared.golden import Traffic
from services.shared.lifecycle import ReadinessGate
from wire.ending import end

LONG = 30.0
"""Seconds that nothing in a test lasts."""


class Worker(asyncio.Protocol):
    """Answers a frame where a test lets it."""

    def __init__(self) -> None:
        self.frames: list[Requests] = []
        self.answering = True
        self._reader = Reader(Requests)
        self._transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        for each in self._reader.feed(data):
            self.frames.append(each)
            if self.answering:
                self.answer(each)

    def answer(self, each: Requests) -> None:
        answers = [Answer(len(request.records)) for request in each.requests]
        self._transport.write(frame(Answers(each.number, answers)))

    @property
    def sizes(self) -> list[int]:
        """Requests of each frame."""
        return [len(each.requests) for each in self.frames]


@pytest.fixture
async def worker() -> Worker:
    return Worker()


@pytest.fixture
async def front(worker: Worker) -> AsyncIterator[Forward]:
    server = await asyncio.get_running_loop().create_server(lambda: worker, "127.0.0.1", 0)
    gate = ReadinessGate("worker")
    made = Forward("127.0.0.1", server.sockets[0].getsockname()[1], gate, Traffic({}))
    connected = asyncio.create_task(made.run())
    async with asyncio.timeout(LONG):
        while gate.reason:
            await asyncio.sleep(0.005)
    yield made
    await end((connected,))
    server.close()


async def clients(front: Forward, count: int, bodies: int = 1) -> None:
    """So many requests at the same time, each begun in a turn of the loop of its own."""
    tasks = []
    for _ in range(count):
        tasks.append(asyncio.create_task(front.accept(Records([{"name": "x"}] * bodies), ())))
        await asyncio.sleep(0)
    receipts = await asyncio.gather(*tasks)
    assert [receipt.accepted for receipt in receipts] == [bodies] * count


async def test_what_is_answered_together_goes_together_again(
    front: Forward, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "LINGER", LONG, raising=False)
    monkeypatch.setattr(forward, "SLOW", LONG, raising=False)
    async with asyncio.timeout(LONG):
        await clients(front, 1)
        assert worker.sizes == [1]
        worker.answering = False
        waiting = asyncio.create_task(clients(front, 20))
        while not worker.frames[1:] or len(front._waiting) < 19:
            await asyncio.sleep(0.005)
        # it has met nobody to wait for, and the others wait for it
        assert worker.sizes == [1, 1]
        worker.answering = True
        worker.answer(worker.frames[-1])
        while front._expected < 20:
            await asyncio.sleep(0.005)
        again = asyncio.create_task(clients(front, 1))
        await asyncio.gather(waiting, again)
        assert worker.sizes == [1, 1, 20]
        await clients(front, 20)
        assert worker.sizes == [1, 1, 20, 20]


async def test_nobody_waits_for_those_that_do_not_come(front: Forward, worker: Worker) -> None:
    async with asyncio.timeout(LONG):
        for count in (10, 3, 1, 1):
            await clients(front, count)
    assert sum(worker.sizes) == 15


async def test_a_whole_frame_waits_for_nothing(
    front: Forward, worker: Worker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forward, "LINGER", LONG, raising=False)
    monkeypatch.setattr(forward, "SLOW", LONG, raising=False)
    worker.answering = False
    waiting = asyncio.create_task(clients(front, 8, 100))
    async with asyncio.timeout(LONG):
        while len(worker.frames) < 4:
            await asyncio.sleep(0.005)
        assert worker.sizes == [1, 2, 2, 2]
        worker.answering = True
        for each in worker.frames[:4]:
            worker.answer(each)
        # the last one is joined by a body that fills a frame
        await clients(front, 1, 250)
        await waiting


async def test_a_frame_that_takes_long_keeps_nobody(front: Forward, worker: Worker) -> None:
    worker.answering = False
    async with asyncio.timeout(LONG):
        first = asyncio.create_task(clients(front, 1))
        while not worker.frames:
            await asyncio.sleep(0.005)
        worker.answering = True
        await clients(front, 3)
        assert not first.done()
        worker.answer(worker.frames[0])
        await first
