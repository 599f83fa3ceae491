"""The counters of a scenario, from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.views import BarsReader, reader_of, row_of
from controlroom.model.tallies import Tallies, TallyRow
from scenarios.scenario import Scenario
from wire.keys import books_key

if TYPE_CHECKING:
    from redis.asyncio import Redis


class TalliesSource:
    """Asks for the version first; only when it rose are the counters asked for.

    What did not change is answered with the same object.
    """

    name = "tallies"
    period = 0.2
    timeout = 3.0
    needs: tuple[str, ...] = ("wire.stores", "wire.tops")

    def __init__(self, where: AskAddress, scenario: Scenario) -> None:
        self._where = where
        self._scenario = scenario.name
        self._books = books_key(scenario.name)
        self._view = scenario.view
        self._reader = reader_of(scenario)
        self._client: Redis | None = None
        self._version: str | None = None
        self._chosen = 0
        self._last: Tallies | None = None

    def choose(self, selection: int, key: str) -> None:
        """Selects a choice of the n-th selection. Raises ValueError where there is none such."""
        self._reader.choose(selection, key)
        self._last = None
        self._chosen += 1

    async def open(self) -> None:
        """Finds Redis."""
        self._last = None
        from wire.stores import redis_client

        self._client = redis_client(await self._where(), timeout=self.timeout)

    async def read(self) -> Tallies:
        """The counters now."""
        client = cast(Any, self._client)
        version = await client.hget(self._books, "version")
        if self._last is None or version != self._version:
            self._last = await self._ask(client)
            self._version = version
        return self._last

    async def all_rows(self) -> AsyncIterator[list[TallyRow]]:
        """Every member of what is read, also those beyond the rows, some at a time, in no order."""
        from wire.tops import pieces

        *_, wanted = self._reader.questions()
        if wanted.kind == "hash":
            async for piece in pieces(cast(Any, self._client), wanted.key, wanted.second):
                yield [row_of(self._view, row) for row in piece]

    async def choices(self) -> AsyncIterator[list[str]]:
        """Every key of the second selection, also those beyond the listed, some at a time."""
        if isinstance(self._reader, BarsReader):
            from wire.tops import names

            async for piece in names(cast(Any, self._client), self._reader.choices_key()):
                yield piece

    def choose_beyond(self, key: str) -> None:
        """Selects one of `choices` that is not listed."""
        assert isinstance(self._reader, BarsReader)
        self._reader.choose(1, key, beyond=True)
        self._last = None
        self._chosen += 1

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self, client: Any) -> Tallies:
        """Asks again when the choice is settled only by the answers, or changed meanwhile."""
        from wire.tops import look

        while True:
            chosen = self._chosen
            found = await look(client, self._scenario, self._reader.questions())
            if chosen == self._chosen and self._reader.complete(found.tops):
                return self._reader.build(found.tops, found.counted)
