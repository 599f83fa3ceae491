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
from services.shared.ids import fresh
from services.shared.ledger import Ledger
from services.shared.publisher import Entry, Publisher
from wire import keys, problems
from wire.problems import Problem
from wire.record import Headers, encode_event, encode_rejected, headers

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


class Outgoing:
    """Records for one topic, those with an id of the client's by the place of that id."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.count = 0
        self._parts: dict[int | None, list[Entry]] = {}

    def add(self, value: bytes, named: Headers, slot: int | None) -> None:
        """Add one record."""
        self.count += 1
        self._parts.setdefault(slot, []).append(Entry(value, named))

    async def publish(self, publisher: Publisher) -> None:
        """Return when Kafka has them all; raises Unavailable."""
        sent = [publisher.publish(self.topic, part, at) for at, part in self._parts.items()]
        if len(sent) == 1:
            await sent[0]
        elif sent:
            await asyncio.gather(*sent)


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
        good, bad = Outgoing(self._events), Outgoing(self._rejected)
        errors: list[RecordError] = []
        last_id = ""
        for index, raw in enumerate(records):
            given = ids[index] if ids else ""
            outcome = self._add(good, raw, given)
            if isinstance(outcome, str):
                last_id = outcome
            else:
                self._refuse(bad, raw, outcome, given)
                if len(errors) < MAX_ERRORS:
                    errors += [RecordError(index, wrong.field, wrong.message) for wrong in outcome]
            if index % _BREATH == _BREATH - 1:
                await asyncio.sleep(0)
        await bad.publish(self._publisher)
        await good.publish(self._publisher)
        if good.count:
            self._ledger.add(good.count)
        return Receipt(good.count, bad.count, errors[:MAX_ERRORS], last_id)

    def _add(self, good: Outgoing, raw: object, given: str) -> str | list[FieldError]:
        """The id of the event, or what is wrong with it."""
        outcome = self.codec.validate(raw)
        if not isinstance(outcome, dict):
            return outcome
        value = encode_event(outcome)
        if not given:
            made = fresh()
            good.add(value, headers(made, self._origin), None)
            return made
        if not self._uses.fits(given, value):
            return [REUSED]
        good.add(value, headers(given, self._origin, once=True), slot_of(given))
        return given

    def _refuse(self, bad: Outgoing, raw: object, errors: list[FieldError], given: str) -> None:
        text = raw.text if isinstance(raw, Unreadable) else _to_json(raw)
        reason = [error.as_json() for error in errors]
        value = encode_rejected(text, reason, self._origin)
        if given:
            bad.add(value, headers(given, self._origin, once=True), slot_of(given))
        else:
            bad.add(value, headers("", self._origin)[1:], None)
