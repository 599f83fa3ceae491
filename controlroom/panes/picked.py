"""What `y` copies of a panel: what is chosen in it, as it is pasted into a command or a message.

Figures are whole and have no separators.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from controlroom.model.frame import BOOKS, FLEET, GOLDEN, Frame
from controlroom.panes.fleet import FleetPane
from controlroom.panes.log import LogPane
from controlroom.panes.pane import Pane
from controlroom.panes.tallies import TalliesPane
from controlroom.panes.timeline import TimePane


def picked_of(pane: Pane, frame: Frame) -> str:
    """One line; empty where nothing is there yet. Of a panel that was added what it says itself."""
    made = _PICKED.get(pane.pane_id)
    return pane.picked if made is None else made(pane, frame)


def _tallies(pane: Pane, frame: Frame) -> str:
    """What is chosen with its figure; where nothing can be chosen, the sum of all."""
    assert isinstance(pane, TalliesPane)
    value = pane.value
    if value is None:
        return ""
    if value.drawn == "map":
        country = pane.country
        row = next((row for row in value.rows if row.key == country), None)
        return country if row is None else f"{' '.join(row.labels)} {row.count}"
    if value.drawn == "lines":
        return " ".join(value.rows[min(pane.top, len(value.rows) - 1)].labels if value.rows else ())
    own = [one for one in value.selections[value.paged :] if one.selected]
    labels = [
        next((each.label for each in one.choices if each.key == one.selected), one.selected or "")
        for one in own
    ]
    count = value.sum or sum(row.count for row in value.rows)
    return " ".join([*labels, str(count if value.bars or value.title else value.total)])


def _traffic(pane: Pane, frame: Frame) -> str:
    """What comes in where there is traffic."""
    found = frame[GOLDEN].value
    rows = [row for row in found.rows if row.rps is not None] if found is not None else []
    inbound = [row for row in rows if row.direction == "inbound"] or rows
    return "; ".join(
        f"{row.deployment} {row.rps or 0:.1f} rps, success {(row.success or 0) * 100:.4g}%"
        + ("" if row.p99 is None else f", p99 {row.p99:.4g} ms")
        for row in inbound
    )


def _books(pane: Pane, frame: Frame) -> str:
    """The figures by which they close."""
    found = frame[BOOKS].value
    if found is None:
        return ""
    names = ("acknowledged", "stored", "in_flight", "lost", "doubled")
    figures = [f"{name.replace('_', ' ')} {found.books.value(name)}" for name in names]
    return ", ".join(figures)


def _fleet(pane: Pane, frame: Frame) -> str:
    """The deployment's name, or that of its pod where it has one only."""
    assert isinstance(pane, FleetPane)
    item, fleet = pane.deployment, frame[FLEET].value
    if item is None or fleet is None:
        return ""
    pods = [pod.name for pod in fleet.pods if pod.deployment == item.name]
    return pods[0] if len(pods) == 1 else item.name


def _time(pane: Pane, frame: Frame) -> str:
    """The run of the mark that is looked at, else the moment or both ends of the range, in UTC."""
    assert isinstance(pane, TimePane)
    mark, span, at = pane.looked_at, pane.cursor.span, pane.cursor.at
    if span is not None:
        return "/".join(map(_utc, span))
    if mark is not None and mark.run:
        return mark.run
    return _utc(frame.now if at is None else at)


def _log(pane: Pane, frame: Frame) -> str:
    """Partition and offset of a line, as `logs --at` takes them."""
    assert isinstance(pane, LogPane)
    line = pane.picked_line
    return "" if line is None else f"{line.partition}:{line.offset}"


def _utc(at: float) -> str:
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(at))


_PICKED: dict[str, Callable[[Pane, Frame], str]] = {
    "tallies": _tallies,
    "traffic": _traffic,
    "books": _books,
    "fleet": _fleet,
    "time": _time,
    "log": _log,
}
