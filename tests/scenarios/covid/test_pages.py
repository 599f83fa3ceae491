"""A page costs what it shows, however many documents lie before it."""

from __future__ import annotations

from typing import Any

import pytest

from scenarios.covid.services.documents import Subscribers
from tests.queues.pipeline import Pipeline
from wire import keys
from wire.documents import Document, Documents
from wire.ranges import Range

THERE = 5_000
RARE = (4_100, 4_990, 4_999)
TP = keys.partition_id("topic", 0)


def document(offset: int) -> Document:
    return {
        "_id": keys.document_id(TP, offset),
        "tp": TP,
        "o": offset,
        "id": f"id-{offset}",
        "origin": "grpc" if offset in RARE else "http",
        "event": {"name": str(offset)},
    }


async def test_a_rare_origin_is_found_in_few_ranges_and_a_list_reads_no_more_than_a_page(
    covid: Pipeline, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[tuple[Range, int]] = []
    first = Documents.first

    async def counted(self: Documents, collection: str, wanted: Range, *more: Any) -> Any:
        found = await first(self, collection, wanted, *more)
        asked.append((wanted, len(found)))
        return found

    monkeypatch.setattr(Documents, "first", counted)
    subscribers = Subscribers(covid.scenario, covid.redis, covid.documents)
    await subscribers.prepare()
    # some more are there that are not counted yet
    logs = keys.logs_collection(covid.name)
    await covid.documents.insert(logs, [document(n) for n in range(THERE + 10)])
    group, topic = keys.consumer_group(covid.name), keys.events_topic(covid.name)
    field = keys.committed_field(group, topic, "topic", 0)
    await covid.redis.hset(keys.committed_key(covid.name), field, THERE - 1)

    page = await subscribers.page("", 10, "grpc")
    assert ([one["_id"] for one in page.subscribers], page.after) == (
        [f"id-{n}" for n in RARE],
        "",
    )
    assert len(asked) < 12
    assert sum(found for _, found in asked) == len(RARE)

    asked.clear()
    page = await subscribers.page("id-2500", 100)
    assert [one["name"] for one in page.subscribers] == [str(n) for n in range(2501, 2601)]
    assert page.after == "id-2600"
    assert sum(wanted.upto - wanted.after for wanted, _ in asked) < 300

    page = await subscribers.page("id-4950", 100)
    assert (len(page.subscribers), page.after) == (49, "")
