"""Free space of the stores: when it is too little, and how everybody hears of it.

Whoever can see a store's file system writes `wire.keys.disk_key` while there is too little, and
again and again, because the word expires; the services obey it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import msgspec
from redis.asyncio import Redis

from wire import keys

STORES = ("kafka", "redis", "mongo")
RESERVE = 512 << 20
"""Bytes that stay free, where nothing else is said."""
EXPIRY = 15
"""Seconds for which a word is expected."""
_SMALL = 10
"""Of a small file system one part in so many stays free."""
_OPEN_AGAIN = 1.5
"""Times the reserve that must be free again."""


@dataclass(frozen=True, slots=True)
class Shortage:
    """A store with too little space left. Bytes."""

    store: str
    free: int
    reserve: int

    @property
    def text(self) -> str:
        """One sentence."""
        free, reserve = self.free >> 20, self.reserve >> 20
        return f"the disk of {self.store} has {free} MiB left, {reserve} MiB are kept free"

    @property
    def severe(self) -> bool:
        """So little that nothing at all should be written any more."""
        return self.free < self.reserve // 2


class DiskGuard:
    """Decides for one store, with a gap between full and free again."""

    def __init__(self, store: str, reserve: int = 0) -> None:
        self._store = store
        self._bound = reserve or RESERVE
        self.shortage: Shortage | None = None

    def reserve(self, total: int) -> int:
        """Bytes that stay free on a file system of that size."""
        return min(self._bound, total // _SMALL)

    def look(self, total: int, free: int) -> Shortage | None:
        """What follows from the bytes of its file system now."""
        reserve = self.reserve(total)
        enough = reserve * (_OPEN_AGAIN if self.shortage else 1.0)
        self.shortage = Shortage(self._store, free, reserve) if free < enough else None
        return self.shortage


async def tell(redis: Redis, store: str, shortage: Shortage | None) -> None:
    """Spreads the word about a store, or takes it back. Raises RedisError."""
    if shortage is None:
        await redis.delete(keys.disk_key(store))
    else:
        await redis.set(keys.disk_key(store), msgspec.json.encode(shortage), ex=EXPIRY)


async def shortages(redis: Redis, stores: Iterable[str] = STORES) -> list[Shortage]:
    """The stores with too little space, as far as somebody says so. Raises RedisError."""
    found = await redis.mget([keys.disk_key(store) for store in stores])
    return [each for text in found if text and (each := _read(text)) is not None]


def _read(text: str | bytes) -> Shortage | None:
    try:
        return msgspec.json.decode(text, type=Shortage)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return None
