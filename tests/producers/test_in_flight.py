"""Bodies that are large, compressed or never whole: what they may hold, and who may go between."""

from __future__ import annotations

import asyncio
import gzip
import json
import zlib
from pathlib import Path
from typing import Any, cast

import grpc
import httpx
import psutil
import pytest
import yaml

from bench.worst import GRPC, HTTP
from scenarios import walk
from scenarios.bodies import MAX_RECORD, SLICE, Unreadable
from scenarios.events import EventCodec
from scenarios.loading import load
from services.producer_grpc.packed import Packed, TooMuchError, read_batch, read_event
from services.queues.port import Unavailable
from services.shared.golden import Traffic
from services.shared.inflight import UNCHARGED, InFlight
from services.shared.ingest_app import IngestApp
from services.shared.intake import Intake
from services.shared.limits import Limits
from tests.conftest import ROOT, Engines
from tests.ports import free_port
from tests.producers.running import MakeScenario, producers, trailing
from tests.producers.test_http import GOOD
from tests.producers.test_limits import head
from tests.producers.test_properties import _Kept
from tests.waiting import until

VOTE = GOOD["bands"]
SCENARIO = load("bands")
BATCH = "/controlroom.v1.Ingest/SendBatch"


def app_of(kept: _Kept, limits: Limits | None = None) -> IngestApp:
    """A door in front of nothing."""
    made = cast(Any, kept)
    intake = Intake(EventCodec(SCENARIO), made, made, "test")
    return IngestApp(SCENARIO.http, intake.accept, Traffic({}), limits)


async def post(
    app: IngestApp, *parts: bytes, headers: tuple[tuple[bytes, bytes], ...] = ()
) -> tuple[int, dict[str, Any], dict[bytes, bytes]]:
    """Status, JSON and headers of one request whose body comes in parts."""
    left, sent = list(parts), []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": left.pop(0), "more_body": bool(left)}

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {"type": "http", "path": "/input", "method": "POST", "headers": list(headers)}
    await app(scope, receive, send)
    return sent[0]["status"], json.loads(sent[1]["body"]), dict(sent[0]["headers"])


async def test_other_work_goes_between_the_pieces_of_all_bodies_together(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    spent = 0

    class Counted(walk.Walk):
        @property
        def spent(self) -> int:
            return self._spent

        @spent.setter
        def spent(self, value: int) -> None:
            nonlocal spent
            spent += value - getattr(self, "_spent", 0)
            self._spent = value

    monkeypatch.setattr("scenarios.bodies.Walk", Counted)
    app = app_of(_Kept())
    body = json.dumps([{**VOTE, "more": "x" * 500}] * 1_500).encode()
    asked = [asyncio.create_task(post(app, body)) for _ in range(5)]
    longest = last = 0
    while not all(task.done() for task in asked):
        await asyncio.sleep(0)
        longest, last = max(longest, spent - last), spent
    assert [task.result()[0] for task in asked] == [201] * 5
    assert spent >= 5 * len(body)
    assert longest <= SLICE + 2 * MAX_RECORD


async def test_nothing_is_taken_of_a_large_body_that_ends_badly() -> None:
    kept = _Kept()
    body = json.dumps([VOTE] * 5_000).encode()[:-1] + b',{"name":}]'
    status, told, _ = await post(app_of(kept), body)
    assert (status, told["code"]) == (400, "no_records")
    assert "in field name" in told["error"]
    assert not kept.topics


async def test_a_key_names_the_records_of_a_large_body() -> None:
    kept = _Kept()

    async def publish(topic: str, entries: Any, partition_slot: Any = None) -> None:
        kept.topics.setdefault(topic, []).extend(entries)

    cast(Any, kept).publish = publish
    app = app_of(kept)
    named = ((b"idempotency-key", b"mine"),)
    assert (await post(app, json.dumps([VOTE] * 1_000).encode(), headers=named))[0] == 201
    large = json.dumps({**VOTE, "more": "x" * 20_000}).encode()
    assert (await post(app, large, headers=((b"x-event-id", b"one"),)))[0] == 201
    (entries,) = kept.topics.values()
    ids = {entry.headers[0][1] for entry in entries}
    assert ids == {f"mine.{position}".encode() for position in range(1_000)} | {b"one"}
    long = ((b"idempotency-key", b"x" * 126),)
    assert (await post(app, json.dumps([VOTE] * 1_000).encode(), headers=long))[0] == 400


GZIP = ((b"content-encoding", b"gzip"),)


async def test_a_gzip_body_is_read_within_the_limit_of_a_body() -> None:
    app = app_of(_Kept())
    text = json.dumps(VOTE).encode()
    many = json.dumps([VOTE] * 2_000).encode()
    for body, status in (
        (gzip.compress(text), 201),
        (gzip.compress(many), 201),
        (gzip.compress(text) + gzip.compress(b"\n" + text) + b"\x00" * 20, 201),
        (gzip.compress(text)[:-6], 400),
        (text, 400),
        (b"", 400),
        (gzip.compress(b"[" + b" " * (9 << 20) + b"]"), 413),
    ):
        parts = [body[at : at + 1_000] for at in range(0, len(body), 1_000)] or [b""]
        assert (await post(app, *parts, headers=GZIP))[0] == status
    named = ((b"content-encoding", b"identity, X-GZIP"),)
    assert (await post(app, gzip.compress(text), headers=named))[0] == 201


@pytest.mark.parametrize("encoding", [b"br", b"deflate", b"gzip, gzip", b"zstd"])
async def test_another_encoding_is_415_and_says_what_is_read(encoding: bytes) -> None:
    body = zlib.compress(json.dumps(VOTE).encode())
    status, told, headers = await post(
        app_of(_Kept()), body, headers=((b"content-encoding", encoding),)
    )
    assert (status, told["code"]) == (415, "bad_encoding")
    assert "send gzip" in told["error"]
    assert headers[b"accept-encoding"] == b"gzip"


def test_charges_are_bounded_together_and_given_back() -> None:
    all_ = InFlight(100_000)
    with all_.charge() as one, all_.charge() as two, all_.charge() as small:
        one.grow(60_000)
        two.grow(30_000)
        with pytest.raises(Unavailable) as raised:
            two.grow(50_000)
        assert raised.value.problem.code == "too_many_bytes"
        small.grow(UNCHARGED)
        assert all_.held == 90_000
    assert all_.held == 0


async def test_half_sent_bodies_are_bounded_and_others_are_taken(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast_:
        service = await cast_.start("services.producer_http", MAX_BYTES_IN_FLIGHT="400000")
        port = int(service.env["HTTP_PORT"])
        body = json.dumps([VOTE] * 4_000).encode()
        _, half = await asyncio.open_connection("127.0.0.1", port)
        half.write(head(8 << 20) + b"[" + b"1," * 150_000)
        await half.drain()
        async with httpx.AsyncClient(timeout=30) as client:

            async def refused() -> httpx.Response | None:
                answer = await client.post(service.url("/input"), content=body)
                return answer if answer.status_code == 503 else None

            told = await until(refused, "the half-sent body is counted")
            assert (told.json()["code"], told.headers["retry-after"]) == ("too_many_bytes", "1")
            assert (await client.post(service.url("/input"), json=VOTE)).status_code == 201
            half.close()

            async def taken() -> bool:
                answer = await client.post(service.url("/input"), content=body)
                return answer.status_code == 201

            await until(taken, "there is room again")


def limit_of(name: str, container: str) -> int:
    """Bytes of memory that a container of a producer's pod has in a cluster."""
    for document in yaml.safe_load_all((ROOT / f"k8s/base/{name}.yaml").read_text()):
        if document["kind"] == "Deployment":
            (limit,) = (
                each["resources"]["limits"]["memory"]
                for each in document["spec"]["template"]["spec"]["containers"]
                if each["name"] == container
            )
            return int(limit.removesuffix("Mi")) << 20
    raise AssertionError(name)


class Peak:
    """The most memory that a process was seen with."""

    def __init__(self, pid: int) -> None:
        self._process = psutil.Process(pid)
        self.seen = 0

    async def run(self) -> None:
        """Look until cancelled."""
        while True:
            self.seen = max(self.seen, self._process.memory_info().rss)
            await asyncio.sleep(0.02)


async def test_a_producer_stays_under_its_memory_limit_beside_the_worst_bodies(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    kinds = (
        "list of `{}`",
        "records of 32 KiB full of `{}`",
        "9,900 bad lines",
        "`1` a line, 8 MiB",
    )
    async with producers(engines, make_scenario("bands"), tmp_path) as cast_:
        service = await cast_.start("services.producer_http")
        peak = Peak(service.process.pid)
        watching = asyncio.create_task(peak.run())
        async with httpx.AsyncClient(timeout=120) as client:

            async def abuse(kind: str) -> int:
                return (await client.post(service.url("/input"), content=HTTP[kind]())).status_code

            answers = await asyncio.gather(*(abuse(kind) for kind in kinds * 2))
            assert (await client.post(service.url("/input"), json=VOTE)).status_code == 201
        watching.cancel()
        assert set(answers) <= {201, 207, 413, 422, 503}
        assert 0 < peak.seen < limit_of("producer-http", "producer-http")


async def test_large_batches_are_unpacked_in_pieces_and_bounded(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast_:
        service = await cast_.start(
            "services.producer_grpc.server",
            GRPC_PORT=str(free_port()),
            MAX_BYTES_IN_FLIGHT="2000000",
        )
        peak = Peak(service.process.pid)
        watching = asyncio.create_task(peak.run())
        async with grpc.aio.insecure_channel(f"127.0.0.1:{service.env['GRPC_PORT']}") as channel:
            send = channel.unary_unary(BATCH, bytes, bytes)

            async def told(raw: bytes) -> tuple[str, str]:
                try:
                    await send(raw, timeout=60)
                except grpc.aio.AioRpcError as error:
                    return error.code().name, str(trailing(error).get("code"))
                return "OK", ""

            empty = GRPC["batch of empty events"]()
            assert await told(empty[:200_000]) == ("RESOURCE_EXHAUSTED", "too_many_records")
            assert await told(empty) == ("RESOURCE_EXHAUSTED", "too_many_bytes")
            assert (await told(empty + b"\x00" * (1 << 20)))[0] == "RESOURCE_EXHAUSTED"
            odd = GRPC["events of empty fields"]()[: 30_724 * 20]
            assert await told(odd) == ("OK", "")
        watching.cancel()
        assert 0 < peak.seen < limit_of("producer-grpc", "server")


def test_a_packed_batch_is_read_as_a_plain_one() -> None:
    from services.pb import controlroom_pb2 as pb

    events = [pb.Event(id=f"id-{n}", json=b"x" * (n * 40)) for n in range(60)]
    raw = pb.Batch(events=events).SerializeToString()
    packed = read_batch(raw)
    assert isinstance(packed, Packed)
    # fields that are not known are passed over
    odd = Packed(b"\x10\x96\x01\x1a\x01x" + raw + b"\x25abcd")
    assert list(packed.events(60, 5_000)) == list(odd.events(60, 5_000)) == events
    with pytest.raises(TooMuchError):
        list(packed.events(59, 5_000))
    kept = list(packed.events(60, 100))
    assert [isinstance(event, pb.Event) for event in kept].count(True) == 3
    broken = list(Packed(raw[:-1]).events(60, 5_000))
    assert broken[:59] == events[:59]
    assert "no controlroom.v1.Batch" in broken[59].message  # type: ignore[union-attr]


def test_an_event_of_too_many_fields_is_not_unpacked() -> None:
    from services.pb import controlroom_pb2 as pb

    def event(fields: int) -> pb.Event:
        return pb.Event(fields={f"f{n}": pb.Value(number=n) for n in range(fields)})

    largest = 1 << 20
    assert read_event(event(1_000).SerializeToString(), largest) == event(1_000)
    refused = read_event(event(1_001).SerializeToString(), largest)
    assert isinstance(refused, Unreadable)
    assert refused.message == "has more than 1000 fields"
    # an entry that is repeated is unpacked as often
    repeated = read_event(b"\x12\x00" * 1_001, largest)
    assert isinstance(repeated, Unreadable)
    cut = read_event(event(1_001).SerializeToString()[:-1], largest)
    assert isinstance(cut, Unreadable)
    # an event that comes alone is kept whole, whatever is wrong with it
    odd = b"\x1a\xff\x7f" + b"x" * 8_000
    alone = read_event(odd, largest, kept=largest)
    assert isinstance(alone, Unreadable)
    assert alone.text == odd


def test_a_batch_of_too_many_events_is_refused_before_one_is_unpacked() -> None:
    from services.pb import controlroom_pb2 as pb

    with pytest.raises(TooMuchError):
        next(Packed(pb.Batch(events=[pb.Event()] * 101).SerializeToString()).events(100, 100))
