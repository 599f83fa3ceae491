"""The acknowledged count: whole after a kill, told by the living, patient without Redis."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path

import pytest
from redis.asyncio import Redis

from services.shared import count_file
from services.shared.acknowledged import (
    PUBLISH_EVERY,
    SYNC_EVERY,
    AcknowledgedCounter,
    keep_published,
    keeping,
    read_counts,
    sync_often,
)
from services.shared.settings import Settings, SettingsError
from tests.conftest import ROOT, Engines
from tests.ports import free_port
from tests.waiting import until
from wire.ending import end
from wire.keys import acknowledged_key

COUNTING = """
    import sys
    from pathlib import Path
    from services.shared.acknowledged import AcknowledgedCounter
    ledger = AcknowledgedCounter(Path(sys.argv[1]), "s")
    while True:
        ledger.add(1)
        sys.stdout.write(f"{ledger.count}\\n")
        sys.stdout.flush()
"""


def killed_while_counting(folder: Path, lines: int) -> int:
    """What a process had told when it was killed in the middle of counting."""
    child = subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(COUNTING), str(folder)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    for _ in range(lines):
        child.stdout.readline()
    child.send_signal(signal.SIGKILL)
    told = child.stdout.read().splitlines()
    child.wait()
    # the last line may have been cut by the kill
    return int(told[-2]) if len(told) > 1 else lines


@pytest.mark.processes
def test_a_count_that_was_told_survives_a_kill(tmp_path: Path) -> None:
    for lines in (1, 50, 500):
        folder = tmp_path / str(lines)
        told = killed_while_counting(folder, lines)
        after = AcknowledgedCounter(folder, "s")
        # one more may have been counted than was told, never fewer
        assert 0 <= after.count - told <= 2
        after.close()


def test_a_dead_file_is_taken_over_and_a_living_one_is_not(tmp_path: Path) -> None:
    first = AcknowledgedCounter(tmp_path, "s")
    first.add(3)
    second = AcknowledgedCounter(tmp_path, "s")
    other = AcknowledgedCounter(tmp_path, "t")
    assert len({first.instance, second.instance, other.instance}) == 3
    assert second.count == other.count == 0
    with second.dead() as dead:
        assert dead == {}
    name = first.instance
    first.close()
    with second.dead() as dead:
        assert dead == {name: 3}
        third = AcknowledgedCounter(tmp_path, "s")
        assert third.instance != name, "a file is not taken over while it is being told"
    heir = AcknowledgedCounter(tmp_path, "s")
    assert (heir.instance, heir.count) == (name, 3)
    for acknowledged in (second, third, other, heir):
        acknowledged.close()


def test_a_folder_that_cannot_be_written_names_the_variable(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError) as caught:
        AcknowledgedCounter(tmp_path / "file" / "ledger", "s")
    assert "LEDGER_DIR" in caught.value.fix


async def test_the_living_tell_the_counts_of_the_dead(engines: Engines, tmp_path: Path) -> None:
    scenario = f"ledger-{uuid.uuid4().hex[:8]}"
    dead = AcknowledgedCounter(tmp_path, scenario)
    heir = AcknowledgedCounter(tmp_path, scenario)
    dead.add(5)
    settings = Settings(
        scenario=scenario,
        pod_name="p",
        pod_ip="127.0.0.1",
        redis_url=engines.redis,
        ledger_dir=tmp_path,
    )
    async with Redis.from_url(engines.redis, decode_responses=True) as redis:
        async with keeping(settings, scenario) as living:
            name = dead.instance
            dead.close()
            heir.close()
            living.add(7)

            async def told() -> bool:
                counts = await redis.hgetall(acknowledged_key(scenario))
                return {counts.get(name), counts.get(living.instance)} == {"5", "7"}

            await until(told, "both counts in Redis")
            living.add(1)
            own = living.instance
        assert await redis.hget(acknowledged_key(scenario), own) == "8", "told at the end"
        await redis.delete(acknowledged_key(scenario))


async def test_counting_goes_on_without_redis(tmp_path: Path) -> None:
    away = f"redis://127.0.0.1:{free_port()}/0"
    settings = Settings("s", "p", "127.0.0.1", redis_url=away, ledger_dir=tmp_path)
    async with asyncio.timeout(10):
        async with keeping(settings, "s") as acknowledged:
            for _ in range(3):
                acknowledged.add(2)
                await asyncio.sleep(PUBLISH_EVERY)
            assert acknowledged.count == 6
    again = AcknowledgedCounter(tmp_path, "s")
    assert again.count == 6
    again.close()


def only_file(folder: Path) -> Path:
    """The one acknowledged counter of a folder."""
    (found,) = folder.iterdir()
    return found


def test_a_count_is_not_continued_after_the_machine_went_down(tmp_path: Path) -> None:
    before = AcknowledgedCounter(tmp_path, "s")
    before.add(100)
    before.sync()
    left = only_file(tmp_path).read_bytes()
    before.close()
    # as the disk has it after a power cut: a stamp of another boot that nobody has closed
    file = only_file(tmp_path)
    file.write_bytes(left.replace(count_file.this_boot(), bytes(range(16))))
    assert count_file.read(file.read_bytes(), count_file.this_boot()) is None, "a wrong checksum"
    stamp = count_file.Stamp(7, 100, bytes(range(16)))
    raw = bytearray(left)
    raw[stamp.place] = stamp.raw
    file.write_bytes(raw)
    after = AcknowledgedCounter(tmp_path, "s")
    assert after.count == 0
    with after.dead() as dead:
        assert dead == {before.instance: 100}
    assert read_counts(tmp_path, "s") == {before.instance: 100, after.instance: 0}
    after.close()
    again = AcknowledgedCounter(tmp_path, "s")
    assert again.instance == after.instance, "one that was closed is continued"
    again.close()


def test_a_count_from_before_there_were_stamps_is_continued(tmp_path: Path) -> None:
    (tmp_path / "s.old.count").write_bytes((42).to_bytes(8, "little"))
    acknowledged = AcknowledgedCounter(tmp_path, "s")
    acknowledged.add(1)
    assert (acknowledged.instance, acknowledged.count) == ("old", 43)
    acknowledged.close()
    assert read_counts(tmp_path, "s") == {"old": 43}


def test_damaged_counts_are_neither_continued_nor_told(tmp_path: Path) -> None:
    for name, raw in (("zeros", bytes(count_file.SIZE)), ("noise", b"\x5a" * count_file.SIZE)):
        (tmp_path / f"s.{name}.count").write_bytes(raw)
    acknowledged = AcknowledgedCounter(tmp_path, "s")
    with acknowledged.dead() as dead:
        assert dead == {}
    assert acknowledged.instance not in ("zeros", "noise")
    acknowledged.close()


async def test_a_count_that_went_back_follows_what_was_published(
    engines: Engines, tmp_path: Path
) -> None:
    scenario = f"ledger-{uuid.uuid4().hex[:8]}"
    folder = tmp_path / "ledger"
    settings = Settings(scenario, "p", "127.0.0.1", redis_url=engines.redis, ledger_dir=folder)
    key = acknowledged_key(scenario)
    async with Redis.from_url(engines.redis, decode_responses=True) as redis:
        async with keeping(settings, scenario) as acknowledged:
            acknowledged.add(40)
        older = only_file(folder).read_bytes()
        async with keeping(settings, scenario) as acknowledged:
            acknowledged.add(60)
        assert await redis.hvals(key) == ["100"]
        only_file(folder).write_bytes(older)
        assert read_counts(folder, scenario) == {acknowledged.instance: 40}
        # of a file that nobody continues the higher count stays, too
        await keep_published(redis, scenario, read_counts(folder, scenario))
        assert await redis.hvals(key) == ["100"]
        async with keeping(settings, scenario) as acknowledged:
            acknowledged.add(50)
        assert await redis.hgetall(key) == {acknowledged.instance: "150"}
        await redis.delete(key)


async def test_the_count_is_synced_while_it_runs(tmp_path: Path) -> None:
    settings = Settings("s", "p", "127.0.0.1", redis_url="", ledger_dir=tmp_path)
    async with keeping(settings, "s") as acknowledged:
        acknowledged.add(5)

        def stamped() -> bool:
            raw = only_file(tmp_path).read_bytes()
            # what the count itself says is not looked at: it may not be on the disk yet
            kept = count_file.read(bytes(8) + raw[8:], count_file.this_boot())
            return kept is not None and kept.events == 5

        await until(stamped, "a stamp with the count")


async def test_a_count_that_rests_is_left_alone_and_is_on_the_disk_soon_after_it_grows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, syncs = AcknowledgedCounter(tmp_path, "s"), 0
    original = kept.sync

    def sync() -> None:
        nonlocal syncs
        syncs += 1
        original()

    monkeypatch.setattr(kept, "sync", sync)
    task = asyncio.create_task(sync_often(kept))
    try:
        # absence takes time; it would be five looks
        await asyncio.sleep(5 * SYNC_EVERY)
        assert syncs == 1
        kept.add(3)
        await until(lambda: kept.synced == kept.count == 3, "it is synced")
    finally:
        await end([task])
        kept.close()
