"""A scenario applied to events: validate, decode, tally, generate.

`EventCodec(scenario)` is prepared once and used for every event of a process.
"""

from __future__ import annotations

import heapq
import re
from collections import defaultdict
from collections.abc import Mapping, MutableMapping
from functools import lru_cache
from itertools import accumulate
from random import Random
from typing import Any, NamedTuple

from scenarios.bodies import (
    MAX_BODY,
    MAX_DEPTH,
    MAX_RECORDS,
    BodyError,
    BodyTooLargeError,
    Records,
    Unreadable,
    parse_records,
)
from scenarios.derived import with_derived
from scenarios.fields import FieldReader, RefusedValue, kind_of
from scenarios.scenario import ORIGIN, Event, Scenario, Value
from scenarios.tallies.kind import Write
from scenarios.templates import escape, render, split_member

__all__ = [
    "MAX_BODY",
    "MAX_DEPTH",
    "MAX_RECORDS",
    "BodyError",
    "BodyTooLargeError",
    "EventCodec",
    "FieldError",
    "Outcome",
    "Records",
    "Write",
    "parse_records",
    "render",
    "split_member",
]

_ABSENT = object()
_NOT_COUNTED = Write("", "", "", 0)


class FieldError(NamedTuple):
    """What is wrong with one field of a record; `field` is empty for the record as a whole."""

    field: str
    message: str

    def as_json(self) -> dict[str, str]:
        """The error as it is answered and stored."""
        return {"field": self.field, "message": self.message}


Outcome = dict[str, Value] | list[FieldError]
"""A validated event, or what is wrong with the record."""


class EventCodec:
    """One scenario, prepared for many events."""

    def __init__(self, scenario: Scenario) -> None:
        self.scenario = scenario
        self._readers = tuple(FieldReader(field) for field in scenario.fields)
        self._names = tuple(field.name for field in scenario.fields)
        self._different = tuple((rule.left, rule.right) for rule in scenario.rules)
        self._text_form = _text_form(self._readers)
        kinds = scenario.kinds
        self._writers = [
            (kinds[tally.kind].writer(tally), tally.unless.items()) for tally in scenario.tallies
        ]
        self._places = {
            tally.kind: kinds[tally.kind].place
            for tally in scenario.tallies
            if kinds[tally.kind].placed
        }
        self._weights = list(accumulate(row.weight for row in scenario.samples))
        # a scenario has few different events for many votes
        self._writes = lru_cache(maxsize=4096)(self._made_writes)

    def validate(self, raw: object) -> Outcome:
        """The event in a raw record, or one error per field that is wrong.

        Names are matched without regard to case and by their aliases, unknown ones ignored.
        """
        if type(raw) is not dict:
            if type(raw) is Unreadable:
                return [FieldError(raw.field, raw.message)]
            return [FieldError("", f"must be an object, is {kind_of(raw)}")]
        event: dict[str, Value] = {}
        errors: list[FieldError] = []
        absent: set[str] = set()
        folded: dict[str, Any] | None = None
        for reader in self._readers:
            given = raw.get(reader.name, _ABSENT)
            if given is _ABSENT:
                if folded is None:
                    folded = {key.casefold(): value for key, value in raw.items()}
                given = next((folded[name] for name in reader.names if name in folded), _ABSENT)
                if given is _ABSENT and reader.default is None:
                    errors.append(FieldError(reader.name, "is missing"))
                    continue
            if given is _ABSENT or reader.is_left_out(given):
                given = reader.default
                absent.add(reader.name)
            value = reader.read(given)
            if type(value) is RefusedValue:
                errors.append(FieldError(reader.name, value.message))
            else:
                event[reader.name] = value  # type: ignore[assignment]
        if absent:
            errors += self._incomplete(absent)
        if not errors:
            errors = self._broken_rules(event)
        return errors or event

    def _incomplete(self, absent: set[str]) -> list[FieldError]:
        """What is missing in the form that a record comes closest to; nothing if one is whole."""
        missing = ([name for name in form if name in absent] for form in self.scenario.forms)
        return [FieldError(name, "is missing") for name in min(missing, key=len, default=[])]

    def _broken_rules(self, event: Event) -> list[FieldError]:
        return [
            FieldError(right, f"must differ from {left}")
            for left, right in self._different
            if event[left] == event[right]
        ]

    def decode_value(self, value: bytes) -> list[Outcome]:
        """What the value of a Kafka record holds: one outcome per event in it, at least one.

        Takes the shapes of `parse_records` and the text `Name:..,Album:..`.
        """
        try:
            records: list[Any] = parse_records(value)
        except BodyError as error:
            pairs = self._from_text(value)
            if pairs is None:
                return [[FieldError("", str(error))]]
            records = [pairs]
        if not records:
            return [[FieldError("", "the list is empty")]]
        return [self.validate(record) for record in records]

    def _from_text(self, value: bytes) -> dict[str, str] | None:
        try:
            text = value.decode().strip()
        except UnicodeDecodeError:
            return None
        parts = self._text_form.split(text)
        if len(parts) < 3 or parts[0].strip():
            return None
        return dict(zip(parts[1::2], parts[2::2], strict=True))

    def tally_writes(self, event: Event, origin: str = "") -> tuple[Write, ...]:
        """The Redis writes of one event that came by `origin`, one per tally, with the canonical
        pair applied: one without a kind where it does not count the event. Those of placed kinds
        are not placed yet."""
        return self._writes(origin, *[event[name] for name in self._names])

    def count(
        self, document: Mapping[str, Any], sums: MutableMapping[tuple[str, str, str], int]
    ) -> None:
        """Adds the writes of a stored document to `sums`: (kind, key, member) -> amount."""
        for write in self.tally_writes(document["event"], document["origin"]):
            if not write.kind:
                continue
            place = self._places.get(write.kind)
            kind, key, member, amount = write if place is None else place(write, document)
            sums[kind, key, member] += amount

    def trim(self, sums: MutableMapping[tuple[str, str, str], int]) -> None:
        """Takes out of `sums` what a placed kind would not keep."""
        if not self._places:
            return
        members: dict[tuple[str, str, int], list[str]] = defaultdict(list)
        for (kind, key, member), amount in sums.items():
            if kind in self._places:
                members[kind, key, amount].append(member)
        for (kind, key, keep), found in members.items():
            if len(found) > keep:
                for member in set(found).difference(heapq.nlargest(keep, found)):
                    del sums[kind, key, member]

    def _made_writes(self, origin: str, *values: Value) -> tuple[Write, ...]:
        event = with_derived(
            self.scenario, self.canonical(dict(zip(self._names, values, strict=True)))
        )
        escaped = {ORIGIN: escape(origin)}
        escaped |= {name: escape(value) for name, value in event.items()}
        return tuple(
            [
                _NOT_COUNTED
                if any(event[name] == value for name, value in unless)
                else write(event, escaped)
                for write, unless in self._writers
            ]
        )

    def canonical(self, event: Event) -> Event:
        """The event with its pair in sorted order, as the tallies see it."""
        pair = self.scenario.canonical
        if pair is None or str(event[pair.left]) <= str(event[pair.right]):
            return event
        flipped = pair.separator.join(reversed(str(event[pair.flip]).split(pair.separator)))
        return {
            **event,
            pair.left: event[pair.right],
            pair.right: event[pair.left],
            pair.flip: flipped,
        }

    def generate(self, rng: Random) -> dict[str, Value]:
        """A record drawn from the samples of the scenario by their weights; it may lack what has
        a default."""
        row = rng.choices(self.scenario.samples, cum_weights=self._weights)[0]
        return {name: rng.choice(row.values[name]) for name in self._names if name in row.values}


def _text_form(readers: tuple[FieldReader, ...]) -> re.Pattern[str]:
    names = "|".join(re.escape(name) for reader in readers for name in reader.names)
    return re.compile(rf"(?:^|,)\s*({names})\s*:", re.IGNORECASE)
