"""The counters of a scenario, from Redis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from controlroom.feeds.doors import Where
from controlroom.feeds.views import Question, reader_of
from controlroom.model.tallies import Tallies
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
    needs: tuple[str, ...] = ("wire.stores",)

    def __init__(self, where: Where, scenario: Scenario) -> None:
        self._where = where
        self._books = books_key(scenario.name)
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

    async def close(self) -> None:
        """Ends the connection."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _ask(self, client: Any) -> Tallies:
        """Asks again when the choice is settled only by the answers, or changed meanwhile."""
        while True:
            chosen = self._chosen
            *answers, counted = await self._pipeline(client, self._reader.questions())
            if chosen == self._chosen and self._reader.complete(answers):
                return self._reader.build(answers, int(counted or 0))

    async def _pipeline(self, client: Any, questions: Sequence[Question]) -> list[Any]:
        """Answers of one moment, the number of counted events last."""
        async with client.pipeline(transaction=True) as pipe:
            for command, key in questions:
                getattr(pipe, command)(key)
            pipe.hget(self._books, "counted")
            return cast(list[Any], await pipe.execute())
