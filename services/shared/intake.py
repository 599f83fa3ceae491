"""What happens to raw records that a producer was given, whatever road they came."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol, cast

import msgspec

from scenarios.bodies import Given, Unreadable
from scenarios.events import EventCodec, FieldError
from services.queues.port import Entry, Publisher
from services.shared.acknowledged import AcknowledgedCounter
from services.shared.dedup import REUSED, Dedup, Uses, slot_of
from services.shared.ids import Ids, fresh_ids
from services.shared.turn import breathing, is_long
from wire import keys, problems
from wire.problems import Problem
from wire.record import encode_event, encode_rejected, headers, is_once

MAX_ERRORS = 100
"""Most errors in one receipt."""
_to_json = msgspec.json.Encoder().encode


@dataclass(frozen=True, slots=True)
class RecordError:
    """One error of one record; `index` is its place in what was given, from 0."""

    index: int
    field: str
    message: str


class Receipt(NamedTuple):
    """What became of the records, after the queue has them."""

    accepted: int
    rejected: int
    errors: list[RecordError]
    """The first MAX_ERRORS of them."""
    last_id: str = ""
    """Id of the last accepted event."""
    reply: Mapping[str, object] | None = None
    """What the sender of a single event is told instead of the reply of its route."""

    @property
    def problem(self) -> Problem:
        """Why nothing was accepted."""
        fields = {error.field for error in self.errors}
        return problems.KEY_REUSED if fields == {REUSED.field} else problems.INVALID


class Sent:
    """The receipt of records that were taken in several pieces, one after the other."""

    def __init__(self) -> None:
        self.receipt = Receipt(0, 0, [])

    def add(self, piece: Receipt) -> None:
        """The next piece was taken."""
        so_far = self.receipt
        seen = so_far.accepted + so_far.rejected
        errors = [RecordError(e.index + seen, e.field, e.message) for e in piece.errors]
        self.receipt = Receipt(
            so_far.accepted + piece.accepted,
            so_far.rejected + piece.rejected,
            (so_far.errors + errors)[:MAX_ERRORS],
            piece.last_id or so_far.last_id,
        )


class Accept(Protocol):
    """The way from a front door to the queue. Raises Unavailable where that does not answer."""

    async def __call__(self, records: Given, ids: Ids) -> Receipt:
        """Take raw records. `ids` are those that the client gave, one per record, or empty.

        Records of the same id are one event, however often they are given. Raises BodyError
        where records that are decoded on the way turn out to be none; then nothing was taken.
        """


@dataclass(slots=True)
class Judged:
    """The records of a request as they go to the queue."""

    good: list[Entry] = field(default_factory=list)
    bad: list[Entry] = field(default_factory=list)
    errors: list[RecordError] = field(default_factory=list)
    last_id: str = ""
    named: bool = False
    """Whether a client gave an id."""

    @property
    def receipt(self) -> Receipt:
        """What the sender is told once Kafka has them."""
        return Receipt(len(self.good), len(self.bad), self.errors[:MAX_ERRORS], self.last_id)


class Intake:
    """Validates, publishes what is good and what is not, and counts what was acknowledged."""

    def __init__(
        self,
        codec: EventCodec,
        publisher: Publisher,
        acknowledged: AcknowledgedCounter,
        origin: str,
        dedup: Dedup | None = None,
    ) -> None:
        self.codec = codec
        self._publisher = publisher
        self._acknowledged = acknowledged
        self._origin = origin
        self._uses = Uses(dedup or Dedup())
        self._turn = asyncio.Lock()
        self._events = keys.events_topic(codec.scenario.name)
        self._rejected = keys.rejected_topic(codec.scenario.name)

    async def accept(self, records: Given, ids: Ids = ()) -> Receipt:
        """Take raw records; see Accept."""
        judged = Judged()
        if is_long(records):
            async with self._turn:
                async for part in breathing(records):
                    self.judge(judged, part, map(self._value, part), ids)
        else:
            part = cast(Sequence[Any], records)
            self.judge(judged, part, map(self._value, part), ids)
        await self.deliver((judged,))
        return judged.receipt

    async def deliver(self, requests: Sequence[Judged]) -> None:
        """Return when Kafka has all records of the requests, and count the events."""
        named = any(judged.named for judged in requests)
        if bad := [entry for judged in requests for entry in judged.bad]:
            await self._publish(self._rejected, bad, named)
        if good := [entry for judged in requests for entry in judged.good]:
            await self._publish(self._events, good, named)
            self._acknowledged.add(len(good))

    def judge(
        self,
        judged: Judged,
        records: Sequence[Any],
        outcomes: Iterable[bytes | list[FieldError]],
        ids: Ids,
    ) -> None:
        """Add some records of a request to those before them.

        `outcomes`: of each the value of the event's record, or what is wrong with it. A record
        that was judged elsewhere may be its JSON as bytes.
        """
        index = len(judged.good) + len(judged.bad)
        fresh_names = fresh_ids(len(records))
        for raw, outcome, fresh in zip(records, outcomes, fresh_names, strict=True):
            given = ids[index] if ids else ""
            if given and isinstance(outcome, bytes) and not self._uses.fits(given, outcome):
                outcome = [REUSED]
            if isinstance(outcome, bytes):
                judged.last_id = given or fresh
                made = headers(judged.last_id, self._origin, bool(given))
                judged.good.append(Entry(outcome, made))
            else:
                judged.bad.append(self._refused(raw, outcome, given))
                if len(judged.errors) < MAX_ERRORS:
                    judged.errors += [
                        RecordError(index, wrong.field, wrong.message) for wrong in outcome
                    ]
            judged.named = judged.named or bool(given)
            index += 1

    def _value(self, raw: object) -> bytes | list[FieldError]:
        outcome = self.codec.validate(raw)
        return encode_event(outcome) if isinstance(outcome, dict) else outcome

    async def _publish(self, topic: str, entries: list[Entry], named: bool) -> None:
        """Return when the queue has them all; those with an id of the client's by its place."""
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
        # bytes are a record that has not been decoded here
        text = raw if isinstance(raw, bytes) else _text_of(raw)
        reason = [error.as_json() for error in errors]
        value = encode_rejected(text, reason, self._origin)
        named = headers(given, self._origin, bool(given))
        return Entry(value, named if given else named[1:])


def _text_of(raw: object) -> bytes:
    return raw.text if isinstance(raw, Unreadable) else _to_json(raw)
