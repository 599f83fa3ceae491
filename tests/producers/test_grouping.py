"""Single events that share a call: each request hears of its own event."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from scenarios.bodies import Given
from services.producer_grpc.grouping import AT_ONCE, Grouping
from services.queues.port import Unavailable
from services.shared.ids import Ids
from services.shared.intake import MAX_ERRORS, Receipt, RecordError

FIELDS = 4


class Server:
    """Refuses records that are no numbers, as the server does: one error for each field."""

    def __init__(self) -> None:
        self.calls: list[list[str]] = []
        self.go_on = asyncio.Event()
        self.away = False

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        assert isinstance(records, Sequence)
        assert isinstance(ids, Sequence)
        self.calls.append(list(ids))
        await self.go_on.wait()
        if self.away:
            raise Unavailable("away")
        bad = [n for n, record in enumerate(records) if not isinstance(record, int)]
        errors = [RecordError(n, f"f{field}", "bad") for n in bad for field in range(FIELDS)]
        return Receipt(len(records) - len(bad), len(bad), errors[:MAX_ERRORS])


async def ask(server: Server, records: list[Any]) -> list[Any]:
    """Each record as a request of its own, all at once."""
    grouping = Grouping(server.accept, FIELDS)
    asked = [
        asyncio.create_task(grouping.accept([record], [f"id-{n}"]))
        for n, record in enumerate(records)
    ]
    await asyncio.sleep(0)
    server.go_on.set()
    return await asyncio.gather(*asked, return_exceptions=True)


async def test_many_requests_share_few_calls_and_every_id_arrives() -> None:
    server = Server()
    await ask(server, list(range(200)))
    assert len(server.calls) == 200 * FIELDS // MAX_ERRORS
    assert len(server.calls) > AT_ONCE
    assert [one for call in server.calls for one in call] == [f"id-{n}" for n in range(200)]


async def test_every_request_hears_of_its_own_event_even_if_all_are_bad() -> None:
    server = Server()
    records = [n if n % 3 == 0 else "bad" for n in range(60)]
    for record, receipt in zip(records, await ask(server, records), strict=True):
        good = isinstance(record, int)
        assert (receipt.accepted, receipt.rejected) == (int(good), int(not good))
        assert [error.field for error in receipt.errors] == [
            f"f{n}" for n in range(0 if good else FIELDS)
        ]
        assert all(error.index == 0 for error in receipt.errors)


async def test_an_outage_is_told_to_all() -> None:
    server = Server()
    server.away = True
    answers = await ask(server, [1, 2, 3])
    assert all(isinstance(answer, Unavailable) for answer in answers)


@pytest.mark.parametrize("records", [[], [1, 2]])
async def test_what_is_no_single_event_goes_through_as_it_is(records: list[int]) -> None:
    server = Server()
    server.go_on.set()
    receipt = await Grouping(server.accept, FIELDS).accept(records, ())
    assert receipt.accepted == len(records)
    assert server.calls == [[]]
