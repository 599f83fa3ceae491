"""Two runs side by side: both over their time, what can be said of them, their figures."""

from __future__ import annotations

from dataclasses import replace

from textual.strip import Strip

from controlroom.model.frame import Frame
from controlroom.model.run import Runs, RunView
from controlroom.model.story import RunStory
from controlroom.panes import text
from controlroom.panes.axis import Axis, heights, lanes_of, ticks
from controlroom.panes.look import Look
from controlroom.panes.runs import ended_words, sign_of
from controlroom.panes.text import Span
from controlroom.reports import Document, Heading, Plot
from controlroom.reports.text import as_text

_LEAST, _MOST = 8, 20
"""Rows of the pictures."""


def pair_rows(
    look: Look,
    frame: Frame,
    runs: Runs,
    pair: tuple[str, str],
    told: Document | None,
    width: int,
    height: int,
) -> list[Strip]:
    """Names, what can be said and the figures, pictures; what is no longer there is said.

    `told` is the comparison, None while it is not known.
    """
    views = [runs.find(run) for run in pair]
    gone = [run for run, view in zip(pair, views, strict=True) if view is None]
    if gone:
        missing = f" There is no run {gone[0]} any more: only the newest are kept."
        return [text.row([(missing, look.warn)], width, look.text)]
    both = [view for view in views if view is not None]
    stories = [runs.stories.get(run) or RunStory(run) for run in pair]
    rows = [_title(look, letter, view, width) for letter, view in zip("AB", both, strict=True)]
    words = [] if told is None else _words(look, told, width)
    room = max(_LEAST, min(_MOST, height - len(rows) - len(words)))
    rows += _pictures(look, both, stories, frame.now, width, room)
    return [*rows, text.row([], width, look.text), *words]


def _words(look: Look, told: Document, width: int) -> list[Strip]:
    """The comparison without its plots, which the pictures are."""
    parts = [part for part in told.parts if not isinstance(part, Plot)]
    lines = as_text(replace(told, parts=parts), width - 2, not look.signs.braille).splitlines()
    headings = {part.text for part in parts if isinstance(part, Heading)}
    return [
        text.row(
            [(f" {text.clean(line)}", look.title if line in headings else look.text)],
            width, look.text,
        )
        for line in lines[3:]
    ]  # fmt: skip


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
    if not names:
        none = "   what both measured second by second is not kept"
        return [text.row([(none, look.dim)], width, look.text)]
    half = width // 2
    length = max((view.ended or now) - view.started for view in both)
    shown = [one for one in found[0] if one.name in names]
    sides = [
        Axis(look, view.started, view.started + length, wide, now)
        for view, wide in zip(both, (half, width - half), strict=True)
    ]
    rows = [text.row([], width, look.text)]
    for name, tall in zip(names, heights(shown, height - 2), strict=True):
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
