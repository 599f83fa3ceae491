"""Fleet: deployments with their pods, engines, and the lag of the queue."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType
from textual.strip import Strip

from controlroom.model.fleet import Deployment, Engine, Fleet, FleetEvent, Pod
from controlroom.model.frame import FLEET, QUEUES, Frame
from controlroom.model.queues import QueueLag
from controlroom.model.trouble import UP, engine_up
from controlroom.panes import text
from controlroom.panes.links import link_rows
from controlroom.panes.look import Look
from controlroom.panes.pane import Pane, Title
from controlroom.panes.sorting import Cell, Order
from controlroom.panes.text import Span
from scenarios.limits import Grade

_READY, _RESTARTS, _CPU, _MEMORY, _AGE = 7, 4, 6, 6, 5
_FIGURES = _READY + _RESTARTS + _CPU + _MEMORY + _AGE
_REMARK = 8
"""Cells that what is remarked of a row takes at least."""
_GAP = 1
_FRESH = 30.0
"""Seconds that a scaled or restarted deployment is pointed out."""


def cpu(cores: float | None, none: str) -> str:
    """Cores as per cent of one core."""
    return none if cores is None else f"{cores * 100:.0f}%"


class FleetPane(Pane):
    """Who does the work."""

    pane_id = "fleet"
    key = FLEET
    engine = "fleet"
    command = "controlroom status"
    keys = (("↑ ↓", "choose the deployment that s scales and R restarts"),)
    BINDINGS: ClassVar[list[BindingType]] = [
        ("up", "choose(-1)"),
        ("down", "choose(1)"),
        ("k", "choose(-1)"),
        ("j", "choose(1)"),
    ]
    chosen = ""
    """Which deployment `s` scales, by its name, so that it stays chosen where others go past it;
    empty: the first."""
    _longest = 16
    """Cells that the longest name needs."""

    def __init__(self, look: Look) -> None:
        super().__init__(look)
        self.order: Order = Order("deployment", "ready", "rst", "cpu", "mem", "age")

    @property
    def deployment(self) -> Deployment | None:
        """The one that is chosen."""
        fleet = self.frame[FLEET].value if self.frame else None
        listed = [] if fleet is None else self._sorted(fleet)
        named = (each for each in listed if each.name == self.chosen)
        return next(named, listed[0] if listed else None)

    def _sorted(self, fleet: Fleet) -> list[Deployment]:
        return self.order.sorted(fleet.deployments, _cell)

    def basis(self, frame: Frame) -> tuple[object, ...]:
        """The queue too, and the ages of what runs."""
        queues, clock = frame[QUEUES], int(frame.now)
        return (*super().basis(frame), queues.value, queues.health, frame.rates.lag, clock)

    def title(self, frame: Frame, width: int) -> Title:
        return Title("fleet", self.age_text(frame))

    def action_choose(self, step: int) -> None:
        """Chooses the deployment before or after."""
        fleet = self.frame[FLEET].value if self.frame else None
        now = self.deployment
        if fleet is not None and now is not None:
            listed = self._sorted(fleet)
            self.chosen = listed[(listed.index(now) + step) % len(listed)].name
            self.redraw()

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        fleet = frame[FLEET].value
        assert fleet is not None
        lag = lag_rows(frame, self.look, width)
        room = height - len(lag)
        self._longest = 1 + _longest(fleet, len(fleet.pods) < room)
        rows = [self._header(width)]
        listed = self._sorted(fleet)
        spare = room - len(rows) - len(listed)
        if spare >= len(fleet.pods):
            spare -= len(fleet.pods)
            rows += self._with_pods(fleet, listed, frame, width)
        else:
            rows += [self._deployment(each, width) for each in listed]
        rows += self._engines(fleet, frame, width, spare)
        spare = room - len(rows)
        rows += link_rows(fleet.links, self.look, width)[: max(0, spare)]
        spare = room - len(rows)
        for note in fleet.notes[: max(0, spare)]:
            words = f"{self.look.signs.away} {text.clean(note)}"
            rows.append(text.row([(words, self.look.warn)], width, self.look.text))
        spare = room - len(rows)
        if spare > 2:
            rows += [text.row([], width, self.look.text)]
            rows += [self._event(e, frame.now, width) for e in fleet.events[-(spare - 1) :]]
        rows = rows[:room] + [text.row([], width, self.look.text)] * (room - len(rows))
        return [*rows, *lag]

    def _header(self, width: int) -> Strip:
        name, *figures = (self.order.head(each, self.look.signs) for each in self.order.columns)
        return self._line(
            [(name, self.look.dim)],
            tuple(figures),
            [],
            width,
            self.look.dim,
        )

    def _line(
        self, name: list[Span], cells: tuple[str, ...], after: list[Span], width: int, style: object
    ) -> Strip:
        look = self.look
        figure = look.dim if style is look.dim else look.text
        label = max(12, min(self._longest, width - _FIGURES - _GAP - _REMARK))
        told = list(zip(cells, (_READY, _RESTARTS, _CPU, _MEMORY, _AGE), strict=True))
        if not cells[0]:  # a pod or an engine: its name may have the first column too
            label += told.pop(0)[1]
        *signs, (words, last) = name
        used = sum(text.width_of(part) for part, _ in signs)
        words = text.fit(words, label - used, look.signs)
        cut = text.row([*signs, (words, last)], label, look.text)
        figures = "".join(text.right(cell, size) for cell, size in told) + " " * _GAP
        after = text.fitted(after, width - label - len(figures), look.signs)
        return Strip.join([cut, text.row([(figures, figure), *after], width - label, look.text)])

    def _deployment(self, item: Deployment, width: int) -> Strip:
        look, signs = self.look, self.look.signs
        picked = self.has_focus and item is self.deployment
        bounds = "" if item.maximum is None else f"..{item.maximum}"
        ready = f"{item.ready}/{item.replicas}{bounds}"[:_READY]
        after: list[Span] = []
        if item.ready < item.replicas:
            grade = Grade.DEGRADED if item.ready else Grade.BROKEN
            down = f"{signs.of(grade)} {item.replicas - item.ready} down"
            after = [(down, look.of(grade))]
        elif item.age is not None and item.age < _FRESH:
            after = [(f"{signs.up} new", look.accent)]
        mark = signs.run if picked else " "
        name: list[Span] = [
            (f"{mark} " if self.has_focus else "", look.key),
            (text.clean(item.name), look.bright if picked else look.text),
        ]
        cells = (
            ready,
            str(item.restarts),
            cpu(item.cpu, signs.none),
            text.size(item.memory, signs.none),
            text.span(item.age, signs.none),
        )
        return self._line(name, cells, after, width, look.text)

    def _with_pods(
        self, fleet: Fleet, listed: Sequence[Deployment], frame: Frame, width: int
    ) -> list[Strip]:
        rows: list[Strip] = []
        for item in listed:
            rows.append(self._deployment(item, width))
            rows += [self._pod(p, frame, width) for p in fleet.pods if p.deployment == item.name]
        return rows

    def _pod(self, pod: Pod, frame: Frame, width: int) -> Strip:
        look, signs = self.look, self.look.signs
        sign, style = (signs.live, look.good) if pod.ready else (signs.degraded, look.warn)
        after: list[Span] = []
        if not pod.ready:
            after = [(text.clean(pod.message or pod.phase).lower(), look.warn)]
        cells = (
            "",
            str(pod.restarts),
            cpu(pod.cpu, signs.none),
            text.size(pod.memory, signs.none),
            text.span(frame.now - pod.started, signs.none),
        )
        named = look.dim if pod.ready else look.warn
        name: list[Span] = [(f"  {sign} ", style), (text.clean(pod.name), named)]
        return self._line(name, cells, after, width, look.dim)

    def _engines(self, fleet: Fleet, frame: Frame, width: int, room: int) -> list[Strip]:
        """One row each where there is space, otherwise all in one."""
        look = self.look
        if not fleet.engines or room < 1:
            return []
        if room > len(fleet.engines):
            rows = [self._engine(engine, frame, width) for engine in fleet.engines]
            return [text.row([("engines", look.dim)], width, look.text), *rows]
        bad = [engine for engine in fleet.engines if not engine_up(engine)]
        ready = len(fleet.engines) - len(bad)
        spans: list[Span] = []
        for engine in bad:
            full = engine.disk is not None and engine.disk.full
            words = f"{look.signs.fault} {engine.name} {'disk full' if full else engine.state}  "
            spans.append((text.clean(words), look.bad))
        sign = f"{look.signs.live} " if not bad else ""
        words = f"{ready} engine{'s' if ready != 1 else ''} ready"
        spans += [(sign, look.good), (words, look.text if not bad else look.dim)]
        return [text.row(text.fitted(spans, width, look.signs), width, look.text)]

    def _state(self, engine: Engine) -> Span:
        signs = self.look.signs
        return (signs.live, self.look.good) if engine_up(engine) else (signs.fault, self.look.bad)

    def _engine(self, engine: Engine, frame: Frame, width: int) -> Strip:
        look, none = self.look, self.look.signs.none
        started = None if engine.started is None else frame.now - engine.started
        up = engine.state in UP
        after = self._disk(engine) if up else [(text.clean(engine.state), look.bad)]
        cells = (
            "",
            str(engine.restarts),
            cpu(engine.cpu, none),
            text.size(engine.memory, none),
            text.span(started, none),
        )
        name: list[Span] = [self._state(engine), (f" {text.clean(engine.name)}", look.text)]
        return self._line(name, cells, after, width, look.text)

    def _disk(self, engine: Engine) -> list[Span]:
        """What it takes on its disk, or that there is no more."""
        if engine.disk is None:
            return []
        if engine.disk.full:
            return [("disk full", self.look.bad)]
        return [(f"{text.size(engine.disk.used)} disk", self.look.dim)]

    def _event(self, event: FleetEvent, now: float, width: int) -> Strip:
        """How long ago, to what, what and why."""
        look = self.look
        words = f"{text.clean(event.object)} {text.clean(event.reason)} {text.clean(event.message)}"
        age = f"{text.span(now - event.at):>4} ago  "
        cut = text.fit(words, max(0, width - len(age)), look.signs)
        return text.row([(age, look.dim), (cut, look.text)], width, look.text)


def _cell(item: Deployment, column: str) -> Cell:
    """What of a deployment is sorted by; of `ready` the share."""
    if column == "deployment":
        return item.name
    if column == "ready":
        return item.ready / item.replicas if item.replicas else 1.0
    figures = {"rst": item.restarts, "cpu": item.cpu, "mem": item.memory, "age": item.age}
    return figures[column]


def _longest(fleet: Fleet, pods: bool) -> int:
    """Cells of the longest name with the signs before it."""
    names = [each.name for each in fleet.deployments]
    names += [each.name[_READY - 2 :] for each in fleet.pods if pods]
    return max([2 + text.width_of(text.clean(name)) for name in names], default=12)


def lag_rows(frame: Frame, look: Look, width: int) -> list[Strip]:
    """Two rows about the queue: where it stands, and when it is drained."""
    signs, health = look.signs, frame[QUEUES].health
    queues = frame[QUEUES].value
    if queues is None or not (health.ok or health.state == "stale"):
        word = f"kafka: {health.state}" + (f" ({text.clean(health.error)})" if health.error else "")
        style = look.dim if health.state == "connecting" else look.warn
        last = "" if queues is None else f"lag {queues.lag:,}, {text.age(_age(frame))} old"
        return [
            text.row([(line, style)], width, look.text) for line in (word, last or health.fix or "")
        ]
    if queues.parts:
        listed: list[Span] = [
            ("queues  ", look.dim),
            (_parts(queues.parts, look, width), look.text),
        ]
        first = text.row(listed, width, look.text)
        return [first, _lag_row(frame, look, width, queues.lag)]
    if not queues.partitions:
        waits: list[Span] = [(f"{queues.title}  ", look.dim), ("nothing waits in it", look.text)]
        return [text.row(line, width, look.text) for line in (waits, [])]
    members = signs.none if queues.members is None else str(queues.members)
    place = f"{queues.partitions} partitions {signs.dot} {members} members"
    if queues.told_by:
        place += f" {signs.dot} lag by {queues.told_by}"
    told: list[Span] = [(f"{queues.title}  ", look.dim), (place, look.text)]
    return [text.row(told, width, look.text), _lag_row(frame, look, width, queues.lag)]


def _parts(parts: Sequence[QueueLag], look: Look, width: int) -> str:
    """What waits in each of several queues, and how many receive where there is room for it."""
    signs = look.signs
    waits = [f"{part.name} {f'{part.lag:,}' if part.partitions else signs.none}" for part in parts]
    shared = [f" ({part.members} members)" if part.members else "" for part in parts]
    whole = f" {signs.dot} ".join(map("".join, zip(waits, shared, strict=True)))
    return whole if text.width_of(whole) + 8 <= width else f" {signs.dot} ".join(waits)


def _lag_row(frame: Frame, look: Look, width: int, lag: int) -> Strip:
    signs, trend = look.signs, frame.rates.lag
    spans: list[Span] = [("lag", look.dim), (text.right(f"{lag:,}", 11), look.bright)]
    if trend is None or abs(trend) < 1:
        spans.append((f"   {signs.flat} steady" if lag else "", look.dim))
    elif trend > 0:
        spans.append((f"   {signs.up} +{trend:,.0f}/s", look.warn))
    else:
        spans.append((f"   {signs.down_trend} {signs.minus}{-trend:,.0f}/s", look.good))
        if lag:
            spans.append((f"   drained in {_seconds(lag / -trend + 1)}", look.dim))
    if not lag:
        spans.append(("   nothing waits", look.dim))
    return text.row(spans, width, look.text)


def _seconds(seconds: float) -> str:
    return f"{int(seconds)} s" if seconds < 60 else text.span(seconds)


def _age(frame: Frame) -> float | None:
    return frame[QUEUES].age(frame.now)
