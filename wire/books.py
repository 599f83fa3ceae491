"""The books: whether everything that was acknowledged was also counted and stored, once."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field

RARE = ("repeated", "purged", "unaudited", "held", "broker_lost", "settled")
"""Figures of the books that are told only where they are not 0."""


@dataclass(frozen=True, slots=True)
class Books:
    """Numbers of events since the scenario's first one, whatever became of its topic since."""

    scenario: str
    acknowledged: int
    """What producers answered with success."""
    kafka: int
    """Records that the events topic holds or held."""
    counted: int
    """Events in the tallies of Redis."""
    stored: int
    """Documents in MongoDB, and those removed on purpose."""
    rejected: int
    """Records kept with the reason why they are no events."""
    repeated: int
    """Records of events that a client sent again under the same id; the first one counts."""
    in_flight: int
    """Records in Kafka that the consumers have not come to yet."""
    lost: int
    """Events that had time to arrive and are missing somewhere."""
    doubled: int
    """Events that were counted or stored more than once."""
    purged: int = 0
    """Of the stored documents those that were removed, by hand or by retention."""
    unaudited: int = 0
    """Offsets whose documents were not counted yet. Until they are, `stored` is what was found so
    far, and a missing or surplus document does not show in `lost` or `doubled`."""
    held: int = 0
    """Of those in flight the records that nobody may read before an open transaction has ended."""
    broker_lost: int = 0
    """Of the lost ones those that were acknowledged and that Kafka does not have any more."""
    settled: int = 0
    """Events that the broker lost and that somebody has written off; they are lost no more."""

    @property
    def closed(self) -> bool:
        """Everything arrived, once."""
        return not (self.in_flight or self.lost or self.doubled or self.unaudited)

    def to_json(self) -> dict[str, str | int]:
        """The contract of `controlroom books --json`: nine keys, which other tools rely on.

        The others come after them, and only where there are any.
        """
        figures = asdict(self)
        rare = {name: figures.pop(name) for name in RARE}
        return figures | {name: value for name, value in rare.items() if value}


@dataclass(frozen=True, slots=True)
class Totals:
    """What the consumers and the purge keep in the books hash (see `wire.keys.books_key`)."""

    counted: int = 0
    dead: int = 0
    repeated: int = 0
    extra: int = 0
    gaps: int = 0
    refused: int = 0
    purged: int = 0
    forgotten: int = 0


@dataclass(frozen=True, slots=True)
class Figures:
    """Raw figures, in the order in which they have to be read so that nothing looks lost that only
    had no time: acknowledged, then committed offsets and totals at one moment, then ends, then the
    documents up to those committed offsets."""

    scenario: str
    acknowledged: int
    committed_offsets: dict[str, int]
    """`tp` -> offset of the last record that was handled, for every life of the topic."""
    totals: Totals
    ends: dict[str, int]
    """`tp` -> end offset, of the topic that exists now."""
    found: int
    """Documents at or below the committed offsets and above what was purged."""
    unaudited: int = 0
    """Offsets of those whose documents were not counted yet."""
    stable: dict[str, int] = field(default_factory=dict)
    """`tp` -> offset up to which records may be read, where that was asked: the first one of the
    oldest open transaction, else the end."""
    bases: dict[str, int] = field(default_factory=dict)
    """`tp` -> its first offset, of those that do not begin at 0."""
    settled: int = 0
    """Acknowledged events that the broker lost and that were written off."""


def balance(figures: Figures) -> Books:
    """The books.

    Of the `covered` offsets (those at or below the committed offsets) each held one event, but for
    `gaps`, which held none, `extra`, more events of a list, `dead`, which are no events, and
    `repeated`, whose event had been there before:
    expected = covered - gaps + extra - dead - repeated. Offsets that the broker dropped before
    anybody read them are covered and neither gaps nor counted, so they are lost. Each life of a
    partition covers its own offsets, from its base on.
    """
    totals = figures.totals
    bases, committed_offsets = figures.bases, figures.committed_offsets
    covered = sum(committed + 1 - bases.get(tp, 0) for tp, committed in committed_offsets.items())
    kafka = _offsets(figures) - totals.gaps
    expected = covered - totals.gaps + totals.extra - totals.dead - totals.repeated
    stored = figures.found + totals.purged
    broker_lost = max(0, figures.acknowledged - kafka - figures.settled)
    missing = 0 if figures.unaudited else expected - stored
    return Books(
        scenario=figures.scenario,
        acknowledged=figures.acknowledged,
        kafka=kafka,
        counted=totals.counted,
        stored=stored,
        rejected=totals.refused + totals.dead,
        repeated=totals.repeated,
        in_flight=_in_flight(figures),
        lost=max(expected - totals.counted, missing, broker_lost, 0),
        doubled=max(totals.counted - expected, -missing, 0),
        purged=totals.purged,
        unaudited=figures.unaudited,
        held=sum(
            max(
                0, end - max(figures.stable.get(tp, end), figures.committed_offsets.get(tp, -1) + 1)
            )
            for tp, end in figures.ends.items()
        ),
        broker_lost=broker_lost,
        settled=figures.settled,
    )


def _offsets(figures: Figures) -> int:
    """Offsets ever given out, per life: up to its end now, or to its committed offset where that is
    all that is left, or where the broker has lost what was counted."""
    reached = {tp: committed + 1 for tp, committed in figures.committed_offsets.items()}
    for tp, end in figures.ends.items():
        reached[tp] = max(end, reached.get(tp, 0))
    return sum(end - figures.bases.get(tp, 0) for tp, end in reached.items())


def _in_flight(figures: Figures) -> int:
    return sum(
        max(0, end - figures.committed_offsets.get(tp, -1) - 1) for tp, end in figures.ends.items()
    )
