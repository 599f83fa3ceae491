"""gRPC without a front: what the real server of grpcio takes in is what was meant."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest

from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.loop import OpenLoad
from controlroom.arrivals.plan import Plan, PlanError
from controlroom.arrivals.results import HISTOGRAM, ResultFolder, read_result
from services.pb import controlroom_pb2 as pb
from services.pb import controlroom_pb2_grpc as pb_grpc
from tests.ports import free_port


@dataclass
class Ingest(pb_grpc.IngestServicer):
    """Keeps what it is sent."""

    port: int = 0
    refuse: bool = False
    reject: bool = False
    events: list[pb.Event] = field(default_factory=list)
    calls: int = 0

    def Send(self, request: pb.Event, context: Any) -> pb.Receipt:  # noqa: N802
        return self._take([request], context)

    def SendBatch(self, request: pb.Batch, context: Any) -> pb.Receipt:  # noqa: N802
        return self._take(list(request.events), context)

    def _take(self, events: list[pb.Event], context: Any) -> pb.Receipt:
        self.calls += 1
        if self.refuse:
            context.abort(grpc.StatusCode.UNAVAILABLE, "Kafka is away")
        self.events += events
        bad = 1 if self.reject else 0
        return pb.Receipt(accepted=len(events) - bad, rejected=bad)


@pytest.fixture
def ingest() -> Iterator[Ingest]:
    """A server that is there for the test."""
    one = Ingest()
    server = grpc.server(ThreadPoolExecutor(4))
    pb_grpc.add_IngestServicer_to_server(one, server)
    one.port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    yield one
    server.stop(None).wait()


def plan(ingest: Ingest, **more: object) -> Plan:
    """Thirty calls at 100/s."""
    given: dict[str, object] = {
        "url": f"grpc://127.0.0.1:{ingest.port}", "path": "grpc", "rate": 100.0, "seconds": 5.0,
        "number": 30, "timeout": 30.0, "run": "r-1", **more,
    }  # fmt: skip
    return Plan(**given)  # type: ignore[arg-type]


def sent(plan: Plan, path: Path) -> dict[str, Any]:
    """The whole load, and what came of it."""
    folder = ResultFolder(path)
    try:
        OpenLoad(plan, folder).run()
    finally:
        folder.close()
    found = read_result(path)
    assert found is not None
    return found


def test_events_arrive_with_their_ids(ingest: Ingest, tmp_path: Path) -> None:
    result = sent(plan(ingest), tmp_path)
    assert (result["sent"], result["answered"], result["failed"]) == (30, 30, 0)
    assert result["statuses"] == {"OK": 30}
    assert sorted(event.id for event in ingest.events) == sorted(f"r-1-{n}" for n in range(1, 31))
    assert all("album" in json.loads(event.json) for event in ingest.events)
    assert Histogram.read(tmp_path / HISTOGRAM).total == 30


def test_batches_are_calls_of_many_events(ingest: Ingest, tmp_path: Path) -> None:
    result = sent(plan(ingest, batch=200, number=3), tmp_path)
    assert (result["sent"], result["answered"], result["events"]) == (3, 3, 600)
    assert (ingest.calls, len(ingest.events)) == (3, 600)
    assert {event.id for event in ingest.events} == {""}


def test_refused_and_rejected_are_failures(ingest: Ingest, tmp_path: Path) -> None:
    ingest.refuse = True
    result = sent(plan(ingest, number=5), tmp_path / "refused")
    assert result["failures"] == {"UNAVAILABLE": 5}
    ingest.refuse, ingest.reject = False, True
    result = sent(plan(ingest, number=5), tmp_path / "rejected")
    assert result["failures"] == {"events were rejected": 5}
    assert (result["answered"], ingest.calls) == (0, 10)


def test_a_server_that_is_not_there_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("controlroom.arrivals.grpc_door.CONNECT_TIME", 0.2)
    with pytest.raises(PlanError, match="no gRPC server answers at 127"):
        sent(plan(Ingest(port=free_port())), tmp_path)
