"""The schedule of faults: a pure function of the seed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from controlroom.torture.faults import TortureFault

GAP = (0.2, 3.0)
"""Seconds between the end of one strike and the next."""
_TWO_OF = 3
"""One moment of so many strikes twice."""


@dataclass(frozen=True, slots=True)
class Moment:
    """Faults that strike at once, some seconds after those before them have been dealt."""

    after: float
    faults: tuple[TortureFault, ...]


def schedule(seed: int, count: int, table: Sequence[TortureFault]) -> list[Moment]:
    """`count` faults. Every fault of the table has its turn before one has a second."""
    rng = Random(seed)
    deck = _deck(rng, table)
    moments: list[Moment] = []
    left = count
    while left:
        faults = [next(deck)]
        if left > 1 and rng.randrange(_TWO_OF) == 0:
            faults.append(next(deck))
        moments.append(Moment(rng.uniform(*GAP), tuple(faults)))
        left -= len(faults)
    return moments


def _deck(rng: Random, table: Sequence[TortureFault]) -> Iterator[TortureFault]:
    while True:
        cards = list(table)
        rng.shuffle(cards)
        yield from cards
