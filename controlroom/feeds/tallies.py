"""The counters of a scenario, from Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any, cast

from controlroom.feeds.endpoints import AskAddress
from controlroom.feeds.stored import StoredPages
from controlroom.feeds.views import built, entitled, known, questions, row_of, seen, settled
from controlroom.model.tallies import Chosen, Tallies, TallyRow
from scenarios.scenario import Scenario
from scenarios.views.kinds.stored import StoredView
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

    def __init__(
        self, where: AskAddress, scenario: Scenario, documents: AskAddress | None = None
    ) -> None:
        """`documents` tells where stored events are, for a view that shows these."""
        self._where = where
        self._stored = StoredPages(documents or where, scenario)
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
        if answer is None or asked != question or self._is_stored(chosen):
            answer = await self._ask(client, chosen)
            self._last = (question, answer)
        return answer

    async def all_rows(self, chosen: Chosen = ()) -> AsyncIterator[list[TallyRow]]:
        """Every member of what is read, also those beyond the rows, some at a time, in no order."""
        from wire.tops import pieces

        named, keys = seen(self._scenario, chosen)
        asked = Questions(self._scenario, named.view)
        *_, wanted = questions(self._scenario, named.view, keys)
        if wanted.kind == "hash":
            async for piece in pieces(cast(Any, self._client), wanted.key, wanted.second):
                yield [row_of(asked, row) for row in piece]

    async def choices(self, chosen: Chosen) -> AsyncIterator[list[str]]:
        """Every key of the last selection, also those beyond the listed, some at a time. `chosen`
        says what comes before it."""
        from wire.tops import names, pieces

        named, keys = seen(self._scenario, chosen)
        asked, client = Questions(self._scenario, named.view), cast(Any, self._client)
        if not named.view.by:
            async for piece in names(client, asked.choices_key(keys[0])):
                yield piece
        elif asked.offers().kind == "set":
            async for piece in names(client, asked.offers_key()):
                yield piece
        else:
            async for rows in pieces(client, asked.offers_key()):
                yield [row.member for row in rows]

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        await self._stored.close()
        if client is not None:
            await client.aclose()

    def _is_stored(self, chosen: Chosen) -> bool:
        return not seen(self._scenario, chosen)[0].view.tally

    async def _ask(self, client: Any, chosen: Chosen) -> Tallies:
        """Asks again where what is shown is settled only by the answers."""
        from wire.tops import look

        scenario = self._scenario
        named, keys = seen(scenario, chosen)
        if isinstance(named.view, StoredView):
            return entitled(scenario, named, await self._stored.read(client, named.view, keys))
        keys = known(scenario, named.view, keys)
        while True:
            found = await look(client, scenario.name, questions(scenario, named.view, keys))
            wanted, keys = keys, settled(scenario, named.view, keys, found.tops)
            if wanted == keys:
                return built(scenario, named, keys, found.tops, found.counted)
