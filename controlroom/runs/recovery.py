"""Whether the pipeline is back where it was before a fault: ready pods, lag, and what was lost."""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Protocol

from controlroom.targets.abilities import HasFleet, Located, TargetError

if TYPE_CHECKING:
    from wire.books import Books

LOOKS = 3
"""Looks before the fault; the worst of them is what it has to come back to."""
EVERY = 0.25
SERVING = frozenset({"ready", "external"})
"""States of engines that serve."""
PATIENCE = 4.0
"""Seconds that one look may take; one that takes longer has seen nothing."""
COUNTING = 0.5
"""Seconds of counting documents in one look."""


class Watched(HasFleet, Located, Protocol):
    """A target that says what runs and where the stores are."""


@dataclass(frozen=True, slots=True)
class Health:
    """One look. None stands for what could not be seen."""

    ready: int | None = None
    """Ready pods, and engines that serve."""
    missing: int | None = None
    """Pods that are wanted and not ready, and engines that do not serve."""
    lag: int | None = None
    """Records that the consumers have not come to yet."""
    lost: int | None = None
    doubled: int | None = None


@dataclass(frozen=True, slots=True)
class Recovery:
    """How the pipeline came back. Times in seconds; None where it did not, or nobody could see."""

    back: bool
    from_injection: float | None
    from_removal: float | None
    before: Health
    after: Health
    lost: int | None
    """Events that the books miss now and did not miss before."""
    doubled: int | None
    """Events that were counted or stored twice since."""

    def to_json(self) -> dict[str, Any]:
        """As the result of a run keeps it."""
        return asdict(self)


class Watch:
    """Looks at one target before and after a fault."""

    def __init__(self, target: Watched) -> None:
        self._target = target
        self._before = Health()

    async def remember(self) -> None:
        """What is to come back: the worst of some looks, as a load makes them differ."""
        looks = []
        for _ in range(LOOKS):
            looks.append(await self.look())
            if looks[-1].ready is None or looks[-1].lag is None:
                break
            await asyncio.sleep(EVERY)
        self._before = Health(
            looks[-1].ready,
            _most([one.missing for one in looks]),
            _most([one.lag for one in looks]),
            looks[-1].lost,
            looks[-1].doubled,
        )

    @property
    def sees(self) -> bool:
        """Whether there is anything to come back to."""
        return self._before.missing is not None

    async def back(self) -> tuple[bool, Health]:
        """Whether all is as it was, and what was seen."""
        now, before = await self.look(), self._before
        # by what is missing, because an autoscaler may have changed what is wanted
        ready = before.missing is None or (
            now.missing is not None and now.missing <= before.missing
        )
        caught_up = before.lag is None or (now.lag is not None and now.lag <= before.lag)
        return ready and caught_up, now

    def told(
        self, after: Health, back: bool, injected: float | None, removed: float | None
    ) -> Recovery:
        """The figures at this moment. `injected` and `removed` are seconds since the epoch."""
        now = time.time()
        return Recovery(
            back,
            round(now - injected, 2) if back and injected is not None else None,
            round(now - removed, 2) if back and removed is not None else None,
            self._before,
            after,
            _more(after.lost, self._before.lost),
            _more(after.doubled, self._before.doubled),
        )

    async def look(self) -> Health:
        """Pods first, then the books; what cannot be seen now is None."""
        try:
            async with asyncio.timeout(PATIENCE):
                fleet = await self._target.fleet()
        except (TargetError, TimeoutError):
            return Health()
        ready = sum(one.ready for one in fleet.deployments)
        serving = sum(one.state in SERVING for one in fleet.engines)
        missing = sum(max(0, one.replicas - one.ready) for one in fleet.deployments)
        missing += len(fleet.engines) - serving
        books = await self._audit()
        if books is None:
            return Health(ready + serving, missing)
        return Health(ready + serving, missing, books.in_flight, books.lost, books.doubled)

    async def _audit(self) -> Books | None:
        from aiokafka.errors import KafkaError
        from redis.exceptions import RedisError

        from wire.documents import DocumentsError

        try:
            async with asyncio.timeout(PATIENCE):
                return await self._books()
        except (TargetError, KafkaError, RedisError, DocumentsError, OSError, TimeoutError):
            return None

    async def _books(self) -> Books:
        from wire.bookkeeping import Auditor
        from wire.documents import Documents
        from wire.stores import redis_client
        from wire.topics import OffsetReader

        doors, info = await self._target.endpoints(), await self._target.info()
        redis = redis_client(doors.door("redis"), timeout=3.0)
        offsets = OffsetReader(doors.door("kafka"), timeout=5.0, detours=doors.brokers)
        documents = Documents(doors.door("mongo"), timeout=5.0)
        auditor = Auditor(info.scenario, redis, offsets, documents)
        try:
            return await auditor.audit(COUNTING)
        finally:
            await auditor.close()
            await documents.close()
            await offsets.close()
            await redis.aclose()


def _most(seen: list[int | None]) -> int | None:
    return max((one for one in seen if one is not None), default=None)


def _more(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else max(0, after - before)
