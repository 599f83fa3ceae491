"""The books: whether everything that was acknowledged was also counted and stored, once.

What is the same for every queue. What else a queue tells, what its figures are called, and whether
a loss is a fault, is the rule of its kind: a class derived from `Books` (`wire.queues`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, NamedTuple


class Figure(NamedTuple):
    """One figure of the books, and how it is told."""

    name: str
    """Of the attribute, and in JSON."""
    words: str
    """What it is, in a few words."""
    label: str = ""
    """In the panel; its name where this is empty."""
    rare: bool = False
    """In JSON only where it is not 0."""
    seldom: bool = False
    """In lists for people too."""
    fault: bool = False
    """Whether the books do not close while it is not 0."""


ACKNOWLEDGED = Figure("acknowledged", "answered with success by the producers")
COUNTED = Figure("counted", "events in the tallies of Redis")
STORED = Figure("stored", "documents in MongoDB, and those removed on purpose")
PURGED = Figure("purged", "of the stored, removed by hand or by retention", rare=True)
REJECTED = Figure("rejected", "kept with the reason why they are no events")
REPEATED = Figure(
    "repeated", "sent again by clients under the same id, and not counted again", rare=True
)
LOST = Figure("lost", "had time to arrive and are missing", fault=True)
DOUBLED = Figure("doubled", "counted or stored more than once", fault=True)
UNAUDITED = Figure("unaudited", "offsets whose documents are not counted yet", "", True, True)


@dataclass(frozen=True, slots=True)
class Books:
    """Numbers of events since the scenario's first one, whatever became of its queue since."""

    figures: ClassVar[tuple[Figure, ...]]
    """In the order in which they are told."""
    pairs: ClassVar[tuple[tuple[str, str], ...]]
    """Names of the figures of the panel, row by row; four rows."""
    asides: ClassVar[tuple[tuple[str, str], ...]] = (("repeated", "repeated"), ("purged", "purged"))
    """Names of the figures of its title, where they are not 0, and what follows the number."""

    scenario: str
    acknowledged: int
    """What producers answered with success."""
    counted: int
    """Events in the tallies of Redis."""
    stored: int
    """Documents in MongoDB, and those removed on purpose."""
    rejected: int
    """Records kept with the reason why they are no events."""
    repeated: int
    """Records of events that a client sent again under the same id; the first one counts."""
    in_flight: int
    """Records in the queue that the consumers have not come to yet."""
    lost: int
    """Events that had time to arrive and are missing somewhere."""
    doubled: int
    """Events that were counted or stored more than once."""
    purged: int = 0
    """Of the stored documents those that were removed, by hand or by retention."""
    unaudited: int = 0
    """Offsets whose documents were not counted yet. Until they are, `stored` is what was found so
    far, and a missing or surplus document does not show in `lost` or `doubled`."""
    broker_lost: int = 0
    """Of the lost ones those that were acknowledged and that the queue does not have any more."""
    settled: int = 0
    """Events that the queue lost and that somebody has written off; they are lost no more."""

    @property
    def taken(self) -> int:
        """Records that the queue has taken, ever."""
        raise NotImplementedError

    @property
    def faults(self) -> bool:
        """Whether something is there that must not be, by the rule of the queue."""
        return any(figure.fault and self.value(figure.name) for figure in self.figures)

    @property
    def closed(self) -> bool:
        """Nothing is on its way, and there is no fault."""
        return not (self.in_flight or self.unaudited or self.faults)

    @property
    def remark(self) -> str:
        """What the queue has to say of books that do not close; empty where it has nothing."""
        return ""

    def value(self, name: str) -> int:
        """The figure of that name."""
        found: int = getattr(self, name)
        return found

    def to_json(self) -> dict[str, Any]:
        """What `controlroom books --json` says: the figures that are always told, which other
        tools rely on, and then the rare ones, where there are any."""
        told = {figure.name: self.value(figure.name) for figure in self.figures if not figure.rare}
        rare = {figure.name: self.value(figure.name) for figure in self.figures if figure.rare}
        return {"scenario": self.scenario, **told, **{n: v for n, v in rare.items() if v}}


@dataclass(frozen=True, slots=True)
class SideBySide(Books):
    """The books of a scenario with several queues: their sums, and each by its own rule. They close
    where all do."""

    figures = (
        ACKNOWLEDGED,
        COUNTED,
        STORED,
        PURGED,
        REJECTED,
        REPEATED,
        Figure("in_flight", "taken by a queue, not yet handled by a consumer", "in flight"),
        Figure("lost", "missing; each queue's own rule says whether it may be"),
        Figure("doubled", "counted or stored more than once"),
        UNAUDITED,
    )
    pairs = (
        ("acknowledged", "in_flight"),
        ("counted", "lost"),
        ("stored", "doubled"),
        ("rejected", "repeated"),
    )

    queues: Mapping[str, Books] = field(default_factory=dict)
    """Queue -> its books, in the order of the scenario."""

    @classmethod
    def of(cls, queues: Mapping[str, Books]) -> SideBySide:
        """The books of all of them, at least one."""
        own = [each.name for each in fields(Books) if each.name != "scenario"]
        sums = {name: sum(books.value(name) for books in queues.values()) for name in own}
        scenario = next(iter(queues.values())).scenario
        return cls(scenario=scenario, queues=queues, **sums)

    @property
    def taken(self) -> int:
        """See Books."""
        return sum(books.taken for books in self.queues.values())

    @property
    def faults(self) -> bool:
        """See Books."""
        return any(books.faults for books in self.queues.values())

    @property
    def remark(self) -> str:
        """See Books."""
        said = {name: books.remark for name, books in self.queues.items()}
        return "; ".join(f"{name}: {remark}" for name, remark in said.items() if remark)

    def rows(self) -> tuple[Figure, ...]:
        """Every figure that any of the queues tells, once, in the order of the first that does."""
        found: dict[str, Figure] = {}
        for books in self.queues.values():
            last = None
            for figure in books.figures:
                if figure.name not in found:
                    found = _behind(found, last, figure)
                last = figure.name
        return tuple(found.values())

    def to_json(self) -> dict[str, Any]:
        """The sums, and under `queues` what each says by itself."""
        own = {name: books.to_json() for name, books in self.queues.items()}
        return {**Books.to_json(self), "queues": own}


def _behind(known: dict[str, Figure], last: str | None, figure: Figure) -> dict[str, Figure]:
    """The figures with one more behind the one of that name."""
    names = list(known)
    place = names.index(last) + 1 if last is not None else 0
    return {n: known.get(n, figure) for n in (*names[:place], figure.name, *names[place:])}


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

    def less(self, *others: Totals) -> Totals:
        """What is left without the others."""
        names = [each.name for each in fields(self)]
        left = {name: getattr(self, name) - sum(getattr(o, name) for o in others) for name in names}
        return Totals(**left)


@dataclass(frozen=True, slots=True)
class Figures:
    """Raw figures that all queues have, in the order in which they have to be read so that nothing
    looks lost that only had no time: acknowledged, then committed offsets and totals at one moment,
    then what the queue says by itself, then the documents up to those committed offsets."""

    scenario: str
    acknowledged: int
    committed_offsets: dict[str, int]
    """`tp` -> offset of the last record that was handled, for every life of the topic."""
    totals: Totals
    found: int
    """Documents at or below the committed offsets and above what was purged."""
    unaudited: int = 0
    """Offsets of those whose documents were not counted yet."""
    bases: dict[str, int] = field(default_factory=dict)
    """`tp` -> its first offset, of those that do not begin at 0."""
    settled: int = 0
    """Acknowledged events that the broker lost and that were written off."""
