"""The comparison, event by event. No input or output."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field, replace

from controlroom.torture.numbers import Seen
from scenarios.events import EventCodec
from scenarios.scenario import Event
from wire.keys import OTHERS

Member = tuple[str, str]
"""Key of a tally without the scenario, and its member."""


@dataclass
class SentEvents:
    """What the clients know."""

    acknowledged: Seen = field(default_factory=Seen)
    """Events that were answered with success."""
    refused: Seen = field(default_factory=Seen)
    """Bad events that were answered as kept and rejected."""
    open: int = 0
    """Events whose client got an error or no answer, however often it tried."""
    tries: Seen = field(default_factory=Seen)
    """How often each event was sent."""
    told: int = 0
    """Events in all answers with success, those of events that were sent again too."""

    def tried(self, numbers: Iterable[int]) -> None:
        """They are sent now."""
        for number in numbers:
            self.tries.add(number)


@dataclass
class Found:
    """What lies in the stores."""

    kafka: Seen = field(default_factory=Seen)
    documents: Seen = field(default_factory=Seen)
    rejected: Seen = field(default_factory=Seen)
    events: int = 0
    """Events on Kafka, of anybody; what was sent again is none."""
    repeated: int = 0
    """Records on Kafka with an id that was there before."""
    stored: int = 0
    """Documents, of anybody."""
    tallies: Mapping[Member, int] = field(default_factory=dict)
    """The counters as they are."""
    expected: Mapping[Member, int] = field(default_factory=dict)
    """The counters as the events on Kafka make them."""
    counting: Set[str] = frozenset()
    """Keys of the tally that counts each event as one."""
    sets: Set[Member] = frozenset()
    """Expected members that are there or not, however many events have them."""
    gone: Seen = field(default_factory=Seen)
    """Events whose records were cut from Kafka's log before anybody had read them."""
    ids: bool = True
    """Whether an event that was sent again is stored once, whoever took it."""
    published: int | None = None
    """Records that were published; None where what is published may not be lost."""
    delivered: int = 0
    """Of these, those that lie in a store."""


@dataclass(frozen=True, slots=True)
class Gone:
    """A record that was on Kafka, was cut from its log, and that nobody had read."""

    number: int
    once: bool
    """Its id was given by the client: it counts once, however many records there are."""
    value: bytes


@dataclass(frozen=True)
class Comparison:
    """What the comparison says; the lists name at most a few numbers, as a trace to follow."""

    acknowledged: int
    kafka: int
    stored: int
    lost: int
    doubled: int
    unconfirmed: int
    """Events that are stored, though their client never heard so."""
    rejected: int
    repeated: int
    """Records on Kafka that clients sent again; their events are counted and stored once."""
    counted_wrong: tuple[str, ...]
    """Members of tallies that differ: `key member: found, expected`."""
    missing: tuple[int, ...]
    twice: tuple[int, ...]
    broker_lost: int = 0
    """Acknowledged events that the broker has lost; of these nothing is anywhere."""
    gone: int = 0
    """Records that the broker has lost, with those of events that are there by another one."""
    again: int = 0
    """Documents of events that were sent again and are stored again, where a queue allows that."""
    published: int | None = None
    undelivered: int = 0
    """Published, and in no store, where a queue allows that."""

    @property
    def clean(self) -> bool:
        """Nothing lost, nothing twice, all counters right."""
        return not (self.lost or self.doubled or self.counted_wrong)


_FEW = 5


def compare(sent: SentEvents, found: Found) -> Comparison:
    """Looks for every event.

    An event is lost when it was acknowledged and is not on Kafka, is on Kafka and has no
    document or is missing in the counters, or was refused as kept and is not kept. It is doubled
    when it is on Kafka more often than it was sent, or stored, counted or kept more than once.
    A queue that may lose is held to its own count: no more may be missing than was published and
    is nowhere, and no less may have been published than clients were told.
    """
    missing = sorted(_missing(sent, found))
    twice = sorted(_twice(sent, found))
    short, over = _differences(found)
    undelivered = 0
    if found.published is not None:
        undelivered = found.published - found.delivered
        absent = sum(not found.documents[number] for number in sent.acknowledged)
        short = max(short, absent - undelivered, sent.told - found.published)
    return Comparison(
        acknowledged=len(sent.acknowledged),
        kafka=len(found.kafka),
        stored=len(found.documents),
        lost=max(len(missing), short, found.events - found.stored),
        doubled=max(len(twice), over, found.stored - found.events),
        unconfirmed=sum(not sent.acknowledged[number] for number in found.documents),
        rejected=len(found.rejected),
        repeated=found.repeated,
        counted_wrong=tuple(_wrong(found)),
        missing=tuple(missing[:_FEW]),
        twice=tuple(twice[:_FEW]),
        broker_lost=sum(_only_gone(found, number) for number in sent.acknowledged),
        gone=sum(found.gone[number] for number in found.gone),
        again=0 if found.ids else sum(found.documents[n] - 1 for n in found.documents),
        published=found.published,
        undelivered=undelivered,
    )


def _only_gone(found: Found, number: int) -> bool:
    return bool(found.gone[number]) and not found.kafka[number]


def without(found: Found, gone: Iterable[Gone], codec: EventCodec) -> Found:
    """What lies in the stores as it has to be, when these records were lost by the broker."""
    less, kafka, lost, repeated = Expected(codec), found.kafka.copy(), Seen(), found.repeated
    for record in gone:
        kafka.drop(record.number)
        lost.add(record.number)
        if record.once and kafka[record.number]:
            repeated -= 1
        else:
            less.add(record.value)
    expected = Counter(found.expected)
    expected.subtract({place: n for place, n in less.tallies.items() if place not in less.sets})
    return replace(
        found,
        kafka=kafka,
        gone=lost,
        repeated=repeated,
        events=found.events - less.events,
        expected={place: n for place, n in expected.items() if n},
    )


def _missing(sent: SentEvents, found: Found) -> set[int]:
    if found.published is not None:
        return {n for n in found.kafka if not found.documents[n]}
    return {
        *(n for n in sent.acknowledged if not found.kafka[n] and not found.gone[n]),
        *(n for n in found.kafka if not found.documents[n]),
        *(n for n in sent.refused if not found.rejected[n]),
    }


def _twice(sent: SentEvents, found: Found) -> set[int]:
    def most(number: int) -> int:
        return 1 if found.ids else max(1, sent.tries[number])

    return {
        # a record for each time that it was sent, and no more
        *(n for n in found.kafka if found.kafka[n] > max(1, sent.tries[n])),
        *(n for n in found.documents if found.documents[n] > most(n) or not found.kafka[n]),
        *(n for n in found.rejected if found.rejected[n] > most(n)),
    }


def _differences(found: Found) -> tuple[int, int]:
    short = over = 0
    expected = _placed(found)
    for key, member in found.tallies.keys() | expected.keys():
        if key in found.counting:
            difference = found.tallies.get((key, member), 0) - expected.get((key, member), 0)
            short += max(0, -difference)
            over += max(0, difference)
    return short, over


def _placed(found: Found) -> Mapping[Member, int]:
    """What is expected, where a full tally counts under one name what had no place in it."""
    full = {key for key, member in found.tallies if member == OTHERS}
    if not full:
        return found.expected
    placed: Counter[Member] = Counter()
    for (key, member), amount in found.expected.items():
        there = key not in full or (key, member) in found.tallies
        placed[key, member if there else OTHERS] += amount
    return placed


def _wrong(found: Found) -> list[str]:
    wrong = []
    expected = _placed(found)
    for place in sorted(found.tallies.keys() | expected.keys()):
        there, wanted = found.tallies.get(place, 0), expected.get(place, 0)
        if there != wanted:
            wrong.append(f"{place[0]} {place[1]}: {there}, expected {wanted}")
    return wrong[:_FEW]


@dataclass
class Expected:
    """The counters that the values of Kafka records make, and the number of their events."""

    codec: EventCodec
    tallies: Counter[Member] = field(default_factory=Counter)
    counting: set[str] = field(default_factory=set)
    sets: set[Member] = field(default_factory=set)
    """Members that are there or not, however many events have them."""
    unjudged: set[str] = field(default_factory=set)
    """Keys of kinds of tallies that were added: nobody here knows how they count."""
    events: int = 0

    def add(self, value: bytes, origin: str = "kafka") -> None:
        """Counts the events of one record that came by `origin`; what is no event is not."""
        for outcome in self.codec.decode_value(value):
            if isinstance(outcome, dict):
                self.events += 1
                self.count(outcome, origin)

    def count(self, event: Event, origin: str) -> None:
        """Counts an event in the counters only."""
        writes = self.codec.tally_writes(event, origin)
        for tally, write in zip(self.codec.scenario.tallies, writes, strict=True):
            if not write.kind:
                continue
            if write.kind not in ("hash", "set", "counter"):
                self.unjudged.add(write.key)
                continue
            if write.kind == "set":
                self.tallies[write.key, write.member] = 1
                self.sets.add((write.key, write.member))
                continue
            self.tallies[write.key, "" if write.kind == "counter" else write.member] += write.amount
            if not tally.add:
                self.counting.add(write.key)
