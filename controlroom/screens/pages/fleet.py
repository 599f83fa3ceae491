"""Who does the work: a deployment with its pods, and what one of them, or an engine, says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import BindingType

from controlroom.model.fleet import Deployment, Engine, Fleet, FleetEvent, Pod
from controlroom.model.frame import FLEET, Frame
from controlroom.model.pod_line import readable
from controlroom.panes import text
from controlroom.panes.fleet import cpu
from controlroom.panes.text import Span
from controlroom.screens.covering import HelpRow
from controlroom.screens.page import Below, Line, Page
from controlroom.screens.pages.filtering import FilterPage
from controlroom.screens.pages.parts import Cell, cells
from controlroom.targets.choosing import LOCAL

LINES = 500
"""Lines of a log that are asked for at once; a pod of the local stack keeps no more."""
NEAR, FAR = 1.0, 2.0
"""Seconds between two questions, to the local stack and to a cluster."""
_FIGURES = (-9, -5, -6, -6, -6)
_NAMES = ("ready", "rst", "cpu", "mem", "age")


def _row(
    name: str, figures: Sequence[str], state: Cell, page: Page, width: int
) -> tuple[Span, ...]:
    look = page.below.look
    label = max(14, min(44, width - 46))
    row = [(name, label, look.text)]
    row += [(words, wide, look.text) for words, wide in zip(figures, _FIGURES, strict=True)]
    return cells([*row, ("  ", 2, look.text), state], look)


class DeploymentPage(Page):
    """Its pods, the engines that they need, and what happened to them."""

    panel = FLEET
    keys = (("a", "all pods' log"),)
    BINDINGS: ClassVar[list[BindingType]] = [("a", "all_logs")]

    def __init__(self, below: Below, name: str) -> None:
        super().__init__(below, "fleet", name)
        self.deployment = name

    def of(self, below: Below) -> DeploymentPage:
        """The same of another target."""
        return DeploymentPage(below, self.deployment)

    @property
    def command(self) -> str:
        """As on the command line."""
        return "controlroom status"

    def action_all_logs(self) -> None:
        """What all its pods say, in one."""
        from controlroom.screens.pages.pods import PodsPage

        self.open(PodsPage(self.below, self.deployment))

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """How many are ready, and the names of the columns."""
        look, fleet = self.below.look, frame[FLEET].value
        item = _deployment(fleet, self.deployment)
        columns = _row("pod", _NAMES, ("", 0, look.dim), self, width)
        names = Line(tuple((words, look.dim) for words, _ in columns))
        if item is None:
            return [names]
        good = item.ready >= item.replicas
        bounds = "" if item.maximum is None else f", {item.minimum} to {item.maximum} by itself"
        said = f"{item.ready} of {item.replicas} ready{bounds}"
        trouble = f"  {text.clean(item.message)}" if item.message else ""
        style = look.good if good else look.warn
        sign = look.signs.live if good else look.signs.away
        return [Line(((f"{sign} ", style), (said, look.text), (trouble, look.warn))), names]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Pods, engines, events."""
        look, fleet = self.below.look, frame[FLEET].value
        if fleet is None:
            return []
        pods = [pod for pod in fleet.pods if pod.deployment == self.deployment]
        rows = [self._pod(pod, frame, width) for pod in pods]
        if not pods:
            rows.append(Line((("no pod runs", look.dim),)))
        if fleet.engines:
            rows += [Line(), Line((("engines", look.dim),))]
            rows += [self._engine(engine, frame, width) for engine in fleet.engines]
        names = (self.deployment, *(pod.name for pod in pods))
        events = [one for one in fleet.events if one.object.startswith(names)]
        rows += [Line(), Line((("events, newest first", look.dim),))]
        rows += [_event(one, self) for one in reversed(events)]
        if not events:
            rows.append(Line((("none of late", look.dim),)))
        return rows

    def _pod(self, pod: Pod, frame: Frame, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        said = pod.phase if pod.ready else pod.message or pod.phase
        figures = (
            "yes" if pod.ready else "no", str(pod.restarts), cpu(pod.cpu, none),
            text.size(pod.memory, none), text.span(frame.now - pod.started, none),
        )  # fmt: skip
        style = look.dim if pod.ready else look.warn
        row = _row(pod.name, figures, (said, max(10, width - 80), style), self, width)
        return Line(row, opens=lambda: PodPage(self.below, pod.name), copies=pod.name)

    def _engine(self, engine: Engine, frame: Frame, width: int) -> Line:
        look, none = self.below.look, self.below.look.signs.none
        age = none if engine.started is None else text.span(frame.now - engine.started, none)
        up = engine.state in ("ready", "external")
        figures = (
            "yes" if up else "no", str(engine.restarts), cpu(engine.cpu, none),
            text.size(engine.memory, none), age,
        )  # fmt: skip
        state = ("" if up else engine.message or engine.state, max(10, width - 80), look.warn)
        row = _row(engine.name, figures, state, self, width)
        return Line(row, opens=lambda: PodPage(self.below, engine.name), copies=engine.name)


class PodPage(FilterPage):
    """What a pod or an engine says, and what happened to it."""

    panel = FLEET
    source = "fleet"
    follows = True
    keys = (("/", "filter"), ("o", "life before"), ("v", "events"))
    BINDINGS: ClassVar[list[BindingType]] = [("o", "life"), ("v", "events")]

    @property
    def help_rows(self) -> Sequence[HelpRow]:
        """Also says where that is which `v` means elsewhere."""
        events = "its events, or what it says; clusters side by side are in the palette here"
        return [(key, events if key == "v" else words) for key, words in super().help_rows]

    def __init__(self, below: Below, name: str) -> None:
        super().__init__(below, name)
        self.pod = name
        self.previous = False
        self.events = False
        """Whether the events are shown, and not what it says."""
        self.every = FAR if below.frame().target != LOCAL else NEAR
        self._said: Sequence[str] = ()
        """The lines that are shown: where a row is chosen those that were there then."""
        self._newest: Sequence[str] = ()

    @property
    def command(self) -> str:
        """As on the command line."""
        return f"controlroom logs --pod {self.pod}" + (" --previous" if self.previous else "")

    async def load(self) -> None:
        """The last lines."""
        target = self.below.commands.where().target
        said = await target.pod_log(self.pod, LINES, self.previous)
        self._newest = [text.clean(readable(line).replace("\t", "  ")) for line in said]

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """How it is now."""
        look, signs, fleet = self.below.look, self.below.look.signs, frame[FLEET].value
        pod = next((p for p in fleet.pods if p.name == self.pod), None) if fleet else None
        engine = next((e for e in fleet.engines if e.name == self.pod), None) if fleet else None
        if pod is not None:
            style, word = (look.good, "ready") if pod.ready else (look.warn, pod.phase)
            facts = [word, f"{pod.restarts} restarts", f"age {text.span(frame.now - pod.started)}"]
            more, told = (pod.cpu, pod.memory), "" if pod.ready else pod.message
        elif engine is not None:
            style = look.good if engine.state in ("ready", "external") else look.warn
            facts = [engine.state, f"{engine.restarts} restarts"]
            more, told = (engine.cpu, engine.memory), engine.message
        else:
            gone = "gone: another pod has its place; o shows the life before of that one"
            return [Line(((f"{signs.away} {gone}", look.warn),))]
        facts += [f"cpu {cpu(more[0], signs.none)}", f"memory {text.size(more[1], signs.none)}"]
        words = f" {signs.dot} ".join(facts)
        which = "life before" if self.previous else "events" if self.events else "log"
        return [
            Line(((f"{signs.live} ", style), (words, look.text), (f"  {text.clean(told)}", style)),
                 ((which, look.accent),)),
            *self.prompt(self._found()),
        ]  # fmt: skip

    def _found(self) -> str:
        every = self._every()
        return f"{sum(map(self.needle.fits, every)):,} of {len(every):,} lines"

    def _every(self) -> Sequence[str]:
        if self.following or not self._said:
            self._said = self._newest
        return self._said

    def _fitting(self) -> list[str]:
        return [line for line in self._every() if self.passes(line)]

    def texts(self, frame: Frame) -> Sequence[str]:
        """What it says; an empty line cannot be chosen."""
        return [] if self.events else [line for line in self._fitting() if line.strip()]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """The log, or the events."""
        look, fleet = self.below.look, frame[FLEET].value
        if self.events:
            events = [one for one in fleet.events if one.object == self.pod] if fleet else []
            none = [Line((("nothing happened to it of late", look.dim),))]
            return [_event(one, self) for one in events] or none
        if not self._every():
            none_said = "no life before is known" if self.previous else "it has said nothing yet"
            return [Line(((none_said, look.dim),))]
        return [row for line in self._fitting() for row in self._wrapped(line, width)]

    def _wrapped(self, line: str, width: int) -> list[Line]:
        """A line of the log, in as many rows as it takes: what is cut off is what one looks for."""
        look, rows = self.below.look, list[Line]()
        spans = text.marked(line, self.needle.spots(line), look.text, look.badge)
        if not self.only:
            spans = [(f"{self.sign(line)} ", look.key), *spans]
            line = f"  {line}"
        for start in range(0, max(1, len(line)), max(20, width)):
            cut = _slice(spans, start, start + max(20, width))
            rows.append(Line(cut, copies="" if rows else line.strip()))
        return rows[:20]

    def action_life(self) -> None:
        """The life before the present one, or back."""
        self.previous, self.events = not self.previous, False
        self._said = self._newest = ()
        self.following, self._match = True, None
        self.answered = None
        self.action_again()

    def action_events(self) -> None:
        """What happened to it, or what it says."""
        self.events = not self.events
        self.draw()


def _slice(spans: Sequence[Span], start: int, end: int) -> tuple[Span, ...]:
    """The spans between two places of the text that they make."""
    cut, at = [], 0
    for words, style in spans:
        piece = words[max(0, start - at) : max(0, end - at)]
        if piece:
            cut.append((piece, style))
        at += len(words)
    return tuple(cut)


def _deployment(fleet: Fleet | None, name: str) -> Deployment | None:
    return next((one for one in fleet.deployments if one.name == name), None) if fleet else None


def _event(event: FleetEvent, page: Page) -> Line:
    look = page.below.look
    words = f"{text.clean(event.object)} {text.clean(event.reason)}: {text.clean(event.message)}"
    at = text.time_of_day(event.at)
    return Line(((f"{at} ", look.dim), (words, look.text)), copies=f"{at} {words}")
