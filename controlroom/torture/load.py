"""A bounded load whose every event has an id, and what its clients were answered."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from random import Random
from typing import Any
from urllib.parse import urlsplit

import grpc
import httpx

from controlroom.torture import protobuf
from controlroom.torture.compare import SentEvents
from controlroom.torture.doors import Door
from controlroom.torture.numbers import Ids
from scenarios.events import EventCodec
from scenarios.scenario import Scenario
from wire.ending import end

BATCH = 10
ANSWER_PATIENCE = 15.0
"""Seconds after which a client gives an event up; a producer answers within 10."""
_PAUSE = (0.05, 0.15)
_BAD_ONE_IN = 20
_AGAIN_ONE_IN = 10
TRIES = 4
"""How often a client that does not give up sends a request."""
_CHANNEL = (
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


@dataclass(frozen=True, slots=True)
class ClientRequest:
    """What a client sends, as often as it likes: the same ids and the same bytes."""

    numbers: range
    send: Callable[[], Awaitable[bool]]
    """Sends it once; whether it was answered as it should be."""
    bad: bool = False
    """Its event is no good, so it should be refused and kept."""


class TortureClients:
    """Clients that each wait for an answer before they send on. Some give up what was not
    acknowledged, others send it again with the ids that it had. With a `door` they use that alone;
    else every door of the product."""

    def __init__(
        self, ingress: str, scenario: Scenario, ids: Ids, seed: int, door: Door | None = None
    ) -> None:
        self.sent = SentEvents()
        self.answers: dict[str, int] = {}
        self._door = door
        self._path = scenario.http.paths[0] if door is None else door.path
        self._wasm_path = scenario.wasm.paths[0] if scenario.wasm and door is None else ""
        self._ingress = ""
        self._codec = EventCodec(scenario)
        # a text may be anything
        self._spoilt = next(
            (f.name for f in reversed(scenario.fields) if f.kind != "text"),
            scenario.fields[-1].name,
        )
        self._seed = seed
        self._origins: dict[int, str] = {}
        self._marked = next(field.name for field in scenario.fields if field.kind == "text")
        self._ids = ids
        self._rng = Random(seed)
        self._stopping = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []
        self._http = httpx.AsyncClient(timeout=ANSWER_PATIENCE, trust_env=False)
        self._channel: grpc.aio.Channel | None = None
        self.dial(ingress)

    def dial(self, ingress: str) -> None:
        """The address to use from now on; a stack that came up again may have another one."""
        if ingress != self._ingress:
            self._ingress = ingress
            self._channel = None

    def start(self) -> None:
        """Begins to send."""
        self._stopping = asyncio.Event()
        clients: list[tuple[Callable[[], ClientRequest], int]] = [
            (self._http_single, 1),
            *((self._http_single, TRIES),) * 2,
            (self._http_batch, 1),
            (self._http_batch, TRIES),
        ]
        if self._door is None:
            clients += [
                (self._grpc_single, 1),
                (self._grpc_single, TRIES),
                (self._grpc_batch, TRIES),
                (self._grpc_stream, 1),
                (self._grpc_stream, TRIES),
            ]
        if self._wasm_path:
            clients += [
                (self._wasm_single, 1),
                (self._wasm_single, TRIES),
                (self._wasm_batch, TRIES),
            ]
        self._tasks = [asyncio.create_task(self._client(*client)) for client in clients]

    async def stop(self) -> None:
        """Ends when every client has its last answer."""
        self._stopping.set()
        await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        """Lets go of the connections, answers or not."""
        await end(self._tasks)
        await self._http.aclose()
        if self._channel is not None:
            await self._channel.close(None)

    async def _client(self, make: Callable[[], ClientRequest], tries: int) -> None:
        while not self._stopping.is_set():
            await self._deliver(make(), tries)
            await asyncio.sleep(self._rng.uniform(*_PAUSE))

    async def _deliver(self, request: ClientRequest, tries: int) -> None:
        """Sends a request until it is acknowledged, as often as this client does.

        A client that tries again sends some events twice, because answers get lost.
        """
        distrust = tries > 1 and self._rng.randrange(_AGAIN_ONE_IN) == 0
        told = False
        for _ in range(tries):
            self.sent.tried(request.numbers)
            answered = await request.send()
            told = told or answered
            if answered and not request.bad:
                self.sent.told += len(request.numbers)
            if told and not distrust:
                break
            distrust = distrust and not told
            await asyncio.sleep(self._rng.uniform(*_PAUSE))
        self._judge(request, told)

    def _judge(self, request: ClientRequest, told: bool) -> None:
        if not told:
            self.sent.open += len(request.numbers)
            return
        seen = self.sent.refused if request.bad else self.sent.acknowledged
        for number in request.numbers:
            seen.add(number)

    def _single(self, path: str) -> ClientRequest:
        number = self._ids.take()
        bad = self._rng.randrange(_BAD_ONE_IN) == 0
        event = dict(self.event(number))
        if bad:
            event |= {self._marked: self._ids.text(number), self._spoilt: "spoilt"}
        return self._post(path, range(number, number + 1), event, 422 if bad else 201)

    def _batch(self, path: str) -> ClientRequest:
        numbers = self._numbers()
        return self._post(path, numbers, list(map(self.event, numbers)), 201)

    def _http_single(self) -> ClientRequest:
        return self._single(self._path)

    def _http_batch(self) -> ClientRequest:
        return self._batch(self._path)

    def _wasm_single(self) -> ClientRequest:
        return self._single(self._wasm_path)

    def _wasm_batch(self) -> ClientRequest:
        return self._batch(self._wasm_path)

    def _post(self, path: str, numbers: range, body: object, wanted: int) -> ClientRequest:
        content, name = json.dumps(body), self._ids.text(numbers[0])
        if path == self._wasm_path:
            self._origins.update(dict.fromkeys(numbers, "wasm"))

        async def send() -> bool:
            try:
                answer = await self._http.post(
                    f"{self._ingress}{path}", content=content, headers={"idempotency-key": name}
                )
            except httpx.HTTPError as error:
                self._answered(f"http {type(error).__name__}")
                return False
            self._answered(f"http {answer.status_code}")
            return answer.status_code == wanted

        return ClientRequest(numbers, send, wanted == 422)

    def _grpc_single(self) -> ClientRequest:
        number = self._ids.take()
        message = self._message(number)
        return self._call(range(number, number + 1), protobuf.SEND, lambda: message)

    def _grpc_batch(self) -> ClientRequest:
        numbers = self._numbers()
        batch = protobuf.batch(map(self._message, numbers))
        return self._call(numbers, protobuf.SEND_BATCH, lambda: batch)

    def _grpc_stream(self) -> ClientRequest:
        numbers = self._numbers()
        messages = list(map(self._message, numbers))
        return self._call(numbers, protobuf.SEND_STREAM, lambda: iter(messages))

    def _call(self, numbers: range, method: str, payload: Callable[[], Any]) -> ClientRequest:
        self._origins.update(dict.fromkeys(numbers, "grpc"))

        async def send() -> bool:
            channel = self._dialled()
            streams = method == protobuf.SEND_STREAM
            call = (channel.stream_unary if streams else channel.unary_unary)(method, None, None)
            try:
                receipt: bytes = await call(payload(), timeout=ANSWER_PATIENCE)
            except grpc.aio.AioRpcError as error:
                self._answered(f"grpc {error.code().name}")
                return False
            except asyncio.CancelledError:
                # so gRPC may end a stream whose time is over while a message is written
                if _cancelled():
                    raise
                self._answered("grpc CANCELLED")
                return False
            self._answered("grpc OK")
            return protobuf.accepted(receipt) == len(numbers)

        return ClientRequest(numbers, send)

    def _dialled(self) -> grpc.aio.Channel:
        if self._channel is None:
            where = urlsplit(self._ingress).netloc
            self._channel = grpc.aio.insecure_channel(where, options=_CHANNEL)
        return self._channel

    def _numbers(self) -> range:
        first = self._ids.take(BATCH)
        return range(first, first + BATCH)

    def _answered(self, answer: str) -> None:
        self.answers[answer] = self.answers.get(answer, 0) + 1

    def event(self, number: int) -> Mapping[str, object]:
        """The good event of a number; it follows from the seed."""
        return self._codec.generate(Random(f"{self._seed}/event/{number}"))

    def origin(self, number: int) -> str:
        """By which door it was sent."""
        own = self._door.origin if self._door is not None else ""
        return self._origins.get(number, own or "http")

    def _message(self, number: int) -> bytes:
        return protobuf.event(self._ids.text(number), json.dumps(self.event(number)).encode())


def _cancelled() -> bool:
    """Whether somebody wants the task that asks to end."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0
