"""What happens to raw records that a producer was given, whatever road they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from scenarios.bodies import Unreadable
from scenarios.events import EventCodec, FieldError
from services.shared.ids import fresh
from services.shared.ledger import Ledger
from services.shared.publisher import Entry, Publisher
from wire import keys
from wire.record import encode_event, encode_rejected, headers

MAX_ERRORS = 100
"""Most errors in one receipt."""
_BREATH = 500
_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RecordError:
    """One error of one record; `index` is its place in what was given, from 0."""

    index: int
    field: str
    message: str


class Receipt(NamedTuple):
    """What became of the records, after Kafka has them."""

    accepted: int
    rejected: int
    errors: list[RecordError]
    """The first MAX_ERRORS of them."""
    last_id: str = ""
    """Id of the last accepted event."""


class Accept(Protocol):
    """The way from a front door to Kafka. Raises Unavailable where Kafka does not answer."""

    async def __call__(self, records: Sequence[Any], ids: Sequence[str]) -> Receipt:
        """Take raw records. `ids` are those that the client gave, one per record, or empty."""


class Intake:
    """Validates, publishes what is good and what is not, and counts what was acknowledged."""

    def __init__(
        self, codec: EventCodec, publisher: Publisher, ledger: Ledger, origin: str
    ) -> None:
        self.codec = codec
        self._publisher = publisher
        self._ledger = ledger
        self._origin = origin
        self._events = keys.events_topic(codec.scenario.name)
        self._rejected = keys.rejected_topic(codec.scenario.name)

    async def accept(self, records: Sequence[Any], ids: Sequence[str] = ()) -> Receipt:
        """Take raw records; see Accept."""
        good: list[Entry] = []
        bad: list[Entry] = []
        errors: list[RecordError] = []
        last_id = ""
        for index, raw in enumerate(records):
            outcome = self.codec.validate(raw)
            if isinstance(outcome, dict):
                last_id = (ids[index] if ids else "") or fresh()
                good.append(Entry(encode_event(outcome), headers(last_id, self._origin)))
            else:
                bad.append(self._refused(raw, outcome))
                if len(errors) < MAX_ERRORS:
                    errors += [RecordError(index, wrong.field, wrong.message) for wrong in outcome]
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        await self._publish(good, bad)
        return Receipt(len(good), len(bad), errors[:MAX_ERRORS], last_id)

    async def _publish(self, good: list[Entry], bad: list[Entry]) -> None:
        if bad:
            await self._publisher.publish(self._rejected, bad)
        if good:
            await self._publisher.publish(self._events, good)
            self._ledger.add(len(good))

    def _refused(self, raw: object, errors: list[FieldError]) -> Entry:
        text = raw.text if isinstance(raw, Unreadable) else _to_json(raw)
        reason = [error.as_json() for error in errors]
        return Entry(encode_rejected(text, reason, self._origin), headers("", self._origin)[1:])
