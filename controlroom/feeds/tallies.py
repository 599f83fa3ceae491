"""The counters of a scenario, from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.views import built, known, questions, row_of, settled
from controlroom.model.tallies import Chosen, Tallies, TallyRow
from scenarios.scenario import Scenario
from wire.keys import books_key
from wire.views import Questions

if TYPE_CHECKING:
    from redis.asyncio import Redis


class TalliesSource:
    """Asks for the version first; only when it rose are the counters asked for.

    What is selected is an argument, so screens may differ. What did not change is answered with the
    same object.
    """

    name = "tallies"
    period = 0.2
    timeout = 3.0
    needs: tuple[str, ...] = ("wire.stores", "wire.tops")

    def __init__(self, where: AskAddress, scenario: Scenario) -> None:
        self._where = where
        self._scenario = scenario
        self._books = books_key(scenario.name)
        self._client: Redis | None = None
        self._last: tuple[object, Tallies | None] = (None, None)
        """A question with the version that it was asked at, and its answer."""

    async def open(self) -> None:
        """Finds Redis."""
        self._last = (None, None)
        from wire.stores import redis_client

        self._client = redis_client(await self._where(), timeout=self.timeout)

    async def read(self, chosen: Chosen = ()) -> Tallies:
        """The counters now. What of `chosen` is not there falls back to what is: the answer says
        what it shows."""
        client = cast(Any, self._client)
        question = (await client.hget(self._books, "version"), chosen)
        asked, answer = self._last
        if answer is None or asked != question:
            answer = await self._ask(client, known(self._scenario, chosen))
            self._last = (question, answer)
        return answer

    async def all_rows(self, chosen: Chosen = ()) -> AsyncIterator[list[TallyRow]]:
        """Every member of what is read, also those beyond the rows, some at a time, in no order."""
        from wire.tops import pieces

        *_, wanted = questions(self._scenario, chosen)
        if wanted.kind == "hash":
            async for piece in pieces(cast(Any, self._client), wanted.key, wanted.second):
                yield [row_of(self._scenario.view, row) for row in piece]

    async def choices(self, first: str) -> AsyncIterator[list[str]]:
        """Every key of the second selection, also those beyond the listed, some at a time."""
        from wire.tops import names

        async for piece in names(
            cast(Any, self._client), Questions(self._scenario).choices_key(first)
        ):
            yield piece

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self, client: Any, chosen: Chosen) -> Tallies:
        """Asks again where what is shown is settled only by the answers."""
        from wire.tops import look

        while True:
            found = await look(client, self._scenario.name, questions(self._scenario, chosen))
            wanted, chosen = chosen, settled(self._scenario, chosen, found.tops)
            if wanted == chosen:
                return built(self._scenario, chosen, found.tops, found.counted)
