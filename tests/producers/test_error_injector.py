"""The error injector as a real process, and its settings."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from services.error_injector.answering import ErrorApp, Errors
from services.shared.golden import Golden
from services.shared.settings import SettingsError
from tests.conftest import ROOT
from tests.ports import free_port
from tests.producers.running import Service
from tests.waiting import until


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"ERROR_STATUS": "200"}, "ERROR_STATUS is '200'"),
        ({"ERROR_STATUS": "teapot"}, "ERROR_STATUS is 'teapot'"),
        ({"ERROR_SHARE": "101"}, "ERROR_SHARE is '101'"),
        ({"ERROR_DELAY_MS": "-1"}, "ERROR_DELAY_MS is '-1'"),
        ({"ERROR_DELAY_MS": "60001"}, "ERROR_DELAY_MS is '60001'"),
    ],
)
def test_a_setting_that_cannot_be_used_is_named(given: dict[str, str], said: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Errors.from_env(given)
    assert said in caught.value.message
    assert caught.value.fix


def test_without_settings_every_request_fails_with_500() -> None:
    assert Errors.from_env({}) == Errors(500, 1.0, 0.0)


async def ask(app: ErrorApp, *parts: bytes) -> int:
    """The status of the answer to a body in parts."""
    sent: list[Any] = []
    messages = [
        {"type": "http.request", "body": part, "more_body": n < len(parts) - 1}
        for n, part in enumerate(parts)
    ]

    async def receive() -> Any:
        return messages.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    await app({"type": "http"}, receive, send)
    status: int = sent[0]["status"]
    return status


async def test_failures_are_spread_evenly_and_counted_and_bodies_are_bounded() -> None:
    traffic = Golden().traffic({"direction": "inbound"})
    app = ErrorApp(Errors(503, 0.3), traffic, max_body_bytes=10)
    seen = [await ask(app, b"x") for _ in range(100)]
    assert Counter(seen) == {200: 70, 503: 30}
    assert all(503 in seen[at : at + 4] for at in range(96))
    assert await ask(app, b"x" * 6, b"x" * 6, b"never read") == 413
    counted = {status: sum(one.counts) for (status, _), one in traffic.answers.items()}
    assert counted == {200: 70, 503: 30, 413: 1}


def _started(env: dict[str, str], log: Path) -> Service:
    """The service as a process."""
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "services.error_injector"],
            cwd=ROOT,
            env={"PATH": os.environ["PATH"], **env},
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    return Service(process, env, log)


@pytest.mark.processes
async def test_the_process_answers_late_and_with_its_status(tmp_path: Path) -> None:
    env = {
        "SCENARIO": "bands", "POD_NAME": "e", "POD_IP": "127.0.0.1",
        "HTTP_PORT": str(free_port()), "ADMIN_PORT": str(free_port()),
        "ERROR_STATUS": "418", "ERROR_DELAY_MS": "300",
    }  # fmt: skip
    service = _started(env, tmp_path / "log")
    try:
        await until(service.ready, "it is ready", 60)
        async with httpx.AsyncClient(trust_env=False) as client:
            began = time.monotonic()
            answer = await client.post(service.url("/any/path"), content=b"{}")
        assert time.monotonic() - began >= 0.3
        assert (answer.status_code, answer.json()["code"]) == (418, "injected")
        metrics = await service.admin("/metrics")
        assert metrics is not None
        assert 'status_code="418"' in metrics.text
    finally:
        service.process.terminate()
        assert service.process.wait(30) == 0
