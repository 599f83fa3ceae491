"""What a panel shows as rows for other programs: whole figures, with the names that the verbs'
`--json` gives them."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from controlroom.model.frame import BOOKS, FLEET, GOLDEN, TALLIES, Frame
from controlroom.panes.log import LogPane
from controlroom.panes.pane import Pane
from controlroom.panes.timeline import TimePane

Row = Mapping[str, Any]
_RISKY = ("=", "+", "-", "@", "\t", "\r")
"""Beginnings of a text that a spreadsheet takes for a formula."""


def rows_of(pane: Pane, frame: Frame) -> list[Row]:
    """The rows of a panel; of one that was added its lines of text."""
    made = _ROWS.get(pane.pane_id)
    if made is None:
        return [{"line": line} for line in pane.words.splitlines()]
    return made(pane, frame)


def as_json(rows: Sequence[Row], about: Mapping[str, Any]) -> str:
    """One object: what is said about the rows, and the rows."""
    return json.dumps({**about, "rows": rows}, ensure_ascii=False, indent=1) + "\n"


def as_csv(rows: Sequence[Row]) -> str:
    """A table under the names of all columns. A figure that is not known is an empty cell; a text
    that a spreadsheet would take for a formula has a `'` before it."""
    out = io.StringIO()
    names = list(dict.fromkeys(name for row in rows for name in row))
    table = csv.DictWriter(out, names)
    table.writeheader()
    table.writerows({name: _cell(value) for name, value in row.items()} for row in rows)
    return out.getvalue()


def _cell(value: object) -> object:
    if isinstance(value, list | tuple | dict):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(_RISKY):
        return f"'{value}"
    return value


def _tallies(pane: Pane, frame: Frame) -> list[Row]:
    found = frame[TALLIES].value
    if found is None:
        return []
    average = found.average_label
    return [
        {
            **dict(zip(found.columns, row.labels, strict=False)),
            "count": row.count,
            "per_second": frame.rates.rows.get(row.labels) if frame.rates is not None else None,
            **({average: row.average} if average else {}),
        }
        for row in found.rows
    ]


def _traffic(pane: Pane, frame: Frame) -> list[Row]:
    found = frame[GOLDEN].value
    return [] if found is None else [asdict(row) for row in found.rows]


def _books(pane: Pane, frame: Frame) -> list[Row]:
    found = frame[BOOKS].value
    told = {} if found is None else found.books.to_json()
    queues = {"": told, **told.pop("queues", {})}
    return [
        {"queue": queue, "figure": name, "events": figure}
        for queue, figures in queues.items()
        for name, figure in figures.items()
        if name != "scenario"
    ]


def _fleet(pane: Pane, frame: Frame) -> list[Row]:
    found = frame[FLEET].value
    return [] if found is None else [asdict(pod) for pod in found.pods]


def _time(pane: Pane, frame: Frame) -> list[Row]:
    assert isinstance(pane, TimePane)
    return [
        {"at": at, "curve": curve.name, "of": curve.lane, "unit": curve.unit, "figure": figure}
        for curve in pane.shown(frame)
        for at, figure in curve.points
    ]


def _log(pane: Pane, frame: Frame) -> list[Row]:
    assert isinstance(pane, LogPane)
    return [asdict(line) for line in pane.lines]


_ROWS: dict[str, Callable[[Pane, Frame], list[Row]]] = {
    "tallies": _tallies,
    "traffic": _traffic,
    "books": _books,
    "fleet": _fleet,
    "time": _time,
    "log": _log,
}
