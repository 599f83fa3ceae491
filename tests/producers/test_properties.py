"""Whatever comes in, a typed refusal or a kept record with its reason goes out.

CONTROLROOM_CASES says how many cases each test makes.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator, Sequence
from typing import Any, cast

import bson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from scenarios.bodies import Unreadable
from scenarios.events import EventCodec
from scenarios.loading import load
from services.consumer.prepared import PreparedBatch, Preparer
from services.pb import confproto_pb2, helloworld_pb2, usactar_pb2
from services.pb import controlroom_pb2 as pb
from services.producer_grpc.calls import reading
from services.producer_grpc.messages import record_of_event, record_of_message
from services.queues.port import Entry
from services.shared.golden import Traffic
from services.shared.ingest_app import IngestApp
from services.shared.intake import Intake
from wire.keys import events_topic
from wire.problems import PROBLEMS
from wire.record import decode_rejected

CASES = int(os.environ.get("CONTROLROOM_CASES", "500"))
SCENARIOS = [load(name) for name in ("bands", "worldcup")]
CODES = {problem.code: problem.status for problem in PROBLEMS}

many = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    suppress_health_check=list(HealthCheck),
)
pytestmark = [pytest.mark.long, pytest.mark.timeout(max(180, CASES // 10))]

_NAMES = sorted(
    {name for s in SCENARIOS for f in s.fields for name in (f.name, f.name.upper(), *f.aliases)}
)
_HOSTILE = st.sampled_from(
    ["[red]x[/red]", "\x1b[31m", "../../etc/passwd", "{name}", "%s", "a:b%3A", "$where", "9-9"]
)
_SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(-5, 3000)
    | st.floats()
    | st.text(max_size=300)
    | _HOSTILE
)
_KEYS = st.sampled_from([*_NAMES, "lista", "Lista"]) | st.text(max_size=10)
_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_KEYS, inner, max_size=6),
    max_leaves=20,
)
_DEEP = st.integers(1, 3_000).map(lambda n: b"[" * n + b"]" * n)


@st.composite
def near_events(draw: st.DrawFn) -> dict[str, Any]:
    """An event of a scenario of which some fields were spoilt."""
    codec = EventCodec(draw(st.sampled_from(SCENARIOS)))
    event: dict[str, Any] = codec.generate(draw(st.randoms(use_true_random=False)))
    for name in draw(st.lists(st.sampled_from(list(event)), max_size=2)):
        event[name] = draw(_VALUES)
    return event


_RECORDS = near_events() | _VALUES
_BODIES = (
    (_RECORDS | st.lists(_RECORDS, max_size=8)).map(lambda value: json.dumps(value).encode())
    | st.lists(_RECORDS, max_size=4).map(lambda rs: "\n".join(map(json.dumps, rs)).encode())
    | st.binary(max_size=400)
    | _DEEP
)


class _Kept:
    """Stands where Kafka does; what real brokers do with records is tested elsewhere."""

    def __init__(self) -> None:
        self.topics: dict[str, list[Entry]] = {}

    async def publish(self, topic: str, entries: Sequence[Entry]) -> None:
        """Keep the records."""
        self.topics.setdefault(topic, []).extend(entries)

    def add(self, count: int) -> None:
        """As a acknowledged counter counts."""


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


async def post(app: IngestApp, path: str, body: bytes, method: str = "POST") -> tuple[int, Any]:
    """Status and JSON of one request, by ASGI."""
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": path, "method": method, "headers": [], "query_string": body}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"])


def kept(codec: EventCodec, published: _Kept) -> tuple[int, int]:
    """How many records are on either topic, each of them as it has to be."""
    topics = dict(published.topics)
    events = topics.pop(events_topic(codec.scenario.name), [])
    for entry in events:
        assert [json.loads(entry.value)] == codec.decode_value(entry.value)
    rejected = [entry for entries in topics.values() for entry in entries]
    for entry in rejected:
        found = decode_rejected(entry.value)
        assert found.origin == "test"
        assert found.reason
        assert all(each["message"] for each in found.reason)
    return len(events), len(rejected)


@pytest.mark.parametrize("method", ["POST", "GET"])
def test_a_body_is_answered_by_a_type_and_nothing_is_dropped(
    loop: asyncio.AbstractEventLoop, method: str
) -> None:
    @many
    @given(_BODIES, st.sampled_from(SCENARIOS))
    def check(body: bytes, scenario: Any) -> None:
        published = _Kept()
        codec = EventCodec(scenario)
        intake = Intake(codec, cast(Any, published), cast(Any, published), "test")
        app = IngestApp(scenario.http, intake.accept, Traffic({}), get_writes=True)
        path = scenario.http.paths[0]
        status, answer = loop.run_until_complete(post(app, path, body, method))
        accepted, rejected = kept(codec, published)
        if status in (201, 207):
            assert accepted > 0
            assert bool(rejected) == (status == 207)
        else:
            assert CODES[answer["code"]] == status
            assert 400 <= status < 500
            assert not accepted
            assert rejected == answer.get("rejected", rejected)
            assert (status == 422) == (answer["code"] == "invalid")

    check()


_REQUESTS = [
    pb.Event,
    pb.Batch,
    confproto_pb2.requestId,
    confproto_pb2.requestInfo,
    helloworld_pb2.IngresoSolicitud,
    usactar_pb2.PredictionRequest,
]


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    """A message of ours with anything in it, and perhaps some of its bytes changed."""
    value = st.builds(pb.Value, text=st.text(max_size=50) | _HOSTILE) | st.builds(
        pb.Value, number=st.integers(-(1 << 63), (1 << 63) - 1)
    )
    fields = st.dictionaries(_KEYS, value, max_size=6)
    event = st.builds(pb.Event, id=st.text(max_size=200), fields=fields) | st.builds(
        pb.Event, json=_BODIES
    )
    made = draw(event | st.builds(pb.Batch, events=st.lists(event, max_size=4)))
    raw = bytearray(made.SerializeToString())
    for position in draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=3)):
        if raw:
            raw[position] = draw(st.integers(0, 255))
    return bytes(raw)


def test_protobuf_bytes_are_a_record_or_refused(loop: asyncio.AbstractEventLoop) -> None:
    @many
    @given(st.binary(max_size=300) | messages(), st.sampled_from(_REQUESTS))
    def check(raw: bytes, kind: Any) -> None:
        message = reading(kind)(raw)
        if isinstance(message, pb.Batch):
            records = [record_of_event(event) for event in message.events]
        elif isinstance(message, pb.Event | Unreadable):
            records = [record_of_event(message)]
        else:
            records = [record_of_message(message)]
        for scenario in SCENARIOS:
            published = _Kept()
            codec = EventCodec(scenario)
            intake = Intake(codec, cast(Any, published), cast(Any, published), "test")
            receipt = loop.run_until_complete(intake.accept(records))
            assert kept(codec, published) == (receipt.accepted, receipt.rejected)
            assert receipt.accepted + receipt.rejected == len(records)
            assert bool(receipt.errors) == bool(receipt.rejected)

    check()


class _Record:
    """What the consumer looks at of a Kafka record."""

    def __init__(self, value: bytes | None, headers: list[tuple[str, bytes]]) -> None:
        self.value = value
        self.headers = headers
        self.offset = 7
        self.timestamp = 1


def test_a_kafka_value_is_stored_or_kept_with_its_reason() -> None:
    headers = st.lists(
        st.tuples(st.sampled_from(["id", "origin", "other"]), st.binary(max_size=20)), max_size=3
    )
    text = st.sampled_from(_NAMES).flatmap(
        lambda name: st.text(max_size=30).map(lambda t: f"{name}:{t},{name}:1".encode())
    )

    @many
    @given(st.none() | _BODIES | text, headers, st.sampled_from(SCENARIOS))
    def check(value: bytes | None, given: list[tuple[str, bytes]], scenario: Any) -> None:
        record = cast(Any, _Record(value, given))
        prepared, refused = PreparedBatch("t:0", -1, last=0), PreparedBatch("t:0", -1, last=0)
        Preparer(scenario).events(prepared, [record], 5)
        assert prepared.documents or prepared.rejected
        for document in prepared.rejected:
            assert all(each["message"] for each in document["reason"])
        for document in [*prepared.documents, *prepared.rejected]:
            assert bson.decode(bson.encode(document)) == document
        for kind, key, member in prepared.tallies:
            assert kind in ("hash", "counter", "set")
            assert not any(sign < " " or "\x7f" <= sign < "\xa0" for sign in key + member)
        Preparer(scenario).refused(refused, [record], 5)
        assert bson.encode(refused.rejected[0])

    check()
