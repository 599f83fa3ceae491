"""Groups single events of concurrent requests into one call, and tells each its own outcome."""

from __future__ import annotations

import asyncio
from collections import defaultdict, deque
from collections.abc import Sequence
from typing import Any, NamedTuple

from scenarios.bodies import BodyTooLargeError, Given, Stream
from services.shared.ids import Ids
from services.shared.intake import MAX_ERRORS, Accept, Receipt, RecordError

AT_ONCE = 4
"""Calls under way from which on single events wait for one another."""


class _Single(NamedTuple):
    record: Any
    event_id: str
    done: asyncio.Future[Receipt]


class Grouping:
    """An `accept` port in front of another one. What holds several records goes through as it is.

    A receipt lists no more than MAX_ERRORS errors, so a group is as small as needed for the
    errors of all its events to fit: `fields` is the greatest number of errors of one event.
    """

    def __init__(self, accept: Accept, fields: int) -> None:
        self._accept = accept
        self._most = max(1, MAX_ERRORS // max(1, fields))
        self._waiting: deque[_Single] = deque()
        self._calls: set[asyncio.Task[None]] = set()

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Take raw records; see services.shared.intake.Accept."""
        if isinstance(records, Stream) or len(records) != 1:
            return await self._accept(records, ids)
        if not self._waiting and len(self._calls) < AT_ONCE:
            # what this turn of the event loop brings still goes into the same call
            asyncio.get_running_loop().call_soon(self._send)
        single = _Single(records[0], ids[0] if ids else "", asyncio.Future())
        self._waiting.append(single)
        return await single.done

    def _send(self) -> None:
        while self._waiting and len(self._calls) < AT_ONCE:
            group = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            call = asyncio.create_task(self._call(group), name="group")
            self._calls.add(call)
            call.add_done_callback(self._ended)

    def _ended(self, call: asyncio.Task[None]) -> None:
        self._calls.discard(call)
        self._send()

    async def _call(self, group: Sequence[_Single]) -> None:
        try:
            receipt = await self._accept(
                [single.record for single in group], [single.event_id for single in group]
            )
        except BodyTooLargeError as error:
            if len(group) == 1:
                _refuse(group, error)
            else:  # together they are too large; each of them is told for itself
                await asyncio.gather(*(self._call([single]) for single in group))
            return
        except Exception as error:
            _refuse(group, error)
            return
        for single, outcome in zip(group, _outcomes(receipt, len(group)), strict=True):
            if not single.done.done():
                single.done.set_result(outcome)


def _refuse(group: Sequence[_Single], error: Exception) -> None:
    for single in group:
        if not single.done.done():
            single.done.set_exception(error)


def _outcomes(receipt: Receipt, events: int) -> list[Receipt]:
    """The receipt of each event; those without an error are accepted."""
    errors: dict[int, list[RecordError]] = defaultdict(list)
    for error in receipt.errors:
        errors[error.index].append(RecordError(0, error.field, error.message))
    return [
        Receipt(0, 1, errors[index]) if index in errors else Receipt(1, 0, [])
        for index in range(events)
    ]
