"""Disks of engines, on a small file system that is really filled."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from redis.asyncio import Redis

from controlroom.torture import disk as scratch
from host.errors import StackError
from host.paths import engine_dir
from stack.disk import Disks, chosen_reserve
from stack.engines.redis import external_redis
from stack.supervisor.events import Events
from tests.conftest import Engines
from tests.waiting import until
from wire.disk import DiskGuard, shortages
from wire.stores import redis_client

MIB = 1 << 20


@pytest.fixture
def small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A state folder whose document store has a disk of 64 MiB."""
    monkeypatch.setattr(scratch, "BYTES", 64 * MIB)
    folder = scratch.mount(tmp_path, lambda line: None)
    if folder is None:
        pytest.skip("a file system of its own takes root and tmpfs")
    yield tmp_path
    scratch.unmount(folder)


@pytest.fixture
async def redis(engines: Engines) -> AsyncIterator[Redis]:
    """A database that no stack writes to."""
    client = redis_client(engines.redis.replace("/0", "/8"))
    yield client
    await client.flushdb()
    await client.aclose()


async def test_a_full_disk_is_seen_told_and_taken_back(
    small: Path, redis: Redis, engines: Engines
) -> None:
    engine, events = external_redis(engines.redis.replace("/0", "/8")), Events()
    disks = Disks(small, {"mongo": engine, "haproxy": engine}, engine, events)
    looking = asyncio.create_task(disks.run())
    await until(lambda: "mongo" in disks.uses, "a first look")
    assert await shortages(redis) == []
    assert (disks.uses["mongo"].full, disks.uses["mongo"].total) == (False, 64 * MIB)
    filler = engine_dir(small, "mongo") / "filler"
    await asyncio.to_thread(scratch.fill, filler)
    (told,) = await until(lambda: shortages(redis), "the word in Redis")
    assert (told.store, told.severe, told.free < told.reserve) == ("mongo", True, True)
    await until(lambda: disks.uses["mongo"].used >= 60 * MIB, "the folder is summed up")
    assert disks.uses["mongo"].full
    # an emptied Redis hears of it again
    await redis.flushdb()
    await until(lambda: shortages(redis), "the word once more")
    filler.unlink()

    async def taken_back() -> bool:
        return not await shortages(redis)

    await until(taken_back, "the word is taken back")
    assert [event.reason for event in events.after(0)] == ["DiskFull", "DiskFree"]
    looking.cancel()
    await asyncio.wait([looking])


def test_between_full_and_free_again_there_is_a_gap() -> None:
    guard = DiskGuard("mongo", 100)
    assert guard.look(10_000, 100) is None
    assert guard.look(10_000, 99) is not None
    assert guard.look(10_000, 149) is not None
    assert guard.look(10_000, 150) is None
    assert guard.look(10_000, 101) is None


def test_a_small_file_system_keeps_a_tenth_free() -> None:
    guard = DiskGuard("mongo")
    assert guard.look(1_000, 101) is None
    short = guard.look(1_000, 99)
    assert short is not None
    assert not short.severe
    severe = guard.look(1_000, 49)
    assert severe is not None
    assert severe.severe


@pytest.mark.parametrize("text", ["1G", "-5", "x"])
def test_a_reserve_that_is_no_number_is_named(text: str) -> None:
    with pytest.raises(StackError, match="CONTROLROOM_DISK_RESERVE"):
        chosen_reserve({"CONTROLROOM_DISK_RESERVE": text})
