"""The arms of an experiment side by side: the middle of each figure, the lowest, the highest."""

from __future__ import annotations

from statistics import median

from textual.strip import Strip

from controlroom.model.story import RunStory, values
from controlroom.panes import text
from controlroom.panes.look import Look
from controlroom.panes.text import Span

_ARM, _BLOCKS, _CELL = 12, 8, 22
_FIRST = ("success", "throughput", "p50", "p95", "p99", "p999")
_HEADS = {
    "success": "success %",
    "throughput": "good/s",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "p999": "p99.9 ms",
}


def arm_rows(look: Look, story: RunStory, width: int) -> list[Strip]:
    """A row for each arm; figures that are compared come first, as many as have room."""
    plan = story.plan
    assert plan is not None
    measures = [*plan.compare, *(one for one in _FIRST if one not in plan.compare)]
    measures = measures[: max(1, (width - _ARM - _BLOCKS) // _CELL)]
    over = plan.compared_over
    head: list[Span] = [
        (text.fit(f" {over}", _ARM), look.title),
        (text.right("blocks", _BLOCKS), look.dim),
        *(
            (text.right(_HEADS.get(one, one.replace("_", " ")), _CELL), look.dim)
            for one in measures
        ),
    ]
    rows = [text.row(head, width, look.text)]
    for arm in plan.arms:
        done = sum(one.whole and one.arm == arm for one in story.blocks)
        cells: list[Span] = [
            (text.fit(f" {text.clean(arm)}", _ARM, look.signs), look.bright),
            (text.right(f"{done}/{plan.order.count(arm)}", _BLOCKS), look.text),
        ]
        for measure in measures:
            cells.append((_cell(look, story, arm, measure), look.text))
        rows.append(text.row(cells, width, look.text))
    return rows


def _cell(look: Look, story: RunStory, arm: str, measure: str) -> str:
    """`99.1 (98.2 to 100)`: the middle, the lowest and the highest block."""
    assert story.plan is not None
    found = values(story, arm, story.plan.compared_over, measure)
    if not found:
        return text.right(look.signs.none, _CELL)
    shown = [_figure(one, measure) for one in (median(found), min(found), max(found))]
    words = shown[0] if len(found) == 1 else f"{shown[0]} ({shown[1]} to {shown[2]})"
    return text.right(words, _CELL)


def _figure(value: float, measure: str) -> str:
    if measure == "success":
        return f"{value * 100:.4g}"
    if measure == "throughput":
        return text.rate(value)
    return text.latency(value) if measure in _HEADS else f"{value:.3g}"
