"""Settings, readiness, draining, golden series and log lines."""

from __future__ import annotations

import asyncio
import json
import signal
from pathlib import Path

import httpx
import pytest
from prometheus_client import REGISTRY, CollectorRegistry, Counter, generate_latest

import services.shared.lifecycle  # noqa: F401 - it settles what the registry tells
from services.shared.golden import BUCKETS_MS, Golden, classify
from services.shared.settings import Settings, SettingsError
from tests.conftest import Engines
from tests.producers.running import MakeScenario, producers
from tests.producers.test_http import GOOD
from tests.waiting import until

ENV = {"SCENARIO": "bands", "POD_NAME": "p", "POD_IP": "127.0.0.1"}


def test_settings_name_what_is_missing_and_what_is_wrong() -> None:
    settings = Settings.from_env("http_port", environ={**ENV, "HTTP_PORT": "8080"})
    assert (settings.http_port, settings.grpc_port, settings.ledger_dir) == (8080, 0, None)
    for change, words in (
        ({"POD_IP": " "}, "POD_IP is not set"),
        ({}, "HTTP_PORT is not set"),
        ({"HTTP_PORT": "0"}, "HTTP_PORT is '0'"),
        ({"HTTP_PORT": "65536"}, "HTTP_PORT is '65536'"),
        ({"HTTP_PORT": "1", "DRAIN_SECONDS": "-1"}, "DRAIN_SECONDS is '-1'"),
    ):
        with pytest.raises(SettingsError, match=words):
            Settings.from_env("http_port", environ={**ENV, **change})


def test_what_nobody_asks_for_is_not_told() -> None:
    Counter("lifecycle_probe", "Of this test.", registry=REGISTRY).inc()
    told = generate_latest(REGISTRY).decode()
    assert "lifecycle_probe_total 1.0" in told
    assert "process_cpu_seconds_total" in told
    assert "_created" not in told
    assert "python_gc" not in told


def test_series_have_the_names_labels_and_buckets_of_the_proxy() -> None:
    golden, registry = Golden(), CollectorRegistry()
    registry.register(golden)
    traffic = golden.traffic({"direction": "inbound", "target_port": "8080"})
    with traffic.call() as call:
        call.status = 201
    with pytest.raises(OSError, match="broken"), traffic.call():
        raise OSError("broken")
    traffic.end(traffic.begin(), 200, "14")
    labels = {"direction": "inbound", "target_port": "8080", **EMPTY}

    def value(name: str, **more: str) -> float | None:
        return registry.get_sample_value(name, {**labels, **more})

    assert value("request_total") == 3
    response = {"status_code": "201", "classification": "success", "grpc_status_code": ""}
    assert value("response_total", **response) == 1
    response = {"status_code": "500", "classification": "failure", "grpc_status_code": ""}
    assert value("response_total", **response) == 1
    response = {"status_code": "200", "classification": "failure", "grpc_status_code": "14"}
    assert value("response_total", **response) == 1
    for bound in (*map(str, BUCKETS_MS), "+Inf"):
        assert value("response_latency_ms_bucket", status_code="201", le=bound) == 1
    assert b"response_latency_ms_sum" in generate_latest(registry)


EMPTY = dict.fromkeys(
    (
        "authority",
        "target_addr",
        "tls",
        "srv_kind",
        "srv_name",
        "route_kind",
        "route_name",
        "dst_deployment",
    ),
    "",
)


@pytest.mark.parametrize(
    ("status", "grpc", "kind"),
    [
        (200, "", "success"),
        (404, "", "success"),
        (503, "", "failure"),
        (200, "0", "success"),
        (200, "3", "success"),
        (200, "14", "failure"),
    ],
)
def test_a_fault_of_the_server_is_a_failure(status: int, grpc: str, kind: str) -> None:
    assert classify(status, grpc) == kind


async def test_a_producer_drains_on_sigterm_and_loses_no_answer(
    engines: Engines, make_scenario: MakeScenario, tmp_path: Path
) -> None:
    async with producers(engines, make_scenario("bands"), tmp_path) as cast:
        service = await cast.start("services.producer_http", DRAIN_SECONDS="1")
        body = [GOOD["bands"]] * 100
        accepted = 0

        async def send(client: httpx.AsyncClient) -> None:
            nonlocal accepted
            while True:
                try:
                    answer = await client.post(service.url("/input"), json=body)
                except httpx.ConnectError:
                    return
                except (httpx.RemoteProtocolError, httpx.ReadError):
                    # an idle connection was closed before the request was read
                    continue
                assert answer.status_code == 201, answer.text
                accepted += len(body)

        async with httpx.AsyncClient(timeout=30) as client:
            clients = asyncio.gather(*(send(client) for _ in range(4)))
            await until(lambda: accepted or None, "some were accepted")
            service.process.send_signal(signal.SIGTERM)

            async def unready() -> bool:
                answer = await service.admin("/readyz")
                return answer is not None and answer.status_code == 503

            await until(unready, "no longer ready")
            assert (await service.admin("/livez")) is not None
            await clients
        assert await asyncio.to_thread(service.process.wait, 15) == 0
        await cast.events(accepted)
        for line in service.log.read_text().splitlines():
            assert {"at", "level", "service", "pod", "message"} <= set(json.loads(line))
