"""The list of runs: which are shown, in which order, and a row for each."""

from __future__ import annotations

import string
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from rich.style import Style

from controlroom.model.run import Runs, RunView
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span
from controlroom.runs.registry import kind_of, said
from host.durations import rounded

_KIND, _ID, _LASTED, _STARTED = 11, 8, 8, 16
_MARKS = string.ascii_uppercase
"""Signs of the runs that are marked, in the order of their marks; comparisons have the first."""
_WIDE = 110
"""Cells from which the moment of the start has room."""
SORTS: dict[str, Callable[[RunView], Any]] = {
    "newest": lambda run: run.started,
    "kind": lambda run: (run.kind, run.started),
    "state": lambda run: (run.state, run.started),
    "longest": lambda run: (run.ended or run.started) - run.started,
    "title": lambda run: (run.title, run.started),
}
"""Name of an order -> by what; the highest comes first, but of words the lowest."""
_BY_WORD = frozenset({"kind", "state", "title"})


def sign_of(look: Look, run: RunView) -> tuple[str, Style]:
    """How a run stands, in one cell."""
    signs = look.signs
    if run.active:
        return (signs.fault, look.bad) if kind_of(run.kind).injects else (signs.run, look.accent)
    if run.state == "finished":
        bad = run.load is not None and (run.load.failed or run.load.dropped)
        back = run.chaos is None or run.chaos.recovered
        return (signs.good, look.good) if back and not bad else (signs.fault, look.warn)
    if run.state == "stopped":
        return signs.none, look.dim
    return (signs.away, look.warn) if run.state == "lost" else (signs.fault, look.bad)


@dataclass
class RunList:
    """What of all runs is shown, and where the cursor is."""

    needle: str = ""
    sort: str = "newest"
    reverse: bool = False
    parts: bool = False
    """Whether runs that an experiment began are shown too."""
    marked: list[str] = field(default_factory=list)
    at: str = ""
    """Id of the run under the cursor."""
    _seen: tuple[object, ...] = ()
    _rows: list[RunView] = field(default_factory=list)

    def rows(self, runs: Runs) -> list[RunView]:
        """Those that are shown, in their order; made anew only where something has changed."""
        seen = (runs.runs, runs.earlier, self.needle, self.sort, self.reverse, self.parts)
        if seen != self._seen:
            self._seen, self._rows = seen, self._sorted(runs)
            self.marked = [run for run in self.marked if runs.find(run) or not runs.runs]
        return self._rows

    def _sorted(self, runs: Runs) -> list[RunView]:
        wanted = [word for word in self.needle.casefold().split() if word != "!"]
        every = (*runs.runs, *runs.earlier)
        found = [run for run in every if (self.parts or not run.owner) and _holds(run, wanted)]
        words = self.sort in _BY_WORD
        return sorted(found, key=SORTS[self.sort], reverse=words == self.reverse)

    def place(self, runs: Runs) -> int:
        """Row of the cursor; that of the nearest where its run is gone."""
        rows = self.rows(runs)
        places = {run.id: n for n, run in enumerate(rows)}
        if self.at not in places and rows:
            self.at = rows[0].id
        return places.get(self.at, 0)

    def mark(self, run: str) -> None:
        """Marks it, or takes the mark away."""
        if run in self.marked:
            self.marked.remove(run)
        else:
            self.marked.append(run)

    def next_sort(self) -> None:
        """The next order."""
        names = list(SORTS)
        self.sort = names[(names.index(self.sort) + 1) % len(names)]


def _holds(run: RunView, wanted: Sequence[str]) -> bool:
    """Whether it has all words, and none of those behind a `!`."""
    if not wanted:
        return True
    words = " ".join((run.id, run.kind, run.state, run.bound, run.title, run.owner, said(run)))
    words = words.casefold()
    return all((one[1:] not in words) if one.startswith("!") else (one in words) for one in wanted)


def heads(look: Look, runs: Runs, chosen: RunList, width: int) -> tuple[list[Span], list[Span]]:
    """What stands above the columns; at the right end how many runs there are, in which order."""
    arrow = look.signs.keys[2 if chosen.reverse else 3]
    left: list[Span] = [
        (text.fit("  run", 2 + _ID), look.dim),
        (text.fit("kind", _KIND), look.dim),
    ]
    if width >= _WIDE:
        left.append((text.fit("started", _STARTED), look.dim))
    left += [(text.fit("lasted", _LASTED), look.dim), ("what, and what came of it", look.dim)]
    count = len(chosen.rows(runs))
    words = [f"{count:,} runs" if count != 1 else "1 run", f"{chosen.sort} {arrow}"]
    if chosen.needle:
        words.insert(1, f"/ {text.clean(chosen.needle)}")
    if runs.more:
        words.insert(1, f"{runs.more:,} older")
    return left, [(f" {look.signs.dot} ".join(words), look.bright)]


def row(
    look: Look, run: RunView, chosen: RunList, now: float, width: int
) -> tuple[list[Span], list[Span]]:
    """One run: what it is, and at the right end what came of it."""
    sign, style = sign_of(look, run)
    marked = run.id in chosen.marked
    number = _MARKS[chosen.marked.index(run.id) % len(_MARKS)] if marked else " "
    lasted = (run.ended if run.ended is not None else now) - run.started
    head: list[Span] = [
        (number, look.badge if marked else look.text),
        (sign, style),
        (text.fit(f" {run.id}", _ID), look.bright if run.id == chosen.at else look.text),
        (text.fit(run.kind, _KIND), look.dim),
    ]
    if width >= _WIDE:
        begun = time.strftime("%m-%d %H:%M:%S", time.localtime(run.started))
        head.append((text.fit(begun, _STARTED), look.dim))
    head.append((text.fit(rounded(max(0.0, lasted)), _LASTED), look.dim))
    came = text.clean(outcome(look, run))
    what = text.clean(f"{f'of {run.owner}: ' if run.owner else ''}{run.title}")
    room = width - sum(text.width_of(words) for words, _ in head) - 3
    wide = min(text.width_of(came), max(room * 3 // 5, room - text.width_of(what)))
    title = text.fit(what, max(0, room - wide), look.signs)
    return [*head, (title, look.text)], [(text.fit(came, wide, look.signs), style)]


def empty(runs: Runs, chosen: RunList) -> str:
    """Why the list is empty, and what to press."""
    if chosen.needle:
        return f"no run holds {text.clean(chosen.needle)}; / changes that"
    if runs.runs or runs.earlier:
        return "only parts of experiments; a shows them"
    return "no runs yet: e starts an experiment, l a load, c in the room a fault"


def outcome(look: Look, run: RunView) -> str:
    """How it stands, or what came of it, in a few words."""
    load, none = run.load, look.signs.none
    if load is not None:
        bad = f", {load.failed:,} failed" if load.failed else ""
        bad += f", {load.dropped:,} dropped" if load.dropped else ""
        figures = f"{text.rate(load.rps, none)}/s, p95 {text.latency(load.p95, none)} ms{bad}"
        return figures if run.state in ("running", "finished") else f"{run.state}, {figures}"
    if run.chaos is not None:
        back = "back" if run.chaos.recovered else "not known to be back"
        return run.chaos.phase if run.active else back
    figures = said(run)
    if (kind := (run.figures or {}).get("verdict_kind")) is not None and not run.active:
        sign = {"faster": look.signs.differs, "no difference": "="}.get(kind, "?")
        return f"{sign} {figures}" if run.state == "finished" else f"{run.state}, {sign} {figures}"
    if run.state in ("running", "finished") and figures:
        return figures
    return ended_words(run)


def ended_words(run: RunView) -> str:
    """Its state, and once it is over by what."""
    known = run.active or run.bound in ("", run.state)
    return run.state if known else f"{run.state}: {run.bound}"
