"""Whether the pipeline is back where it was before a fault: ready pods, lag, and what was lost."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol, Self

from controlroom.targets.abilities import HasFleet, Located, TargetError, TargetInfo
from scenarios.errors import ScenarioError
from scenarios.loading import load
from scenarios.scenario import QUEUE
from wire.ranges import WINDOW

if TYPE_CHECKING:
    from wire.bookkeeping import Keeper
    from wire.books import Books

LOOKS, LOOKING = 3, 1.0
"""At most so many looks before the fault, all begun within so many seconds. The pipeline is back
when it is as good as in the worst of them."""
EVERY = 0.25
CATCH_UP = 1.0
"""Seconds of work that may wait at any time under a load, with or without a fault."""
SERVING = frozenset({"ready", "external"})
"""States of engines that serve."""
PATIENCE = 4.0
"""Seconds that one look may take; one that takes longer counts as having seen nothing."""
AGAIN = 20.0
"""The same of a look that counts documents anew."""
COUNTING = 0.5
"""Seconds of counting documents in one look that is no count anew."""


class RecoveryTarget(HasFleet, Located, Protocol):
    """A target that says what runs and where the stores are."""


@dataclass(frozen=True, slots=True)
class RecoveryLook:
    """One look. None stands for what could not be seen."""

    ready: int | None = None
    """Ready pods, and engines that serve."""
    missing: int | None = None
    """Pods that are wanted and not ready, and engines that do not serve."""
    lag: int | None = None
    """Records that the consumers have not come to yet."""
    lost: int | None = None
    doubled: int | None = None
    counted: int | None = None
    """Records that were handled, ever."""
    at: float = 0.0
    """When the books were read, by the monotonic clock."""
    anew: bool = False
    """Whether documents were counted anew for it, and none are left that are not counted."""


@dataclass(frozen=True, slots=True)
class Recovery:
    """How the pipeline came back. Times in seconds; None where it did not, or nobody could see."""

    back: bool
    from_injection: float | None
    from_removal: float | None
    before: RecoveryLook
    after: RecoveryLook
    lost: int | None
    """Events that the books miss now and did not miss before."""
    doubled: int | None
    """Events that were counted or stored twice since."""
    recounted: bool = False
    """Whether documents were counted anew before and after. Where they were not, one that was
    deleted after it was counted is not in `lost`."""

    def to_json(self) -> dict[str, Any]:
        """As the result of a run keeps it."""
        return asdict(self)


class RecoveryWatch:
    """Looks at one target before and after a fault; its connections end with the block."""

    def __init__(self, target: RecoveryTarget) -> None:
        self._target = target
        self._before = self._last = RecoveryLook()
        self._stores = AsyncExitStack()
        self._auditor: Keeper | None = None
        self._since: dict[str, int] | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._close()

    async def remember(self) -> None:
        """Keeps the state before the fault: the worst of a few looks, which differ under load."""
        began, looks = time.monotonic(), [await self.look()]
        while len(looks) < LOOKS and time.monotonic() - began < LOOKING:
            await asyncio.sleep(EVERY)
            looks.append(await self.look())
        self._before = RecoveryLook(
            looks[-1].ready,
            _most([one.missing for one in looks]),
            _most([one.lag for one in looks]),
            looks[-1].lost,
            looks[-1].doubled,
        )
        self._last = looks[-1]

    async def count_before(self) -> None:
        """Counts anew what was stored of late, so that what is missing already is not of the fault.
        `remember` comes first."""
        again = await self.look_again(PATIENCE)
        if again.anew:
            self._before = replace(self._before, lost=again.lost, doubled=again.doubled, anew=True)

    async def counted_after(self, told: Recovery) -> Recovery:
        """The same result, with what is missing after documents were counted anew; where that
        cannot be done in time, as it was."""
        if not told.before.anew:
            return told
        again = await self.look_again()
        if not again.anew:
            return told
        return replace(
            told,
            after=replace(told.after, lost=again.lost, doubled=again.doubled, anew=True),
            lost=_more(again.lost, told.before.lost),
            doubled=_more(again.doubled, told.before.doubled),
            recounted=True,
        )

    @property
    def sees(self) -> bool:
        """Whether there is anything to come back to."""
        return self._before.missing is not None

    async def back(self) -> tuple[bool, RecoveryLook]:
        """Whether all is as it was, and what was seen."""
        now, before = await self.look(), self._before
        handled, self._last = _rate(self._last, now), now
        # by what is missing, because an autoscaler may have changed what is wanted
        ready = before.missing is None or (
            now.missing is not None and now.missing <= before.missing
        )
        most = None if before.lag is None else max(before.lag, handled * CATCH_UP)
        return ready and (most is None or (now.lag is not None and now.lag <= most)), now

    def told(
        self, after: RecoveryLook, back: bool, injected: float | None, removed: float | None
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

    async def look(self) -> RecoveryLook:
        """Pods first, then the books; what cannot be seen now is None."""
        return await self._seen(_nothing, PATIENCE, COUNTING)

    async def _seen(
        self, first: Callable[[Keeper], Awaitable[None]], within: float, counting: float
    ) -> RecoveryLook:
        try:
            async with asyncio.timeout(PATIENCE):
                fleet = await self._target.fleet()
        except (TargetError, TimeoutError):
            return RecoveryLook()
        ready = sum(one.ready for one in fleet.deployments)
        serving = sum(one.state in SERVING for one in fleet.engines)
        missing = sum(max(0, one.replicas - one.ready) for one in fleet.deployments)
        missing += len(fleet.engines) - serving
        books = await self._audit(first, within, counting)
        if books is None:
            return RecoveryLook(ready + serving, missing)
        figures = (books.in_flight, books.lost, books.doubled, books.counted)
        anew = first is not _nothing and not books.unaudited
        return RecoveryLook(ready + serving, missing, *figures, at=time.monotonic(), anew=anew)

    async def look_again(self, within: float | None = None) -> RecoveryLook:
        """One look for which every document since a little before the first such look is counted
        anew: one that was stored and counted may be gone since. What lies before is not asked for,
        so that it takes as long as what came since, and not as all there is."""
        most = AGAIN if within is None else within
        return await self._seen(self._recount, most, most / 2)

    async def _recount(self, auditor: Keeper) -> None:
        if self._since is None:
            stored = await auditor.offsets()
            self._since = {tp: max(-1, offset - WINDOW) for tp, offset in stored.items()}
        await auditor.recount(self._since)

    async def _audit(
        self, first: Callable[[Keeper], Awaitable[None]], within: float, counting: float
    ) -> Books | None:
        from aiokafka.errors import KafkaError
        from redis.exceptions import RedisError

        from wire.documents import DocumentsError

        try:
            async with asyncio.timeout(within):
                auditor = self._auditor or await self._open()
                await first(auditor)
                return await auditor.audit(counting)
        except (TargetError, KafkaError, RedisError, DocumentsError, OSError, TimeoutError):
            # the stores may come back under another address
            await self._close()
            return None

    async def _open(self) -> Keeper:
        from wire.bookkeeping import auditing

        endpoints, info = await self._target.endpoints(), await self._target.info()
        self._auditor = await self._stores.enter_async_context(
            auditing(info.scenario, _queues_of(info), endpoints, patience=5.0)
        )
        return self._auditor

    async def _close(self) -> None:
        self._auditor = None
        await self._stores.aclose()


async def _nothing(auditor: Keeper) -> None:
    """Nothing comes first."""


def _queues_of(info: TargetInfo) -> tuple[str, ...]:
    """The queues of the target's scenario; where its file is on another machine, that of most."""
    try:
        return load(info.details.get("scenario_file") or info.scenario).queues
    except ScenarioError:
        return (QUEUE,)


def _rate(before: RecoveryLook, now: RecoveryLook) -> float:
    """Records that are handled in a second; 0 where that was not seen."""
    if before.counted is None or now.counted is None or now.at <= before.at:
        return 0.0
    return max(0.0, (now.counted - before.counted) / (now.at - before.at))


def _most(seen: list[int | None]) -> int | None:
    return max((one for one in seen if one is not None), default=None)


def _more(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else max(0, after - before)
