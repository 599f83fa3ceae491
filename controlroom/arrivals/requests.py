"""What is sent: events of the scenario by the plan's seed, as each kind of door takes them."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from random import Random
from urllib.parse import urlsplit

from controlroom.arrivals.plan import Plan, PlanError
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import load

MOST_BODIES = 1000
MOST_MADE = 20_000
"""Events that are made before the load begins; they are sent again in turn."""


def bodies(plan: Plan) -> list[bytes]:
    """JSON bodies that are sent in turn. Raises PlanError for the scenario or the file."""
    if plan.bodies:
        return _from_file(Path(plan.bodies))
    try:
        codec = EventCodec(load(plan.scenario))
    except ScenarioError as error:
        raise PlanError(f"scenario: {error.message}", error.fix) from None
    chance = Random(plan.seed)
    count = max(1, min(MOST_BODIES, MOST_MADE // plan.batch))
    made = [[codec.generate(chance) for _ in range(plan.batch)] for _ in range(count)]
    return [_json(events[0] if plan.batch == 1 else events) for events in made]


def _from_file(path: Path) -> list[bytes]:
    try:
        found = path.read_bytes().splitlines()
    except OSError as error:
        raise PlanError(f"bodies: {path} cannot be read: {error.strerror}.") from None
    if not found:
        raise PlanError(f"bodies: {path} holds nothing.", "Write one body a line.")
    return found


def _json(value: object) -> bytes:
    return json.dumps(value, separators=(",", ":")).encode("ascii")


class HttpRequests:
    """Whole requests, by number."""

    def __init__(self, plan: Plan) -> None:
        parts = urlsplit(plan.address)
        self._ids = bool(plan.run) and plan.batch == 1
        head = (
            f"POST {parts.path or '/'} HTTP/1.1\r\nHost: {parts.netloc}\r\n"
            "Content-Type: application/json\r\n"
        )
        begin = f"X-Event-Id: {plan.run}-" if self._ids else ""
        self._parts = [
            (f"{head}Content-Length: {len(body)}\r\n{begin}".encode(), body)
            for body in bodies(plan)
        ]
        self._count = len(self._parts)

    def __getitem__(self, number: int) -> bytes:
        """The request of that number, from 1."""
        head, body = self._parts[(number - 1) % self._count]
        if self._ids:
            return b"%b%d\r\n\r\n%b" % (head, number, body)
        return head + b"\r\n" + body


class GrpcRequests:
    """Messages of `proto/controlroom.proto`, each event as its JSON, by number."""

    def __init__(self, plan: Plan) -> None:
        self.batch = plan.batch
        self._run = plan.run if plan.batch == 1 else ""
        self._events = [self._message(json.loads(body)) for body in bodies(plan)]
        self.receipt = b"\x08" + _varint(plan.batch)
        """A `Receipt` that has accepted all and rejected none."""

    def __getitem__(self, number: int) -> bytes:
        """An `Event`, or a `Batch` where the plan has several in a request."""
        message = self._events[(number - 1) % len(self._events)]
        return message + _field(1, f"{self._run}-{number}".encode()) if self._run else message

    def _message(self, body: object) -> bytes:
        if self.batch == 1:
            return _field(3, _json(body))
        events: Sequence[object] = body if isinstance(body, list) else [body]
        return b"".join(_field(1, _field(3, _json(event))) for event in events)


def _field(number: int, value: bytes) -> bytes:
    return bytes([number << 3 | 2]) + _varint(len(value)) + value


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)
