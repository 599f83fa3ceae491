"""What the engines take on their disks, and the word to the services when too little is left."""

from __future__ import annotations

import asyncio
import logging
import os
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import RedisError

from host.errors import StackError
from host.paths import engine_dir
from stack.engines.engine import Engine
from stack.supervisor.events import Events
from wire.disk import STORES, DiskGuard, tell
from wire.stores import redis_client

VARIABLE = "CONTROLROOM_DISK_RESERVE"
_EVERY = 1.0
_WALK_EVERY = 5
"""Looks from one summing up of a folder to the next."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class DiskUse:
    """Bytes."""

    used: int
    """By the engine's own folder."""
    free: int
    """Left on its file system."""
    total: int
    """Of that file system."""
    reserve: int
    """Below this much free space no events are taken; 0 for engines that hold no events."""
    full: bool
    """Events are refused because of this engine."""

    def to_json(self) -> dict[str, Any]:
        """As `controlroom status --json` has it."""
        return asdict(self)


class Disks:
    """Looks at the folders of the engines that run here, once a second, until cancelled."""

    def __init__(
        self, state: Path, engines: Mapping[str, Engine], redis: Engine, events: Events
    ) -> None:
        self.reserve = chosen_reserve(os.environ)
        self.uses: dict[str, DiskUse] = {}
        """Engine -> what it takes; absent for one that runs elsewhere."""
        self._folders = {name: engine_dir(state, name) for name in engines}
        self._guards = {name: DiskGuard(name, self.reserve) for name in STORES if name in engines}
        self._engine = redis
        self._events = events
        self._client: Redis | None = None
        self._at = ""
        self._clear: set[str] = set()
        """Stores of which Redis has no word, as far as is known."""

    async def run(self) -> None:
        """Looks and tells."""
        turn = 0
        try:
            while True:
                uses = await asyncio.to_thread(self._measured, turn % _WALK_EVERY == 0)
                self._judge(uses)
                await self._tell()
                turn += 1
                await asyncio.sleep(_EVERY)
        finally:
            if self._client is not None:
                await self._client.aclose()

    def _measured(self, walk: bool) -> dict[str, tuple[int, int, int]]:
        """Engine -> bytes used, free, total; of those whose folder is there."""
        found = {}
        for name, folder in self._folders.items():
            try:
                disk = shutil.disk_usage(folder)
            except OSError:
                continue
            known = self.uses.get(name)
            used = known.used if known and not walk else sum(_sizes(folder))
            found[name] = (used, disk.free, disk.total)
        return found

    def _judge(self, measured: Mapping[str, tuple[int, int, int]]) -> None:
        for name, (used, free, total) in measured.items():
            guard = self._guards.get(name)
            if guard is None:
                self.uses[name] = DiskUse(used, free, total, 0, False)
                continue
            before, now = guard.shortage, guard.look(total, free)
            self.uses[name] = DiskUse(used, free, total, guard.reserve(total), now is not None)
            if now is not None and before is None:
                self._events.add("engine", name, "DiskFull", f"{now.text}; no events are taken")
            elif now is None and before is not None:
                self._events.add("engine", name, "DiskFree", "events are taken again")

    async def _tell(self) -> None:
        """Redis may be away; the word expires there, and is given again."""
        try:
            client = await self._connected()
            for name, guard in self._guards.items():
                if guard.shortage is not None or name not in self._clear:
                    await tell(client, name, guard.shortage)
            self._clear = {name for name, guard in self._guards.items() if guard.shortage is None}
        except (RedisError, OSError, StackError) as error:
            log.debug("disks: %s", error)
            self._clear.clear()

    async def _connected(self) -> Redis:
        url = self._engine.url()
        if self._client is None or url != self._at:
            if self._client is not None:
                await self._client.aclose()
            self._client, self._at = redis_client(url, timeout=2.0), url
            self._clear.clear()
        return self._client


def chosen_reserve(environ: Mapping[str, str]) -> int:
    """Bytes of CONTROLROOM_DISK_RESERVE; 0 where it is not set. Raises StackError."""
    text = environ.get(VARIABLE, "").strip()
    if not text:
        return 0
    if text.isascii() and text.isdecimal() and len(text) <= 18:
        return int(text)
    raise StackError(f"{VARIABLE} is {text!r}.", "Set it to a number of bytes.", "refused")


def _sizes(folder: Path) -> Iterator[int]:
    """Bytes that each file below takes; files may go meanwhile."""
    for place, _, names in os.walk(folder):
        for name in names:
            try:
                yield os.lstat(os.path.join(place, name)).st_blocks * 512
            except OSError:
                continue
