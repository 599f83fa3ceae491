"""What lies in the stores of queues that are not read again: streams, direct and Pub/Sub.

What was counted follows from the documents, and from the events that clients know to be in.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

from controlroom.torture.compare import Expected, Found
from controlroom.torture.load import TortureClients
from controlroom.torture.numbers import Ids, Seen
from controlroom.torture.stores import TortureStores
from scenarios.scenario import Scenario
from wire import keys

PUBSUB = "pubsub"
_SENT = "sent:"
_FIELDS = ("id", "tp", "o", "i", "origin", "event", "repeats", "value")

Place = tuple[str, int, int]
"""Log, offset, and place in a list."""


class KeptStores(TortureStores):
    """Documents and counters, against what the clients know."""

    def __init__(
        self,
        addresses: Mapping[str, str],
        scenario: Scenario,
        ids: Ids,
        load: TortureClients,
        queue: str = "",
    ) -> None:
        super().__init__(addresses, scenario, ids, queue)
        self._load = load
        self._one_log_for_an_id = self._queue == "streams"
        self._known: set[Place | int] = set()
        """What was stored at any time, and so was counted: an event, or its place where one that
        is sent again may be stored again."""
        self._ever = Seen()
        self._delivered: set[tuple[str, int]] = set()
        """Logs and offsets of what lay in a store at any time."""

    async def read(self) -> Found:
        """Everything, in full."""
        # asked before: what is published meanwhile is not missing
        published = await self._published()
        await self._learn_queues()
        logs = await asyncio.to_thread(self._all, keys.logs_collection(self.scenario))
        rejected = await asyncio.to_thread(self._all, keys.rejected_collection(self.scenario))
        of_events = await self._logs_of_events()
        documents = Seen()
        for document in logs:
            self._learn(document, documents)
        self._delivered |= {(each["tp"], each["o"]) for each in logs + rejected}
        absent = self._absent()
        expected = self.expected.tallies + absent.tallies
        sets = self.expected.sets | absent.sets
        counted = await self.counted()
        return Found(
            kafka=self._taken(),
            documents=documents,
            rejected=self._refused(rejected),
            events=len(self._known) + absent.events,
            repeated=sum("repeats" in each and each["tp"] in of_events for each in rejected),
            stored=len(logs),
            tallies={p: n for p, n in counted.items() if p[0] not in self.expected.unjudged},
            expected=expected | dict.fromkeys(sets, 1),
            counting=self.expected.counting | absent.counting,
            sets=sets,
            ids=self._one_log_for_an_id,
            published=sum(published.values()) if self._queue == PUBSUB else None,
            delivered=sum(offset < published.get(tp, 0) for tp, offset in self._delivered),
        )

    def _all(self, name: str) -> list[dict[str, Any]]:
        wanted = dict.fromkeys(_FIELDS, 1)
        found = self.mongo[keys.DATABASE][name].find({}, wanted, batch_size=5_000)
        return [document for document in found if self._mine(document)]

    def _learn(self, document: Mapping[str, Any], documents: Seen) -> None:
        number = self.ids.number(str(document["id"]))
        place: Place | int = (document["tp"], document["o"], document.get("i", -1))
        if number is not None:
            documents.add(number)
            if self._one_log_for_an_id:
                place = number
        if place not in self._known:
            self._known.add(place)
            self.expected.count(document["event"], document["origin"])
            if number is not None and not self._ever[number]:
                self._ever.add(number)

    def _absent(self) -> Expected:
        """What is acknowledged and was never stored, which has to be counted all the same."""
        absent = Expected(self.expected.codec)
        if self._queue != PUBSUB:
            for number in self._load.sent.acknowledged:
                if not self._ever[number]:
                    value = json.dumps(self._load.event(number)).encode()
                    absent.add(value, self._load.origin(number))
        return absent

    def _taken(self) -> Seen:
        taken = self._ever.copy()
        if self._queue != PUBSUB:
            for number in self._load.sent.acknowledged:
                if not taken[number]:
                    taken.add(number)
        return taken

    def _refused(self, rejected: list[dict[str, Any]]) -> Seen:
        seen = Seen()
        for document in rejected:
            number = self.ids.number(str(document.get("value", "")))
            if number is not None and "repeats" not in document:
                seen.add(number)
        return seen

    async def _logs_of_events(self) -> set[str]:
        """A bad event that was sent again is kept too, and repeats no event."""
        found = await self.redis.hkeys(keys.committed_key(self.scenario))
        prefix = f"{keys.consumer_group(self.scenario)}/{self.topic}/"
        logs = (str(field).removeprefix(prefix) for field in found if str(field).startswith(prefix))
        return {":".join(log.rsplit("/", 1)) for log in logs}

    async def _published(self) -> dict[str, int]:
        """Log -> records that its producer has published, as the queue has them in Redis."""
        if self._queue != PUBSUB:
            return {}
        name = f"{keys.queue_key(self.scenario, PUBSUB)}:{self.topic}:numbers"
        found = await self.redis.hgetall(name)
        return {
            keys.partition_id(str(field).removeprefix(_SENT), 0): int(sent)
            for field, sent in found.items()
            if str(field).startswith(_SENT)
        }
