"""The acknowledged count of a producer, kept over its restarts and kills.

Each process counts in a file of its own: eight bytes, mapped into memory, so that a count
written is not lost with the process. The lock on the file tells whether its process lives;
the counts of dead ones are published by the living.
"""

from __future__ import annotations

import asyncio
import contextlib
import fcntl
import mmap
import os
import struct
import uuid
from collections.abc import AsyncIterator
from pathlib import Path

from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from services.shared import logline
from services.shared.settings import Settings, SettingsError
from wire import keys
from wire.ending import end

PUBLISH_EVERY = 0.1
"""Seconds between two publications of the own count."""
_OTHERS_EVERY = 10
_SUFFIX = ".count"


class Ledger:
    """The count of this process, in a file `<scenario>.<instance>.count` of the folder.

    A file that a dead process left is taken over and counted on, so that files do not pile up.
    """

    def __init__(self, folder: Path, scenario: str) -> None:
        self._folder = folder
        self._scenario = scenario
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._path, self._file = self._claim()
        except OSError as error:
            raise SettingsError(
                f"cannot keep the acknowledged count in {folder}: {error.strerror or error}",
                "set LEDGER_DIR to a folder that this service may write",
            ) from error
        self._map = mmap.mmap(self._file, 8)
        # an aligned eight-byte store is whole or absent, whenever the process is killed
        self._cell = memoryview(self._map).cast("Q")

    @property
    def instance(self) -> str:
        """Id under which this count is published."""
        return _instance(self._path)

    @property
    def count(self) -> int:
        """Events acknowledged under this id, ever."""
        return self._cell[0]

    def add(self, events: int) -> None:
        """Count events: after Kafka has them and before the client hears of it."""
        self._cell[0] += events

    def close(self) -> None:
        """Release the file; its count stays and is published by others."""
        self._cell.release()
        self._map.close()
        os.close(self._file)

    def dead(self) -> Claims:
        """The files of processes that live no more, locked while the `with` block runs."""
        return Claims(
            [path for path in self._files() if path != self._path],
        )

    def _files(self) -> list[Path]:
        return sorted(self._folder.glob(f"{self._scenario}.*{_SUFFIX}"))

    def _claim(self) -> tuple[Path, int]:
        for path in self._files():
            file = _lock(path)
            if file is not None:
                return path, file
        path = self._folder / f"{self._scenario}.{uuid.uuid4().hex}{_SUFFIX}"
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
        fcntl.flock(file, fcntl.LOCK_EX)
        # real bytes: a hole in the file would turn a full disk into a crash at the first count
        os.pwrite(file, bytes(8), 0)
        return path, file


class Claims:
    """Counts of dead processes. Their locks are held meanwhile, so that none is taken over
    and counted on between the reading and the publishing."""

    def __init__(self, paths: list[Path]) -> None:
        self._paths = paths
        self._files: list[int] = []

    def __enter__(self) -> dict[str, int]:
        counts: dict[str, int] = {}
        for path in self._paths:
            file = _lock(path)
            if file is not None:
                self._files.append(file)
                counts[_instance(path)] = struct.unpack("=Q", os.pread(file, 8, 0))[0]
        return counts

    def __exit__(self, *error: object) -> None:
        for file in self._files:
            os.close(file)


def _lock(path: Path) -> int | None:
    """The open and locked file; None where its process lives, or the file is not whole."""
    file = os.open(path, os.O_RDWR)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        if os.fstat(file).st_size == 8:
            return file
    except BlockingIOError:
        pass
    os.close(file)
    return None


def read_counts(folder: Path, scenario: str) -> dict[str, int]:
    """Instance -> count of every ledger in a folder, of living and dead processes alike.

    Takes no lock, so it neither keeps a producer from its file nor needs to write.
    """
    counts: dict[str, int] = {}
    for path in sorted(folder.glob(f"{scenario}.*{_SUFFIX}")):
        raw = path.read_bytes()
        # a file that is just being made has no count yet
        if len(raw) == 8:
            counts[_instance(path)] = struct.unpack("=Q", raw)[0]
    return counts


def _instance(path: Path) -> str:
    return path.stem.rpartition(".")[2]


class Publication:
    """Writes the counts to Redis, where the books are read. Redis may be away at any time."""

    def __init__(self, ledger: Ledger, redis: Redis, scenario: str) -> None:
        self._ledger = ledger
        self._redis = redis
        self._key = keys.acknowledged_key(scenario)
        self._published = -1
        self._away = False

    async def run(self) -> None:
        """Publish until cancelled."""
        turn = 0
        while True:
            await self.publish(others=turn % _OTHERS_EVERY == 0)
            turn += 1
            await asyncio.sleep(PUBLISH_EVERY)

    async def publish(self, others: bool) -> None:
        """Publish the own count where it has changed; with `others`, and those of the dead."""
        count = self._ledger.count
        if count == self._published and not others:
            return
        try:
            if others:
                with self._ledger.dead() as counts:
                    await self._write({**counts, self._ledger.instance: count})
            else:
                await self._write({self._ledger.instance: count})
            self._published = count
            self._away = False
        except (RedisError, OSError, TimeoutError) as error:
            self._published = -1
            if not self._away:
                logline.warning("Redis is away, the count is kept on disk", error=repr(error))
            self._away = True

    async def _write(self, counts: dict[str, int]) -> None:
        await self._redis.hset(self._key, mapping={name: str(n) for name, n in counts.items()})


@contextlib.asynccontextmanager
async def keeping(settings: Settings, scenario: str) -> AsyncIterator[Ledger]:
    """A ledger that is published while the block runs, and once more at its end.

    Without a Redis it is only kept: where the stores are in another cluster, the hop publishes.
    """
    assert settings.ledger_dir is not None
    ledger = Ledger(settings.ledger_dir, scenario)
    if not settings.redis_url:
        try:
            yield ledger
        finally:
            ledger.close()
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
    publication = Publication(ledger, redis, scenario)
    task = asyncio.create_task(publication.run(), name="ledger")
    try:
        yield ledger
    finally:
        await end([task])
        await publication.publish(others=False)
        await redis.aclose()
        ledger.close()
