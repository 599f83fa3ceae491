"""Runs in a list: which, in which order, and no more read than that needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

from controlroom.ledger.record import record_of
from controlroom.model.run import RunView
from controlroom.runs.folder import RunFolder
from controlroom.runs.pinning import baselines
from controlroom.runs.store import RunStore

KEYS: dict[str, Callable[[RunView], object]] = {
    "started": lambda view: view.started,
    "lasted": lambda view: (view.ended or float("inf")) - view.started,
    "kind": lambda view: view.kind,
    "state": lambda view: view.state,
    "failed": lambda view: 0 if view.load is None else view.load.failed + view.load.dropped,
    "p95": lambda view: -1.0 if view.load is None else view.load.p95 or -1.0,
}
"""By what a list can be sorted; `started` reads no more than is shown."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which runs; what is empty leaves none out."""

    kinds: tuple[str, ...] = ()
    states: tuple[str, ...] = ()
    scenario: str = ""
    since: float = 0.0
    """Seconds since the epoch."""
    text: str = ""
    """What the title or the command holds."""
    children: bool = False
    """Also those that an experiment began."""
    sort: str = "started"
    reverse: bool = False
    limit: int | None = 50


@dataclass(frozen=True, slots=True)
class Listed:
    """One of them."""

    view: RunView
    names: tuple[str, ...]
    """Of baselines."""
    noted: bool
    owner: str


def listed(store: RunStore, wanted: Wanted) -> tuple[list[Listed], bool]:
    """(The runs, whether there may be more)."""
    names: dict[str, list[str]] = {}
    for name, run in baselines(store.root).items():
        names.setdefault(run, []).append(name)
    found = _matching(store, wanted)
    limit = wanted.limit
    if wanted.sort == "started" and not wanted.reverse:
        # folders are in that order already, so what is older than the list is not read
        chosen = list(found if limit is None else islice(found, limit + 1))
    else:
        key = KEYS[wanted.sort]
        chosen = sorted(found, key=lambda pair: key(pair[1]), reverse=not wanted.reverse)  # type: ignore[arg-type,return-value]
    more = limit is not None and len(chosen) > limit
    rows = [
        Listed(view, tuple(names.get(folder.id, ())), folder.noted, folder.owner)
        for folder, view in chosen[:limit]
    ]
    return rows, more


def _matching(store: RunStore, wanted: Wanted) -> Iterator[tuple[RunFolder, RunView]]:
    for folder in store.folders():
        if not wanted.children and folder.owner:
            continue
        view = _view(store, folder)
        if view is None:
            continue
        if view.started < wanted.since:
            if view.active:
                continue
            return  # ids count up with time
        if _fits(folder, view, wanted):
            yield folder, view


def _view(store: RunStore, folder: RunFolder) -> RunView | None:
    view = store.view(folder.id)
    if view is not None:
        return view
    try:
        return record_of(folder).view
    except FileNotFoundError:
        return None  # removed meanwhile


def _fits(folder: RunFolder, view: RunView, wanted: Wanted) -> bool:
    if wanted.kinds and view.kind not in wanted.kinds:
        return False
    if wanted.states and view.state not in wanted.states:
        return False
    if not wanted.scenario and not wanted.text:
        return True
    record = record_of(folder)
    if wanted.scenario and record.scenario != wanted.scenario:
        return False
    return wanted.text.lower() in f"{view.title} {record.command}".lower()
