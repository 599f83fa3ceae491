"""What is in the stores, asked so that no answer costs more the more events there are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from redis.asyncio import Redis

from scenarios.errors import ScenarioError
from scenarios.scenario import NamedView, Scenario
from scenarios.templates import placeholders
from scenarios.views.kinds.bars import BarsView
from scenarios.views.kinds.stored import StoredView
from services.reader import live, logs
from wire import keys
from wire.bookkeeping import Keeper
from wire.books import Books
from wire.documents import Documents
from wire.purging import purge
from wire.tops import Ask, look

_WITHIN = 0.5
"""Seconds that an answer with the books may take to count documents."""


class Repository:
    """The stores of one scenario. Methods raise RedisError, DocumentsError or KafkaError."""

    def __init__(
        self, scenario: Scenario, redis: Redis, documents: Documents, keeper: Keeper
    ) -> None:
        self.scenario = scenario
        self._redis = redis
        self._documents = documents
        self._keeper = keeper

    async def version(self) -> str:
        """A text that changes with everything that the stores are told."""
        found = await self._redis.hmget(keys.books_key(self.scenario.name), ["version", "at"])
        return "-".join(str(each or 0) for each in found)

    async def live(self, query: Mapping[str, str]) -> dict[str, Any]:
        """The tallies, as `services.reader.live` has them."""
        return await live.live(self.scenario, self._redis, query)

    async def view(self, named: NamedView, query: Mapping[str, str]) -> dict[str, Any]:
        """What a view shows, as `services.reader.live` has it, or a page of stored events."""
        if isinstance(named.view, StoredView):
            found = await logs.page(self.scenario, named.view, self._redis, self._documents, query)
            return {"view": named.name, "title": named.title} | found
        found = await live.live(self.scenario, self._redis, query, named=named)
        return {"view": named.name} | found | {"title": named.title}

    async def entries(self, last: int) -> list[dict[str, Any]]:
        """The newest stored events with what is known of each."""
        return await logs.newest(self.scenario, self._redis, self._documents, last)

    async def newest(self, last: int) -> list[dict[str, Any]]:
        """The newest stored events, their fields only."""
        found = await logs.stored(self.scenario, self._redis, self._documents, last)
        return [document["event"] for document in found]

    async def total(self) -> int:
        """Stored events: those that were counted, less those that were removed on purpose."""
        found = await self._redis.hmget(keys.books_key(self.scenario.name), ["counted", "purged"])
        counted, purged = (int(each or 0) for each in found)
        return max(0, counted - purged)

    async def counts(self, tally: str, members: Sequence[str]) -> list[int]:
        """What a tally that is one hash has of each member; 0 of those that it has not."""
        key = keys.counter_key(self.scenario.name, self.scenario.tally(tally).key)
        found = await self._redis.hmget(key, list(members)) if members else []
        return [int(each or 0) for each in found]

    async def removed(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids whose events somebody has taken back."""
        return await self._documents.named(keys.removed_collection(self.scenario.name), ids)

    async def highest(self, tally: str, most: int) -> dict[str, int]:
        """The highest members of a tally that is one hash, highest first."""
        key = keys.counter_key(self.scenario.name, self.scenario.tally(tally).key)
        looked = await look(self._redis, self.scenario.name, [Ask("hash", key, most)])
        return {row.member: row.count for row in looked.tops[0].rows}

    async def books(self) -> Books:
        """The books, with what could be counted in a short time; `unaudited` is what is left."""
        return await self._keeper.audit(within=_WITHIN)

    def bars_view(self, who: str) -> BarsView:
        """The view of bars, which `offered`, `among` and `bars` ask; routes that need them call it
        before they are there. Raises ScenarioError, naming `who`, where it is another one."""
        view = self.scenario.view
        if not isinstance(view, BarsView):
            raise ScenarioError(
                f"[[reader]] the preset {who} needs a view of bars", 'use kind = "bars"'
            )
        return view

    async def offered(self) -> dict[str, list[str]]:
        """Value of the first selector -> members that can be chosen for it; of bars only. Of many
        members the first ones by name."""
        return await live.offered(self.scenario, self._redis)

    async def among(self, value: str, members: Sequence[str]) -> list[str]:
        """Those of the members that can be chosen for a value of the first selector."""
        return await live.among(self.scenario, self._redis, value, members)

    async def bars(self, value: str, member: str) -> dict[str, int]:
        """Label -> count of one member for one value of the first selector; of many the highest."""
        names = placeholders(self.scenario.tally(self.bars_view("bars").choices).member) or ()
        if len(member.split(":")) != len(names):
            return {}
        return await live.counts(self.scenario, self._redis, (value, member))

    async def ping(self) -> None:
        """Returns when Redis answers."""
        await self._redis.ping()

    async def purge(self) -> int:
        """Removes the stored events; how many there were."""
        return await purge(self.scenario.name, self._redis, self._documents)
