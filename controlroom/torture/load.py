"""A bounded load whose every event has an id, and what its clients were answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Coroutine, Mapping
from random import Random
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx

from controlroom.torture import protobuf
from controlroom.torture.compare import Sent
from controlroom.torture.numbers import Ids
from scenarios.events import EventCodec
from scenarios.scenario import Scenario

BATCH = 10
ANSWER_PATIENCE = 15.0
"""Seconds after which a client gives an event up; a producer answers within 10."""
_PAUSE = (0.05, 0.15)
_BAD_ONE_IN = 20
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class Load:
    """Clients that each wait for an answer before they send on; an id is sent only once."""

    def __init__(self, ingress: str, scenario: Scenario, ids: Ids, seed: int) -> None:
        self.sent = Sent()
        self.answers: dict[str, int] = {}
        self._path = scenario.http.paths[0]
        self._url = ""
        self._ingress = ""
        self._codec = EventCodec(scenario)
        self._spoilt = scenario.fields[-1].name
        self._marked = next(field.name for field in scenario.fields if field.kind == "text")
        self._ids = ids
        self._rng = Random(seed)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._http = httpx.AsyncClient(timeout=ANSWER_PATIENCE, trust_env=False)
        self._channel: grpc.aio.Channel | None = None
        self.dial(ingress)

    def dial(self, ingress: str) -> None:
        """The door to use from now on; a stack that came up anew may have another one."""
        if ingress != self._ingress:
            self._ingress = ingress
            self._url = f"{ingress}{self._path}"
            self._channel = None

    def start(self) -> None:
        """Begins to send."""
        self._stopping = asyncio.Event()
        clients: list[Callable[[], Coroutine[Any, Any, None]]] = [
            *(self._http_single,) * 3,
            *(self._http_batch,) * 2,
            *(self._grpc_single,) * 2,
            self._grpc_batch,
        ]
        self._tasks = [asyncio.create_task(self._client(send)) for send in clients]

    async def stop(self) -> None:
        """Ends when every client has its last answer."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Lets go of the connections, answers or not."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._http.aclose()
        if self._channel is not None:
            await self._channel.close(None)

    async def _client(self, send: Callable[[], Coroutine[Any, Any, None]]) -> None:
        while not self._stopping.is_set():
            await send()
            await asyncio.sleep(self._rng.uniform(*_PAUSE))

    async def _http_single(self) -> None:
        number = self._ids.take()
        if self._rng.randrange(_BAD_ONE_IN) == 0:
            await self._bad(number)
            return
        status = await self._post(self._event(), self._ids.text(number))
        self._judge(number, 1, status == 201)

    async def _bad(self, number: int) -> None:
        event = {**self._event(), self._marked: self._ids.text(number), self._spoilt: "spoilt"}
        if await self._post(event, self._ids.text(number)) == 422:
            self.sent.refused.add(number)
        else:
            self.sent.open += 1

    async def _http_batch(self) -> None:
        first = self._ids.take(BATCH)
        status = await self._post([self._event() for _ in range(BATCH)], self._ids.text(first))
        self._judge(first, BATCH, status == 201)

    async def _post(self, body: object, event_id: str) -> int:
        try:
            answer = await self._http.post(
                self._url, content=json.dumps(body), headers={"x-event-id": event_id}
            )
        except httpx.HTTPError as error:
            self._answered(f"http {type(error).__name__}")
            return 0
        self._answered(f"http {answer.status_code}")
        return answer.status_code

    async def _grpc_single(self) -> None:
        number = self._ids.take()
        accepted = await self._call(protobuf.SEND, self._message(number))
        self._judge(number, 1, accepted == 1)

    async def _grpc_batch(self) -> None:
        first = self._ids.take(BATCH)
        events = [self._message(number) for number in range(first, first + BATCH)]
        accepted = await self._call(protobuf.SEND_BATCH, protobuf.batch(events))
        self._judge(first, BATCH, accepted == BATCH)

    async def _call(self, method: str, request: bytes) -> int:
        if self._channel is None:
            where = urlsplit(self._ingress).netloc
            self._channel = grpc.aio.insecure_channel(where, options=_CHANNEL)
        call = self._channel.unary_unary(method, None, None)
        try:
            receipt: bytes = await call(request, timeout=ANSWER_PATIENCE)
        except grpc.aio.AioRpcError as error:
            self._answered(f"grpc {error.code().name}")
            return 0
        self._answered("grpc OK")
        return protobuf.accepted(receipt)

    def _judge(self, first: int, count: int, acknowledged: bool) -> None:
        if not acknowledged:
            self.sent.open += count
            return
        for number in range(first, first + count):
            self.sent.acknowledged.add(number)

    def _answered(self, answer: str) -> None:
        self.answers[answer] = self.answers.get(answer, 0) + 1

    def _event(self) -> Mapping[str, object]:
        return self._codec.generate(self._rng)

    def _message(self, number: int) -> bytes:
        return protobuf.event(self._ids.text(number), json.dumps(self._event()).encode())
