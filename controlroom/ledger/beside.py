"""What else went on at the time of a run: the faults that a load met, the load that a fault hit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.ledger.record import Record, record_of
from controlroom.ledger.seconds import number
from controlroom.runs.folder import RunFolder
from controlroom.runs.registry import kind_of
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore

NEAR = 100
"""Runs before and after one that are looked at; ids count up with time."""


@dataclass(frozen=True, slots=True)
class Hit:
    """A fault or a split while it was on. Times are seconds since the epoch."""

    run: str
    name: str
    """Of its object: `pod-kill-consumer`."""
    begun: float
    ended: float | None
    """None while it is on, or where nobody saw its end."""


def hit_of(record: Record) -> Hit | None:
    """What the run of a fault did; None where it was not injected, or is none."""
    fault = record.result.get("fault")
    if not isinstance(fault, dict):
        noted = [one for one in record.journal if one.get("event") == "injected"]
        fault = noted[-1] if noted and record.view.chaos is not None else {}
    begun = number(fault.get("injected"))
    if begun is None:
        return None
    name = str(fault.get("name") or record.asked.get("name") or record.view.title)
    return Hit(record.id, name, begun, number(fault.get("recovered")))


def beside(record: Record, store: RunStore) -> list[Record]:
    """Runs that went on at the same time, oldest first, without the one that began it and those
    that it began."""
    begun, ended = record.view.started, record.ended
    found = []
    for folder in reversed(_near(record, store)):
        view = store.view(folder.id)
        if view is None or folder.id in (record.id, record.owner):
            continue
        over = view.ended if view.ended is not None else float("inf")
        if view.started <= ended and over >= begun and folder.owner != record.id:
            found.append(record_of(folder))
    return found


def hits(record: Record, others: Sequence[Record]) -> list[Hit]:
    """The faults and splits that were on, by their beginning."""
    made = [hit_of(one) for one in (record, *others) if kind_of(one.kind).injects]
    return sorted((one for one in made if one is not None), key=lambda one: one.begun)


def children(record: Record, store: RunStore) -> list[Record]:
    """The runs that it began, oldest first."""
    return [record_of(one) for one in reversed(store.folders()) if one.owner == record.id]


def load_beside(others: Sequence[Record]) -> Record | None:
    """The load with most to say of that time."""
    loads = [one for one in others if one.kind == LoadSpec.run_kind and one.seconds]
    return max(loads, key=lambda one: len(one.seconds), default=None)


def _near(record: Record, store: RunStore) -> list[RunFolder]:
    every = store.folders()
    place = next((n for n, one in enumerate(every) if one.id == record.id), 0)
    return every[max(place - NEAR, 0) : place + NEAR]
