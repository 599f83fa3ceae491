"""What goes on beside a service goes on whatever it meets."""

from __future__ import annotations

import asyncio
import uuid
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from services.shared import acknowledged, count_file
from services.shared.acknowledged import AcknowledgedCounter, Publication, keeping
from services.shared.beside import run_beside
from services.shared.settings import Settings
from tests.conftest import Engines
from tests.waiting import until
from wire.ending import end
from wire.keys import acknowledged_key


async def test_work_that_fails_is_logged_and_begins_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun: list[int] = []
    again = asyncio.Event()

    async def work() -> None:
        begun.append(len(begun))
        if len(begun) == 1:
            raise RuntimeError("the handler is closed")
        again.set()
        await asyncio.Event().wait()

    task = run_beside(work, "some work")
    async with asyncio.timeout(30):
        await again.wait()
    await end([task])
    assert begun == [0, 1]
    (record,) = caplog.records
    assert "some work failed" in record.getMessage()
    assert record.exc_info


async def test_work_that_is_done_is_not_begun_again() -> None:
    begun: list[int] = []

    async def work() -> None:
        begun.append(1)

    await run_beside(work, "some work")
    assert begun == [1]


def failing_once(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: Exception) -> None:
    """The next call raises; all after it do what they did."""
    as_it_was = getattr(owner, name)
    raised: list[Exception] = []

    def instead(*args: Any, **options: Any) -> Any:
        if not raised:
            raised.append(error)
            raise error
        return as_it_was(*args, **options)

    monkeypatch.setattr(owner, name, instead)


async def test_a_publication_that_failed_once_goes_on(
    engines: Engines, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scenario = f"ledger-{uuid.uuid4().hex[:8]}"
    settings = Settings(scenario, "p", "127.0.0.1", redis_url=engines.redis, ledger_dir=tmp_path)
    failing_once(monkeypatch, Publication, "publish", RuntimeError("nobody expects this"))
    async with (
        Redis.from_url(engines.redis, decode_responses=True) as redis,
        keeping(settings, scenario) as counted,
    ):
        counted.add(7)

        async def told() -> bool:
            found = await redis.hget(acknowledged_key(scenario), counted.instance)
            return bool(found == "7")

        await until(told, "a count in Redis")
        await redis.delete(acknowledged_key(scenario))


async def test_a_sync_that_failed_once_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings("s", "p", "127.0.0.1", ledger_dir=tmp_path)
    async with keeping(settings, "s") as counted:
        failing_once(
            monkeypatch, AcknowledgedCounter, "sync", OSError(28, "No space left on device")
        )
        counted.add(3)
        (file,) = tmp_path.iterdir()

        def on_disk() -> bool:
            raw = file.read_bytes()
            kept = count_file.read(bytes(count_file.PLAIN) + raw[count_file.PLAIN :], bytes(16))
            return kept is not None and kept.events == 3

        await until(on_disk, "a stamp with the count")
    assert acknowledged.read_counts(tmp_path, "s") == {counted.instance: 3}
