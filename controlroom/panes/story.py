"""One run by itself: what goes on, its figures over time, arms side by side, the verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from textual.strip import Strip

from controlroom.model.frame import Curve, Frame
from controlroom.model.run import Runs, RunView
from controlroom.model.story import Plan, RunStory, Second, Stretch
from controlroom.panes import text
from controlroom.panes.arms import arm_rows
from controlroom.panes.axis import Axis, Band, Lane, heights, lanes_of, ticks
from controlroom.panes.look import Look
from controlroom.panes.runs import ended_words, sign_of
from controlroom.panes.text import Span
from controlroom.runs.registry import kind_of, said
from host.durations import rounded

LEAST_AXIS, MOST_AXIS = 11, 34
"""Rows of the picture over time."""
_SHORT, _GROWS = 15.0, 1.3
"""Seconds of the shortest axis of what goes on, and how much longer the next one is."""
_SLACK = 1.0
"""Seconds after the end of a phase in which the next one may begin late."""
_WHOLE = -1
"""Stands for all blocks where one of them can be chosen."""


@dataclass
class Chosen:
    """What is looked at in a story."""

    block: int = _WHOLE
    """From 0; -1 is all of them."""

    def step(self, by: int, blocks: int) -> None:
        """Another block, or all of them beyond either end."""
        self.block = (self.block + 1 + by) % (blocks + 1) - 1


def story_rows(
    look: Look, frame: Frame, runs: Runs, run: str, chosen: Chosen, width: int, height: int
) -> list[Strip]:
    """All that is shown of it; may be longer than `height`, for which the plots are made."""
    view = runs.find(run)
    if view is None:
        words = f" There is no run {run} any more: only the newest are kept."
        return [text.row([(words, look.warn)], width, look.text)]
    story = runs.stories.get(run) or RunStory(run)
    head = _head(look, view, story, frame.now, width)
    arms = arm_rows(look, story, width) if story.plan else []
    found = _verdicts(look, view, story, width)
    tail = _tail(look, view, story, width)
    room = height - len(head) - len(arms) - len(found) - 1
    axis = _picture(
        look, frame, runs, view, story, chosen, width, min(MOST_AXIS, max(LEAST_AXIS, room))
    )
    return [*head, *axis, *arms, *found, *tail]


def _head(look: Look, view: RunView, story: RunStory, now: float, width: int) -> list[Strip]:
    sign, style = sign_of(look, view)
    title: list[Span] = [
        (f" {sign} ", style),
        (f"{view.kind} {view.id}  ", look.bright),
        (text.clean(view.title), look.text),
    ]
    rows = [text.row(title, width, look.text)]
    dot = f" {look.signs.dot} "
    words = [text.clean(ended_words(view))]
    if view.active:
        words += _now(view, story, now)
    else:
        words.append(f"lasted {rounded((view.ended or now) - view.started)}")
        if (figures := said(view)) and story.plan is None:
            words.append(text.clean(figures))
    rows.append(text.row([("   " + dot.join(words), style)], width, look.text))
    return rows


def _now(view: RunView, story: RunStory, now: float) -> list[str]:
    """What is going on, and how long it will take."""
    words = []
    phase = story.phase
    if story.plan is not None and phase is not None:
        words.append(f"block {phase.block + 1} of {len(story.plan.order)}")
        length = story.plan.phases.get(phase.name)
        since = max(0.0, now - phase.since)
        lasts = "" if length is None else f" of {length:g} s"
        going = f"{phase.name.replace('_', ' ')} {since:.0f} s{lasts}"
        over = length is not None and since > length + _SLACK
        words += [phase.arm, "waiting until the queue is empty" if over else going]
    elif figures := said(view):
        words.append(text.clean(figures))
    if (left := _left(view, story, now)) is not None:
        words.append(f"about {text.clock_left(left)} left")
    return words


def _left(view: RunView, story: RunStory, now: float) -> float | None:
    """Seconds until it is over: of an experiment by the pace of its blocks so far."""
    planned = None if view.ends_at is None else view.ends_at - now
    if story.plan is None or planned is None or not story.phases:
        return planned
    begun = list({one.block: one.since for one in reversed(story.phases)}.values())[::-1]
    blocks = len(story.plan.order)
    each = ((view.ends_at or now) - view.started) / blocks
    if len(begun) > 1:
        each = (begun[-1] - begun[0]) / (len(begun) - 1)
    return max(0.0, begun[-1] + each - now) + each * (blocks - len(begun))


def _picture(
    look: Look,
    frame: Frame,
    runs: Runs,
    view: RunView,
    story: RunStory,
    chosen: Chosen,
    width: int,
    height: int,
) -> list[Strip]:
    """Bands and curves over one axis, in exactly `height` rows where there is anything."""
    since, until = _edges(view, story, chosen, frame.now)
    axis = Axis(look, since, until, width, frame.now)
    faults = [*story.faults, *_others(runs, view)]
    lanes = lanes_of(story.seconds) or _of_room(frame.curves, since, until)
    if story.seconds and not any(lane.name == "lag" for lane in lanes):
        lanes += [lane for lane in _of_room(frame.curves, since, until) if lane.name == "lag"]
    above = [*_bands(axis, story), *_faults(axis, faults)]
    books = _books(axis, story)
    rows = height - len(above) - len(books) - 1
    if not lanes:
        none = "no figures second by second were kept of this run"
        none = "nothing measured yet" if view.active else none
        return [*above, text.row([(f"   {none}", look.dim)], width, look.text), _ruler(axis)]
    lanes = lanes[: max(1, rows)]
    shaded = [span for one in faults if (span := axis.span(one)) is not None]
    drawn: list[Strip] = []
    for lane, tall in zip(lanes, heights(lanes, rows), strict=True):
        drawn += axis.curve(lane, tall, shaded)
    return [*above, *drawn, *books, _ruler(axis)]


def _ruler(axis: Axis) -> Strip:
    return axis.ruler(ticks(axis.since, axis.until, axis.columns))


def _edges(view: RunView, story: RunStory, chosen: Chosen, now: float) -> tuple[float, float]:
    """From when to when; a block, or all of it.

    What goes on has an axis that is longer than it is now, and grows by steps: a picture that moves
    with every second is sent as a whole with every second.
    """
    mine = [one for one in story.phases if one.block == chosen.block]
    whole = story.plan is not None and view.ends_at is not None
    if mine:
        since, until = mine[0].since, mine[-1].until
        planned = sum(story.plan.phases.values()) if story.plan else _SHORT
    else:
        since, until = story.phases[0].since if story.phases else view.started, view.ended
        planned = (view.ends_at or 0.0) - since if whole else _SHORT
    if until is not None or not view.active:
        return since, until or view.ended or now
    length = max(_SHORT, planned)
    while since + length < now:
        length *= _GROWS
    return since, since + length


def _bands(axis: Axis, story: RunStory) -> list[Strip]:
    """A row of blocks, and below it one of phases, each with a sign of its own."""
    look = axis.look
    if not story.phases:
        return []
    fills = {
        "warm_up": (".", look.dim),
        "baseline": (look.signs.rule, look.text),
        "arming": (":", look.warn),
        "fault": (look.signs.bars[-1], look.bar),
        "recovery": ("~", look.good),
    }
    blocks, phases = [], []
    for place, several in groupby(story.phases, key=lambda one: one.block):
        mine = list(several)
        whole = Stretch(mine[0].arm, mine[0].since, mine[-1].until, place, mine[0].arm)
        if (span := axis.span(whole)) is not None:
            end = max(span[1] - 1, span[0] + 1)
            cut = (whole.arm[:length] for length in (12, 6, 4, 3))
            words = (f"{place + 1} {whole.arm}", *cut, f"{place + 1}", look.signs.down)
            tone = look.accent if place % 2 else look.bright
            blocks.append(Band((span[0], end), words, look.signs.across, tone))
        for one in mine:
            if (span := axis.span(_within(one, story.plan, axis.now))) is not None:
                fill, style = fills.get(one.name, ("?", look.dim))
                name = one.name.replace("_", " ")
                phases.append(Band(span, (name, fill), fill, style))
    now = story.phase
    arm = "" if now is None else now.arm[:7]
    return [axis.labels("arm", arm, blocks), axis.labels("phase", "", phases)]


def _within(one: Stretch, plan: Plan | None, now: float) -> Stretch:
    """The phase as long as it was planned: what follows the last one of a block is in none."""
    until, length = now if one.until is None else one.until, plan and plan.phases.get(one.name)
    if not length or until <= one.since + length + _SLACK:
        return one
    return replace(one, until=one.since + length)


def _others(runs: Runs, view: RunView) -> list[Stretch]:
    """Faults that others injected meanwhile."""
    end = view.ended
    return [
        Stretch(one.title, one.started, one.ended)
        for one in (*runs.runs, *runs.earlier)
        if kind_of(one.kind).injects and one.id != view.id and one.owner != view.id
        if one.started < (end or one.started + 1) and (one.ended or view.started) >= view.started
    ]


def _faults(axis: Axis, faults: Sequence[Stretch]) -> list[Strip]:
    look, signs = axis.look, axis.look.signs
    bands = []
    for one in sorted(faults, key=lambda it: it.since):
        if (span := axis.span(one)) is None:
            continue
        name = text.clean(one.name)
        words = (f"{signs.fault} {name}", signs.fault)
        bands.append(Band(span, words, signs.rule, look.bad))
        if one.until is not None and span[1] < axis.columns:
            bands.append(Band((span[1], span[1] + 1), (signs.good,), signs.good, look.good))
    if not bands:
        return []
    going = sum(one.until is None for one in faults)
    return [axis.labels("faults", f"{going} on" if going else "", bands)]


def _books(axis: Axis, story: RunStory) -> list[Strip]:
    """A cell for each stretch: nothing missed, how much is, or not known."""
    look = axis.look
    worst: dict[int, int | None] = {}
    for one in story.seconds:
        column = axis.column(one.at)
        if 0 <= column < axis.columns and (known := _missed(one)) is not None:
            worst[column] = max(worst.get(column) or 0, known)
    if not worst:
        return []
    step = max(1, round(1.6 / (2 * axis.step)))
    cells: list[Span] = []
    last: tuple[int, int] | None = None
    for column in range(axis.columns):
        if column in worst:
            last = (column, worst[column] or 0)
        value = last[1] if last is not None and column - last[0] < step else None
        cells.append(
            (" ", look.text) if value is None
            else (look.signs.dot, look.good) if not value
            else (str(value) if value < 10 else look.signs.fault, look.bad)
        )  # fmt: skip
    newest = next((m for one in reversed(story.seconds) if (m := _missed(one)) is not None), None)
    words = look.signs.none if newest is None else f"{newest} off"
    return [axis.row("books", words, cells, look.bad if newest else look.bright)]


def _missed(one: Second) -> int | None:
    """Events that are lost or doubled."""
    return None if one.lost is None or one.doubled is None else one.lost + one.doubled


def _of_room(curves: Sequence[Curve], since: float, until: float) -> list[Lane]:
    """What the room itself knows of that time, for a run that measures nothing."""
    names = {"rps": "rps", "success": "success", "p95": "p95", "lag": "lag"}
    units = {"success": "share", "p95": "ms"}
    found = []
    for curve in curves:
        points = [point for point in curve.points if since <= point[0] <= until]
        if curve.name in names and any(value is not None for _, value in points):
            unit = units.get(curve.name, "")
            found.append(Lane(names[curve.name], points, unit, curve.name))
    return found


def _verdicts(look: Look, view: RunView, story: RunStory, width: int) -> list[Strip]:
    """The verdict in its words; what has been found so far while it goes on."""
    if story.plan is None:
        return []
    if not story.verdicts:
        words = "one arm is compared with nothing" if len(story.plan.arms) < 2 else "none yet"
        return [text.row([(" verdict  ", look.title), (words, look.dim)], width, look.text)]
    rows: list[Strip] = []
    tones = {
        "faster": (look.signs.differs, look.bright),
        "no difference": ("=", look.good),
        "cannot tell": ("?", look.dim),
    }
    word = " so far  " if view.active else " verdict "
    for one in story.verdicts:
        sign, style = tones.get(one.kind, ("?", look.dim))
        for n, line in enumerate(text.wrapped(text.clean(one.sentence), max(20, width - 13))):
            lead = word if not rows else " " * len(word)
            rows.append(
                text.row(
                    [(lead, look.title), (f" {sign if n == 0 else ' '} ", style), (line, style)],
                    width, look.text,
                )
            )  # fmt: skip
    return rows


def _tail(look: Look, view: RunView, story: RunStory, width: int) -> list[Strip]:
    """What is below the picture: the result in lines, what happened, the equal command."""
    rows: list[Strip] = []

    def heading(words: str) -> None:
        rows.append(text.row([], width, look.text))
        rows.append(text.row([(f" {words}", look.title)], width, look.text))

    lines = [one for one in story.lines if one not in {v.sentence for v in story.verdicts}]
    if lines:
        heading("figures so far" if view.active else "figures")
        for line in lines:
            indent = "   " + " " * (len(line) - len(line.lstrip()))
            for part in text.wrapped(text.clean(line), max(20, width - len(indent) - 1)):
                rows.append(text.row([(indent + part, look.text)], width, look.text))
    if story.events:
        heading("what happened")
        for at, words in reversed(story.events):
            moment = f"   {text.time_of_day(at)}  "
            line = text.fit(text.clean(words), max(0, width - len(moment)), look.signs)
            rows.append(text.row([(moment, look.dim), (line, look.text)], width, look.text))
    if story.command:
        heading("the same again")
        for part in text.wrapped(text.clean(story.command), max(20, width - 4)):
            rows.append(text.row([(f"   {part}", look.accent)], width, look.text))
    return rows
