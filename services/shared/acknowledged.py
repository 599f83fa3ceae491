"""The acknowledged count of a producer, kept over its restarts and kills.

Each process counts in a file of its own, mapped into memory, so that a count written is not lost
with the process; several times a second it is synced to the disk, so that a power cut takes no more
than the last moment of it. The lock on the file tells whether its process lives; the counts of
dead ones are published by the living. What is published never goes back.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import mmap
import os
import threading
import time
import uuid
from collections.abc import AsyncIterator
from importlib.resources import files
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.shared import count_file, logline
from services.shared.beside import run_beside
from services.shared.settings import Settings, SettingsError
from wire import keys
from wire.ending import end

PUBLISH_EVERY = 0.1
"""Seconds between two publications of the own count, while it grows."""
SYNC_EVERY = 0.2
"""Seconds of counts that a power cut may take: the longest pause between two syncs."""
_OTHERS_EVERY = 1.0
"""Seconds between two publications of the counts of the dead, while the own one grows."""
_RESTING_EVERY = 5.0
"""Seconds between two publications while nothing grows: a Redis that was emptied has them again."""
_LONG = 3600.0
_SUFFIX = ".count"
_SCRIPT = files("services.shared").joinpath("acknowledge.lua").read_text()


class AcknowledgedCounter:
    """The count of this process, in a file `<scenario>.<instance>.count` of the folder; an instance
    with a `side` (see `Scenario.side`) is `<id>@<side>`.

    A file that a dead process left is taken over and counted on, so that files do not pile up; but
    for one that a power cut may have set back: what it lacks would be hidden by what comes.
    """

    def __init__(self, folder: Path, scenario: str, side: str = "") -> None:
        self._folder = folder
        self._scenario = scenario
        self._side = side
        self._boot = count_file.this_boot()
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path, self._file = self._claim()
        except OSError as error:
            raise SettingsError(
                f"cannot keep the acknowledged count in {folder}: {error.strerror or error}",
                "set LEDGER_DIR to a folder that this service may write",
            ) from error
        kept = count_file.read(os.pread(self._file, count_file.SIZE, 0), self._boot)
        assert kept is not None
        if os.fstat(self._file).st_size != count_file.SIZE:
            os.pwrite(self._file, bytes(count_file.SIZE - count_file.PLAIN), count_file.PLAIN)
        self._map = mmap.mmap(self._file, count_file.SIZE)
        self._view = memoryview(self._map)
        # an aligned eight-byte store is whole or absent, whenever the process is killed
        self._cell = self._view[: count_file.PLAIN].cast("Q")
        self._cell[0] = self._begun = kept.events
        self._generation = kept.generation
        self._synced = -1
        self._waiting: list[asyncio.Future[None]] = []
        self._syncing = threading.Lock()
        self._open = True
        self.sync()

    @property
    def instance(self) -> str:
        """Id under which this count is published."""
        return _instance(self._path)

    @property
    def count(self) -> int:
        """Events acknowledged under this id, ever."""
        return self._cell[0]

    def add(self, events: int) -> None:
        """Count events: after the queue has them and before the client hears of it. Called in the
        thread of the event loop, where there is one."""
        self._cell[0] += events
        if self._waiting:
            self._tell()

    async def grown(self, known: int, seconds: float) -> None:
        """Returns once the count is another than `known`, at the latest after so many seconds."""
        if self.count != known:
            return
        told = asyncio.get_running_loop().create_future()
        self._waiting.append(told)
        try:
            await asyncio.wait_for(told, seconds)
        except TimeoutError:
            return
        finally:
            self._waiting.remove(told)

    def _tell(self) -> None:
        for told in self._waiting:
            if not told.done():
                told.set_result(None)

    def catch_up(self, published: int) -> None:
        """Raise the count to what was published under this id before this process began."""
        if published > self._begun:
            missing, self._begun = published - self._begun, published
            self._cell[0] += missing
            logline.warning(
                "the count on disk had gone back and follows what was published",
                instance=self.instance,
                events=missing,
            )

    @property
    def synced(self) -> int:
        """The count that is on the disk."""
        return self._synced

    def sync(self) -> None:
        """Bring the count to the disk where it has changed; blocks for as long as that takes."""
        with self._syncing:
            if self._open and self.count != self._synced:
                self._stamp(self._boot)

    def close(self) -> None:
        """Release the file; its count stays and is published by others."""
        with self._syncing:
            self._stamp(count_file.CLOSED)
            self._open = False
            self._cell.release()
            self._view.release()
            self._map.close()
            os.close(self._file)

    def _stamp(self, boot: bytes) -> None:
        self._generation += 1
        stamp = count_file.Stamp(self._generation, self.count, boot)
        self._view[stamp.place] = stamp.raw
        # pages that were changed through the map belong to the file too
        os.fdatasync(self._file)
        self._synced = stamp.events

    def dead(self) -> Claims:
        """The files of processes that live no more, locked while the `with` block runs."""
        return Claims([path for path in self._files() if path != self._path], self._boot)

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._scenario}.*{_SUFFIX}"))

    def _claim(self) -> tuple[Path, int]:
        for path in self._files():
            # what another queue has acknowledged is not counted on as if it were of this one
            file = _lock(path) if keys.side_of(_instance(path)) == self._side else None
            if file is None:
                continue
            kept = count_file.read(os.pread(file, count_file.SIZE, 0), self._boot)
            if kept is not None and kept.sure:
                return path, file
            os.close(file)
            logline.warning(
                "a count is not continued: the machine went down while it was kept",
                instance=_instance(path),
            )
        instance = keys.of_side(uuid.uuid4().hex, self._side)
        path = self._folder / f"{self._scenario}.{instance}{_SUFFIX}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # real bytes: a hole in the file would turn a full disk into a crash at the first count
        os.pwrite(file, count_file.fresh(self._boot), 0)
        os.fsync(file)
        _sync_folder(self._folder)
        return path, file


class Claims:
    """Counts of dead processes. Their locks are held meanwhile, so that none is taken over
    and counted on between the reading and the publishing."""

    def __init__(self, paths: list[Path], boot: bytes) -> None:
        self._paths = paths
        self._boot = boot
        self._files: list[int] = []

    def __enter__(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for path in self._paths:
            file = _lock(path)
            if file is not None:
                self._files.append(file)
                kept = count_file.read(os.pread(file, count_file.SIZE, 0), self._boot)
                if kept is not None:
                    counts[_instance(path)] = kept.events
        return counts

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            os.close(file)


def _lock(path: Path) -> int | None:
    """The open and locked file; None where its process lives, or the file is not whole."""
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_size in (count_file.PLAIN, count_file.SIZE):
            return file
    except BlockingIOError:
        pass
    os.close(file)
    return None


def read_counts(folder: Path, scenario: str) -> dict[str, int]:
    """Instance -> count of every acknowledged counter in a folder, of living and dead processes
    alike.

    Takes no lock, so it neither keeps a producer from its file nor needs to write.
    """
    counts: dict[str, int] = {}
    boot = count_file.this_boot()
    for path in sorted(folder.glob(f"{scenario}.*{_SUFFIX}")):
        kept = count_file.read(path.read_bytes(), boot)
        if kept is not None:
            counts[_instance(path)] = kept.events
    return counts


async def keep_published(redis: Redis, scenario: str, counts: dict[str, int]) -> None:
    """Raises the published counts; a smaller one is older and changes nothing.

    Raises RedisError.
    """
    pairs = [text for name, count in counts.items() for text in (name, str(count))]
    await redis.eval(_SCRIPT, 1, keys.acknowledged_key(scenario), *pairs)


def _sync_folder(folder: Path) -> None:
    """A file that was just made is there after a power cut too."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _instance(path: Path) -> str:
    return path.stem.rpartition(".")[2]


class Publication:
    """Writes the counts to Redis, where the books are read. Redis may be away at any time."""

    def __init__(self, acknowledged: AcknowledgedCounter, redis: Redis, scenario: str) -> None:
        self._acknowledged = acknowledged
        self._redis = redis
        self._scenario = scenario
        self._published = -1
        self._caught_up = False
        self._away = False

    async def run(self) -> None:
        """Publish until cancelled."""
        looked = -_RESTING_EVERY
        while True:
            grows = self._acknowledged.count != self._published
            others = time.monotonic() - looked >= (_OTHERS_EVERY if grows else _RESTING_EVERY)
            if others:
                looked = time.monotonic()
            await self.publish(others)
            await asyncio.sleep(PUBLISH_EVERY)
            due = looked + _RESTING_EVERY - time.monotonic()
            await self._acknowledged.grown(self._published, max(0.0, due))

    async def publish(self, others: bool) -> None:
        """Publish the own count where it has changed; with `others`, and those of the dead."""
        if self._acknowledged.count == self._published and not others:
            return
        try:
            await self._catch_up()
            count = self._acknowledged.count
            if others:
                with self._acknowledged.dead() as counts:
                    await self._write({**counts, self._acknowledged.instance: count})
            else:
                await self._write({self._acknowledged.instance: count})
            self._published = count
            self._away = False
        except (RedisError, OSError, TimeoutError) as error:
            self._published = -1
            if not self._away:
                logline.warning("Redis is away, the count is kept on disk", error=repr(error))
            self._away = True

    async def _catch_up(self) -> None:
        """Before the first publication: what was published may be newer than the file."""
        if not self._caught_up:
            key = keys.acknowledged_key(self._scenario)
            self._acknowledged.catch_up(
                int(await self._redis.hget(key, self._acknowledged.instance) or 0)
            )
            self._caught_up = True

    async def _write(self, counts: dict[str, int]) -> None:
        await keep_published(self._redis, self._scenario, counts)


async def sync_often(acknowledged: AcknowledgedCounter) -> None:
    """Sync until cancelled, beside the event loop: a disk may take its time."""
    while True:
        await asyncio.to_thread(acknowledged.sync)
        await asyncio.sleep(SYNC_EVERY)
        await acknowledged.grown(acknowledged.synced, _LONG)


@contextlib.asynccontextmanager
async def keeping(
    settings: Settings, scenario: str, side: str = ""
) -> AsyncIterator[AcknowledgedCounter]:
    """A acknowledged counter that is published while the block runs, and once more at its end;
    `side`: of the queue that is published to, as `Scenario.side` has it.

    Without a Redis it is only kept: where the stores are in another cluster, the bridge publishes.
    """
    assert settings.ledger_dir is not None
    acknowledged = AcknowledgedCounter(settings.ledger_dir, scenario, side)
    syncing = run_beside(lambda: sync_often(acknowledged), "sync of the count")
    if not settings.redis_url:
        try:
            yield acknowledged
        finally:
            await end([syncing])
            acknowledged.close()
        return
    redis = Redis.from_url(
        settings.redis_url,
        username=settings.redis_username or None,
        password=settings.redis_password or None,
        socket_timeout=2,
        socket_connect_timeout=2,
        # the next publication is the retry
        retry=Retry(NoBackoff(), 0),
    )
    publication = Publication(acknowledged, redis, scenario)
    task = run_beside(publication.run, "publication of the count")
    try:
        yield acknowledged
    finally:
        await end([task, syncing])
        await publication.publish(others=False)
        await redis.aclose()
        acknowledged.close()
