"""Two runs side by side: each figure with its difference, and both over their time."""

from __future__ import annotations

from dataclasses import replace
from statistics import median

from textual.strip import Strip

from controlroom.model.frame import Frame
from controlroom.model.run import Runs, RunView
from controlroom.model.story import RunStory, values
from controlroom.panes import text
from controlroom.panes.axis import Axis, lanes_of, ticks
from controlroom.panes.look import Look
from controlroom.panes.runs import ended_words, sign_of
from controlroom.panes.text import Span
from host.durations import rounded

_NAME, _FIGURE = 22, 18
_LEAST = 8
"""Rows below which no pictures are drawn."""
Table = dict[str, tuple[float | None, str]]
"""Name of a figure -> how much, and its unit."""


def pair_rows(
    look: Look, frame: Frame, runs: Runs, pair: tuple[str, str], width: int, height: int
) -> list[Strip]:
    """Names, figures, pictures; what is no longer there is said."""
    views = [runs.find(run) for run in pair]
    gone = [run for run, view in zip(pair, views, strict=True) if view is None]
    if gone:
        words = f" There is no run {gone[0]} any more: only the newest are kept."
        return [text.row([(words, look.warn)], width, look.text)]
    both = [view for view in views if view is not None]
    stories = [runs.stories.get(run) or RunStory(run) for run in pair]
    rows = [_title(look, letter, view, width) for letter, view in zip("AB", both, strict=True)]
    rows += [text.row([], width, look.text), *_table(look, both, stories, frame.now, width)]
    rows += _pictures(look, both, stories, frame.now, width, height - len(rows))
    for letter, story in zip("AB", stories, strict=True):
        for one in story.verdicts:
            words = f"{letter}: {text.clean(one.sentence)}"
            rows += [
                text.row([(f" {line}", look.text)], width, look.text)
                for line in text.wrapped(words, max(20, width - 2))
            ]
    return rows


def figures(view: RunView, story: RunStory) -> Table:
    """What two runs can be compared by."""
    found: Table = {}
    if (load := view.load) is not None:
        found |= {
            "answered": (load.answered, ""), "failed": (load.failed, ""),
            "dropped": (load.dropped, ""), "requests/s": (load.rps, ""), "p50": (load.p50, "ms"),
            "p95": (load.p95, "ms"), "p99": (load.p99, "ms"), "p99.9": (load.p999, "ms"),
        }  # fmt: skip
        done = load.answered + load.failed + load.dropped
        found["success"] = (load.answered / done if done else None, "share")
    if (plan := story.plan) is not None:
        units = {"success": "share", "throughput": "/s"}
        for arm in plan.arms:
            for measure in plan.compare:
                known = values(story, arm, plan.compared_over, measure)
                unit = units.get(measure, "ms")
                found[f"{arm} {measure}"] = (median(known) if known else None, unit)
    lags = [one.lag for one in story.seconds if one.lag is not None]
    if lags:
        found["highest lag"] = (max(lags), "")
    return found


def _title(look: Look, letter: str, view: RunView, width: int) -> Strip:
    sign, style = sign_of(look, view)
    state = ended_words(view)
    spans: list[Span] = [
        (f" {letter} ", look.badge),
        (f" {sign} {view.id} ", style),
    ]
    after = f"  {text.clean(state)} "
    room = width - sum(text.width_of(words) for words, _ in spans) - text.width_of(after)
    title = text.fit(f" {view.kind}  {text.clean(view.title)}", max(0, room), look.signs)
    return text.ends([*spans, (title, look.text)], [(after, style)], width, look.text)


def _table(
    look: Look, both: list[RunView], stories: list[RunStory], now: float, width: int
) -> list[Strip]:
    first, second = (figures(view, story) for view, story in zip(both, stories, strict=True))
    lasted = [rounded((view.ended or now) - view.started) for view in both]
    heads = ["A", "B", "B against A"]
    rows = [_line(look, "", [(word, look.dim) for word in heads], width)]
    rows.append(_line(look, "lasted", [(word, look.text) for word in lasted], width))
    for name in dict.fromkeys([*first, *second]):
        one, unit = first.get(name, (None, ""))
        other, own = second.get(name, (None, unit))
        if one is None and other is None:
            continue
        cells: list[Span] = [(_said(value, own or unit, look), look.text) for value in (one, other)]
        cells.append(_difference(look, one, other, own or unit))
        rows.append(_line(look, name, cells, width))
    return rows


def _line(look: Look, name: str, cells: list[Span], width: int) -> Strip:
    cell = min(_FIGURE, max(10, (width - _NAME) // 3))
    spans = [(text.right(words, cell), style) for words, style in cells]
    head = (text.fit(f" {name}", _NAME, look.signs), look.dim)
    return text.row([head, *spans], width, look.text)


def _said(value: float | None, unit: str, look: Look) -> str:
    if value is None:
        return look.signs.none
    if unit == "share":
        return f"{value * 100:.4g} %"
    if unit == "ms":
        words = text.latency(value)
        return words if words.endswith("s") else f"{words} ms"
    return f"{text.rate(value)}{unit}" if unit else f"{value:,.0f}"


def _difference(look: Look, one: float | None, other: float | None, unit: str) -> Span:
    """In per cent of A; of shares the points. It is a difference, and no verdict."""
    if one is None or other is None:
        return look.signs.none, look.dim
    if unit == "share":
        points = (other - one) * 100
        return (f"{points:+.2f} points", look.text) if points else ("same", look.dim)
    if one == other:
        return "same", look.dim
    if not one:
        return f"{other - one:+,.0f}", look.text
    return f"{(other / one - 1) * 100:+,.1f} %", look.text


def _pictures(
    look: Look,
    both: list[RunView],
    stories: list[RunStory],
    now: float,
    width: int,
    height: int,
) -> list[Strip]:
    """The same figures of both in one scale each, from the start of each run on."""
    found = [lanes_of(story.seconds) for story in stories]
    names = [one.name for one in found[0] if one.name in {other.name for other in found[1]}]
    names = names[: max(1, (height - 2) // 2)]
    if not names or height < _LEAST:
        return []
    half = width // 2
    length = max((view.ended or now) - view.started for view in both)
    tall = max(1, (height - 2) // len(names))
    sides = [
        Axis(look, view.started, view.started + length, wide, now)
        for view, wide in zip(both, (half, width - half), strict=True)
    ]
    rows = [text.row([], width, look.text)]
    for name in names:
        lanes = [next(one for one in side if one.name == name) for side in found]
        known = [value for lane in lanes for _, value in lane.points if value is not None]
        top, worst = max(known), min(known)
        drawn = [
            axis.curve(replace(lane, top=top, worst=worst), tall, ())
            for axis, lane in zip(sides, lanes, strict=True)
        ]
        rows += [Strip.join(pair) for pair in zip(*drawn, strict=True)]
    rulers = [axis.ruler(ticks(axis.since, axis.until, axis.columns)) for axis in sides]
    return [*rows, Strip.join(rulers)]
