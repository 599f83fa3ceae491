"""Traffic: the golden metrics of every deployment."""

from __future__ import annotations

from collections.abc import Sequence

from textual.strip import Strip

from controlroom.model.budget import Budget
from controlroom.model.frame import GOLDEN, ROUTES, RUNS, Frame
from controlroom.model.golden import GoldenRow
from controlroom.model.run import RunView
from controlroom.model.split import BranchFigures, SplitFigures
from controlroom.panes import text
from controlroom.panes.closer import cells, closer
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.sorting import Cell, Order
from controlroom.panes.text import Span
from scenarios.limits import Grade, Limits

_ROOMY = 18
"""Rows from which on each route and each neighbour has a row of its own."""
ENDED_FOR = 120.0
"""Seconds for which the figures of a split that is over stay."""


def chosen(rows: Sequence[GoldenRow], room: int) -> list[GoldenRow]:
    """At most `room` rows in their order; each deployment keeps one before any gets a second.

    The row kept is the one that had traffic, the inbound one first; deployments that had traffic
    come before those that had none.
    """
    if len(rows) <= room:
        return list(rows)
    best: dict[str, GoldenRow] = {}
    for row in sorted(rows, key=lambda r: (r.rps is None, r.direction != "inbound")):
        best.setdefault(row.deployment, row)
    kept = [row for row in rows if best[row.deployment] is row]
    kept = sorted(kept, key=lambda row: row.rps is None)[:room]
    for row in rows:
        if len(kept) < room and row not in kept:
            kept.append(row)
    return [row for row in rows if row in kept]


class TrafficPane(Pane):
    """Success, rate and latency per deployment and direction, from Prometheus."""

    pane_id = "traffic"
    key = GOLDEN
    engine = "prometheus"
    command = "controlroom metrics"

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.order: Order = Order("deployment", "success", "rps", "p50", "p95", "p99")

    @property
    def detailed(self) -> bool:
        """Where there is room, each route has a row."""
        return self.size.height - 2 >= _ROOMY

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """Also what the branches of a split did."""
        detail: tuple[object, ...] = ()
        if self.detailed:
            detail = (frame[ROUTES].value, frame.lanes, int(frame.now))
        return (*super().basis(frame), split_of(frame), frame.budget, frame.limits, *detail)

    def title(self, frame: Frame, width: int) -> Title:
        value = frame[GOLDEN].value
        if value is None:
            return Title("traffic")
        dot = f" {self.look.signs.dot} "
        age = f"{value.window:g} s window{dot}{self.age_text(frame)} old"
        words = [f"budget {frame.budget.left:.0%}"] if frame.budget is not None else []
        return Title(dot.join(["traffic", *words]), age)

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        value = frame[GOLDEN].value
        assert value is not None
        look = self.look
        name = max(10, min(24, width - 43))
        wide = (9, 8, 6, 6, 7)
        first, *figures = (self.order.head(each, look.signs) for each in self.order.columns)
        head = text.fit(first, name) + text.fit(" in/out", 7)
        head += "".join(text.right(c, w) for c, w in zip(figures, wide, strict=True))
        rows = [text.row([(head + " ms", look.dim)], width, look.text)]
        split = split_of(frame)
        branches = self._split(split, name, width, frame.limits) if split is not None else []
        branches = branches[: height - 1]
        room = max(0, height - 1 - len(branches))
        listed = chosen(value.rows, room)
        if self.order.by:
            listed = self.order.sorted(value.rows, _cell)[:room]
        rows += [text.row(self._row(row, name, frame.limits), width, look.text) for row in listed]
        if not value.rows:
            rows.append(text.row([("no traffic seen yet", look.dim)], width, look.text))
        rows += branches
        if height >= _ROOMY:
            rows += closer(frame, self.look, width, height - len(rows) - 2)
        if frame.budget is not None and height - len(rows) >= 2:
            rows += [text.row([], width, look.text)] * (height - len(rows) - 1)
            rows.append(self._budget(frame.budget, frame.limits, width))
        return rows

    def _budget(self, budget: Budget, limits: Limits, width: int) -> Strip:
        """What is left of the errors that may be, and how fast they are spent."""
        look, signs = self.look, self.look.signs
        dot = f" {signs.dot} "
        grade = limits.burn.grade(budget.burn)
        left = Grade.DEGRADED if budget.left <= 0 else Grade.GOOD
        spans: list[Span] = [
            (f"slo {budget.slo * 100:g}%{dot}budget ", look.dim),
            (f"{signs.of(left).strip()}{budget.left:.0%} left", look.of(left)),
            (f" of {budget.seconds / 60:g} m{dot}burns ", look.dim),
            (f"{signs.of(grade).strip()}{budget.burn:.1f}x", look.of(grade)),
        ]
        return text.row(spans, width, look.text)

    def _split(self, split: SplitFigures, name: int, width: int, limits: Limits) -> list[Strip]:
        """A line for all branches together, and one for each."""
        look, none = self.look, self.look.signs.none
        seen = text.percent(split.success, none)
        said = f" success {seen}, {text.percent(split.predicted, none)} predicted"
        rows = [
            text.row([(text.fit("split", name), look.title), (said, look.text)], width, look.text)
        ]
        for one in split.branches:
            share = f" {_share(one.got, none)} of {_share(one.asked, none)}"
            rows.append(
                text.row(
                    [
                        (text.fit(f" {text.clean(one.name)}", name - 7, look.signs), look.text),
                        (text.right(share, 14), look.bright),
                        *self._figures(one, limits),
                    ],
                    width,
                    look.text,
                )
            )
        return rows

    def _row(self, row: GoldenRow, name: int, limits: Limits) -> list[Span]:
        look = self.look
        style = look.dim if row.rps is None else look.text
        way = "in" if row.direction == "inbound" else "out"
        return [
            (text.fit(text.clean(row.deployment), name, look.signs), style),
            (text.fit(f" {way}", 7), look.dim),
            *self._figures(row, limits),
        ]

    def _figures(self, row: GoldenRow | BranchFigures, limits: Limits) -> list[Span]:
        inbound = getattr(row, "direction", "inbound") == "inbound"
        return cells(row, self.look, limits, slow=inbound)


def _cell(row: GoldenRow, column: str) -> Cell:
    figure: Cell = getattr(row, column)
    return figure


def split_of(frame: Frame) -> SplitFigures | None:
    """Of the split that is on; of the one that ended last for a while."""
    run = split_run(frame)
    return run.split if run else None


def split_run(frame: Frame) -> RunView | None:
    """The split that is on, or the one that ended last for a while."""
    runs = frame[RUNS].value
    views = [run for run in runs.runs if run.split is not None] if runs else []
    views = [run for run in views if run.active or (run.ended or 0) > frame.now - ENDED_FOR]
    views.sort(key=lambda run: (run.active, run.started))
    return views[-1] if views else None


def _share(share: float | None, none: str) -> str:
    return none if share is None else f"{share * 100:.1f}"
