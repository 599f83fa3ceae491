"""The rule of queues whose logs have dense offsets: what is missing shows, and nothing may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from wire.books import Figures


class Balance(NamedTuple):
    """What follows of the figures."""

    taken: int
    """Records that the queue holds or held."""
    missing: int
    """Of those that are covered what is not counted or not stored."""
    rest: dict[str, Any]
    """The fields that all books have, by name."""


def balance(figures: Figures, ends: Mapping[str, int]) -> Balance:
    """`ends`: `tp` -> end offset, of the logs that exist now.

    Of the `covered` offsets (those at or below the committed offsets) each held one event, but for
    `gaps`, which held none, `extra`, more events of a list, `dead`, which are no events, and
    `repeated`, whose event had been there before:
    expected = covered - gaps + extra - dead - repeated. Offsets that the queue dropped before
    anybody read them are covered and neither gaps nor counted, so they are lost. Each life of a
    partition covers its own offsets, from its base on.
    """
    totals, bases, committed = figures.totals, figures.bases, figures.committed_offsets
    covered = sum(offset + 1 - bases.get(tp, 0) for tp, offset in committed.items())
    taken = _offsets(figures, ends) - totals.gaps
    expected = covered - totals.gaps + totals.extra - totals.dead - totals.repeated
    stored = figures.found + totals.purged
    broker_lost = max(0, figures.acknowledged - taken - figures.settled)
    unstored = 0 if figures.unaudited else expected - stored
    missing = max(expected - totals.counted, unstored, 0)
    return Balance(
        taken,
        missing,
        {
            "scenario": figures.scenario,
            "acknowledged": figures.acknowledged,
            "counted": totals.counted,
            "stored": stored,
            "rejected": totals.refused + totals.dead,
            "repeated": totals.repeated,
            "in_flight": sum(max(0, end - committed.get(tp, -1) - 1) for tp, end in ends.items()),
            "lost": max(missing, broker_lost),
            "doubled": max(totals.counted - expected, -unstored, 0),
            "purged": totals.purged,
            "unaudited": figures.unaudited,
            "broker_lost": broker_lost,
            "settled": figures.settled,
        },
    )


def _offsets(figures: Figures, ends: Mapping[str, int]) -> int:
    """Offsets ever given out, per life: up to its end now, or to its committed offset where that is
    all that is left, or where the queue has lost what was counted."""
    reached = {tp: committed + 1 for tp, committed in figures.committed_offsets.items()}
    for tp, end in ends.items():
        reached[tp] = max(end, reached.get(tp, 0))
    return sum(end - figures.bases.get(tp, 0) for tp, end in reached.items())
