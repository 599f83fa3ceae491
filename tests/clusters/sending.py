"""Clients that send so many events through the ingress, each under an id until it is answered."""

from __future__ import annotations

import asyncio
import json
import time
import uuid
from collections import Counter
from dataclasses import dataclass
from random import Random

import httpx

from scenarios.events import EventCodec
from scenarios.scenario import Scenario

CLIENTS = 8
BATCH = 20
ANSWER_PATIENCE = 15.0
"""Seconds; a producer answers within 10."""
GIVE_UP = 240.0
"""Seconds in which a request has to be answered as it should be, however often it is sent."""
PAUSE = (0.1, 0.4)
FINAL = ("200", "201", "207", "400", "404", "413", "422")
"""Answers that sending again does not change."""
SINGLE_EVERY, BAD_EVERY = 10, 25
"""Every so many requests hold one event only, and one that is refused and kept."""


@dataclass(frozen=True, slots=True)
class Request:
    """The same bytes under the same key, however often it is sent."""

    key: str
    path: str
    body: bytes
    events: int
    wanted: int
    """The status that ends it."""


class Sending:
    """Sends exactly `events` good events, and bad ones between them.

    A request that is not answered, or with an error, is sent again. No more than `allowed` good
    events are begun, so that a test can let the load wait for it.
    """

    def __init__(self, ingress: str, scenario: Scenario, events: int, allowed: int) -> None:
        self.events = events
        self.allowed = allowed
        self.acknowledged = 0
        self.rejected = 0
        self.answers: Counter[str] = Counter()
        """Every answer, and every reason for having none, with how often it came."""
        self._begun = 0
        self._requests = 0
        self._run = uuid.uuid4().hex[:8]
        self._random = Random(self._run)
        self._codec = EventCodec(scenario)
        self._fields = scenario.fields
        paths = [scenario.http.paths[0], scenario.grpc_front.paths[0]]
        paths += scenario.wasm.paths[:1] if scenario.wasm is not None else []
        self._paths = [path for path in paths if path]
        self._http = httpx.AsyncClient(base_url=ingress, timeout=ANSWER_PATIENCE, trust_env=False)

    async def run(self) -> None:
        """Returns when each event has been answered as it should be."""
        async with self._http, asyncio.TaskGroup() as group:
            for _ in range(CLIENTS):
                group.create_task(self._client())

    async def _client(self) -> None:
        while self._begun < self.events:
            if self._begun >= self.allowed:
                await asyncio.sleep(PAUSE[0])
                continue
            await self._deliver(self._next())

    def _next(self) -> Request:
        self._requests += 1
        number, key = self._requests, f"{self._run}-{self._requests}"
        path = self._paths[number % len(self._paths)]
        if number % BAD_EVERY == 0:
            event = {**self._codec.generate(self._random), self._fields[-1].name: "spoilt"}
            return Request(key, path, json.dumps(event).encode(), 1, 422)
        size = 1 if number % SINGLE_EVERY == 0 else min(BATCH, self.events - self._begun)
        self._begun += size
        events = [self._codec.generate(self._random) for _ in range(size)]
        return Request(key, path, json.dumps(events).encode(), size, 201)

    async def _deliver(self, request: Request) -> None:
        deadline = time.monotonic() + GIVE_UP
        while (answer := await self._answer(request)) != str(request.wanted):
            told = f"{request} was answered by {answer}"
            assert answer not in FINAL, told
            assert time.monotonic() < deadline, f"{told}; all answers: {self.answers}"
            await asyncio.sleep(self._random.uniform(*PAUSE))
        if request.wanted == 201:
            self.acknowledged += request.events
        else:
            self.rejected += request.events

    async def _answer(self, request: Request) -> str:
        headers = {"Content-Type": "application/json", "Idempotency-Key": request.key}
        try:
            answer = await self._http.post(request.path, content=request.body, headers=headers)
        except httpx.HTTPError as error:
            said = type(error).__name__
        else:
            said = str(answer.status_code)
        self.answers[said] += 1
        return said
