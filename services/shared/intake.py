"""What happens to raw records that a producer was given, whatever road they came."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import msgspec

from scenarios.bodies import Unreadable
from scenarios.events import EventCodec, FieldError
from services.shared.dedup import REUSED, Dedup, Uses, slot_of
from services.shared.ids import fresh_ids
from services.shared.ledger import Ledger
from services.shared.publisher import Entry, Publisher
from wire import keys, problems
from wire.problems import Problem
from wire.record import encode_event, encode_rejected, headers, is_once

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

    @property
    def problem(self) -> Problem:
        """Why nothing was accepted."""
        fields = {error.field for error in self.errors}
        return problems.KEY_REUSED if fields == {REUSED.field} else problems.INVALID


class Accept(Protocol):
    """The way from a front door to Kafka. Raises Unavailable where Kafka does not answer."""

    async def __call__(self, records: Sequence[Any], ids: Sequence[str]) -> Receipt:
        """Take raw records. `ids` are those that the client gave, one per record, or empty.

        Records of the same id are one event, however often they are given.
        """


class Intake:
    """Validates, publishes what is good and what is not, and counts what was acknowledged."""

    def __init__(
        self,
        codec: EventCodec,
        publisher: Publisher,
        ledger: Ledger,
        origin: str,
        dedup: Dedup | None = None,
    ) -> None:
        self.codec = codec
        self._publisher = publisher
        self._ledger = ledger
        self._origin = origin
        self._uses = Uses(dedup or Dedup())
        self._events = keys.events_topic(codec.scenario.name)
        self._rejected = keys.rejected_topic(codec.scenario.name)

    async def accept(self, records: Sequence[Any], ids: Sequence[str] = ()) -> Receipt:
        """Take raw records; see Accept."""
        good: list[Entry] = []
        bad: list[Entry] = []
        errors: list[RecordError] = []
        last_id = ""
        own = fresh_ids(len(records))
        for index, raw in enumerate(records):
            given = ids[index] if ids else ""
            outcome = self._event(raw, given)
            if isinstance(outcome, bytes):
                last_id = given or own[index]
                good.append(Entry(outcome, headers(last_id, self._origin, bool(given))))
            else:
                bad.append(self._refused(raw, outcome, given))
                if len(errors) < MAX_ERRORS:
                    errors += [RecordError(index, wrong.field, wrong.message) for wrong in outcome]
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        named = any(ids)
        if bad:
            await self._publish(self._rejected, bad, named)
        if good:
            await self._publish(self._events, good, named)
            self._ledger.add(len(good))
        return Receipt(len(good), len(bad), errors[:MAX_ERRORS], last_id)

    def _event(self, raw: object, given: str) -> bytes | list[FieldError]:
        """The value of the event's record, or what is wrong with it."""
        outcome = self.codec.validate(raw)
        if not isinstance(outcome, dict):
            return outcome
        value = encode_event(outcome)
        return [REUSED] if given and not self._uses.fits(given, value) else value

    async def _publish(self, topic: str, entries: list[Entry], named: bool) -> None:
        """Return when Kafka has them all; those with an id of the client's by its place."""
        if not named:
            await self._publisher.publish(topic, entries)
            return
        parts: dict[int | None, list[Entry]] = {}
        for entry in entries:
            event_id = entry.headers[0][1]
            slot = slot_of(event_id) if is_once(entry.headers) else None
            parts.setdefault(slot, []).append(entry)
        sent = (self._publisher.publish(topic, part, slot) for slot, part in parts.items())
        await asyncio.gather(*sent)

    def _refused(self, raw: object, errors: list[FieldError], given: str) -> Entry:
        text = raw.text if isinstance(raw, Unreadable) else _to_json(raw)
        reason = [error.as_json() for error in errors]
        value = encode_rejected(text, reason, self._origin)
        named = headers(given, self._origin, bool(given))
        return Entry(value, named if given else named[1:])
