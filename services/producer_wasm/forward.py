"""The front's way to the worker of its pod: one connection, requests that wait in one frame."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, cast

import msgspec

from scenarios.bodies import Given, Unreadable
from services.producer_wasm.frames import Answer, Answers, Reader, Request, Requests, frame
from services.queues.port import DEADLINE, Unavailable
from services.shared.golden import Traffic
from services.shared.ids import Ids
from services.shared.intake import Receipt, RecordError, Sent
from services.shared.lifecycle import ReadinessGate
from services.shared.turn import BREATH, breathing, is_long
from wire.problems import PROBLEMS

AT_ONCE = 4
"""Most frames of short requests that are under way."""
LINGER = 0.002
"""Most seconds that a frame waits for the requests that were answered with the one before it."""
SLOW = 0.02
"""Seconds after which a frame that is under way keeps the next one no longer."""
_TIMEOUT = DEADLINE + 2.0
_PIECE = 1 << 20
"""Bytes of records of one frame; a body that has more is sent in several."""
_GROUP_BYTES = 256 << 10
_BACK_OFF = (0.05, 0.1, 0.2, 0.5, 1.0)
"""Seconds between attempts to connect; the last goes on."""
_PROBLEMS = {problem.code: problem for problem in PROBLEMS}
_encode = msgspec.json.Encoder().encode


class _Waiting(NamedTuple):
    request: Request
    records: int
    bytes: int
    done: asyncio.Future[Answer]


class Forward:
    """The `accept` port by way of the worker."""

    def __init__(self, host: str, port: int, gate: ReadinessGate, traffic: Traffic) -> None:
        self._address = (host, port)
        self._gate = gate
        self._traffic = traffic
        self._link: _Link | None = None
        self._numbers = itertools.count(1)
        self._waiting: deque[_Waiting] = deque()
        self._records = self._bytes = 0
        """Of those that wait."""
        self._since: dict[asyncio.Task[int], float] = {}
        """Frames under way, since when."""
        self._expected = 1
        self._free_at = 0.0
        """When the last frame was answered."""
        self._alarm: asyncio.TimerHandle | None = None
        self._turn = asyncio.Lock()
        gate.shut(self._away)

    @property
    def _away(self) -> str:
        return f"no connection to the worker at {self._address[0]}:{self._address[1]}"

    async def run(self) -> None:
        """Stay connected until cancelled."""
        while True:
            self._link = link = await self._connected()
            self._gate.open()
            try:
                await link.lost.wait()
            finally:
                link.close()
                self._link = None
            self._gate.shut(self._away)

    async def _connected(self) -> _Link:
        for pause in itertools.chain(_BACK_OFF, itertools.repeat(_BACK_OFF[-1])):
            with contextlib.suppress(OSError):
                loop = asyncio.get_running_loop()
                return (await loop.create_connection(_Link, *self._address))[1]
            await asyncio.sleep(pause)
        raise AssertionError("the attempts never end")

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Hand raw records to the worker; see services.shared.intake.Accept."""
        if not is_long(records):
            request = _request(cast(Sequence[Any], records), ids, 0)
            return _receipt(await self._grouped(request))
        # nothing is sent of a body before all of it is known to be good
        parts: list[Request] = []
        async with self._turn:
            first = 0
            async for part in breathing(records):
                parts.append(_request(part, ids, first))
                first += len(part)
        sent = Sent()
        for piece in _pieces(parts):
            sent.add(_receipt((await self._send([piece]))[0]))
        return sent.receipt

    async def _grouped(self, request: Request) -> Answer:
        done: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        size = sum(map(len, request.records))
        self._waiting.append(_Waiting(request, len(request.records), size, done))
        self._records += len(request.records)
        self._bytes += size
        if self._alarm is None or self._full or len(self._waiting) == self._expected:
            self._go()
        return await done

    @property
    def _full(self) -> bool:
        """Whether a whole frame waits."""
        return self._records >= BREATH or self._bytes >= _GROUP_BYTES

    def _go(self) -> None:
        """Sends what is due, and comes back when the rest is."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        loop = asyncio.get_running_loop()
        while (due := self._due(loop.time())) is not None:
            if due > 0:
                self._alarm = loop.call_later(due, self._go)
                return
            task = loop.create_task(self._group(self._taken()))
            self._since[task] = loop.time()
            task.add_done_callback(self._ended)

    def _due(self, now: float) -> float | None:
        """Seconds until a frame should be sent; None where something else has to happen first."""
        if not self._waiting or len(self._since) >= AT_ONCE:
            return None
        if self._full:
            return 0.0
        if self._since:
            # one that takes long keeps the others no longer
            return max(0.0, max(self._since.values()) + SLOW - now)
        if len(self._waiting) >= self._expected:
            return 0.0
        return max(0.0, self._free_at + LINGER - now)

    def _taken(self) -> list[_Waiting]:
        """Those that have waited longest, as many as the module is handed in one call."""
        group, records, size = [self._waiting.popleft()], 0, 0
        records, size = group[0].records, group[0].bytes
        while self._waiting:
            following = self._waiting[0]
            records, size = records + following.records, size + following.bytes
            if records > BREATH or size > _GROUP_BYTES:
                break
            group.append(self._waiting.popleft())
        self._records -= sum([each.records for each in group])
        self._bytes -= sum([each.bytes for each in group])
        return group

    def _ended(self, task: asyncio.Task[int]) -> None:
        del self._since[task]
        # those that wait, and those that were answered and may ask again
        self._expected = len(self._waiting) + (0 if task.cancelled() else task.result())
        self._free_at = asyncio.get_running_loop().time()
        self._go()

    async def _group(self, group: Sequence[_Waiting]) -> int:
        """Tells each what became of it; how many they are."""
        try:
            answers = await self._send([each.request for each in group])
        except Exception as error:
            for each in group:
                if not each.done.done():
                    each.done.set_exception(error)
            return len(group)
        for each, answer in zip(group, answers, strict=True):
            if not each.done.done():
                each.done.set_result(answer)
        return len(group)

    async def _send(self, requests: list[Request]) -> list[Answer]:
        link = self._link
        if link is None:
            raise Unavailable(self._away)
        with self._traffic.call() as call:
            call.status = 503
            try:
                async with asyncio.timeout(_TIMEOUT):
                    answers = await link.ask(Requests(next(self._numbers), requests))
            except TimeoutError as error:
                raise Unavailable("the worker does not answer") from error
            except ConnectionError as error:
                raise Unavailable(self._away) from error
            call.status = 200
            return answers


class _Link(asyncio.Protocol):
    """One connection: frames by their number."""

    def __init__(self) -> None:
        self.lost = asyncio.Event()
        self._reader = Reader(Answers)
        self._asked: dict[int, asyncio.Future[list[Answer]]] = {}
        self._transport: asyncio.Transport | None = None

    async def ask(self, requests: Requests) -> list[Answer]:
        """The answers. Raises ConnectionError where the connection is lost before they come."""
        if self._transport is None or self._transport.is_closing():
            raise ConnectionResetError
        future: asyncio.Future[list[Answer]] = asyncio.get_running_loop().create_future()
        self._asked[requests.number] = future
        try:
            self._transport.write(frame(requests))
            return await future
        finally:
            del self._asked[requests.number]

    def close(self) -> None:
        """Ends the connection."""
        if self._transport is not None:
            self._transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def data_received(self, data: bytes) -> None:
        for answers in self._reader.feed(data):
            future = self._asked.get(answers.number)
            if future is not None and not future.done():
                future.set_result(answers.answers)

    def connection_lost(self, error: Exception | None) -> None:
        self.lost.set()
        for future in self._asked.values():
            if not future.done():
                future.set_exception(ConnectionResetError())


def _request(records: Sequence[Any], ids: Ids, first: int) -> Request:
    """Records as they are sent; `first`: the place of the first of them in its body."""
    texts: list[bytes] = []
    refused: dict[int, str] = {}
    for place, record in enumerate(records):
        if type(record) is Unreadable:
            refused[place] = record.message
            texts.append(bytes(record.text))
        else:
            texts.append(_encode(record))
    names = [ids[place] for place in range(first, first + len(texts))] if ids else []
    return Request(texts, names, refused)


def _pieces(parts: Sequence[Request]) -> Iterator[Request]:
    """The parts of a body in requests of about _PIECE bytes."""
    piece, size = Request([], [], {}), 0
    for part in parts:
        more = sum(map(len, part.records))
        if piece.records and size + more > _PIECE:
            yield piece
            piece, size = Request([], [], {}), 0
        shift = len(piece.records)
        piece.refused.update({place + shift: why for place, why in part.refused.items()})
        piece.records += part.records
        piece.ids += part.ids
        size += more
    yield piece


def _receipt(answer: Answer) -> Receipt:
    """Raises Unavailable, with the problem, where nothing of it was taken."""
    if answer.code:
        raise Unavailable(answer.message, answer.retry_after, _PROBLEMS[answer.code])
    errors = [RecordError(*error) for error in answer.errors]
    return Receipt(answer.accepted, answer.rejected, errors, answer.last_id)
