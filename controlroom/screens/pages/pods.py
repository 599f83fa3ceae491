"""What all pods of a deployment say, in one by time, followed."""

from __future__ import annotations

from collections.abc import Sequence

from rich.style import Style

from controlroom.feeds.pod_logs import PodLogs
from controlroom.model.frame import FLEET, Frame
from controlroom.model.pod_lines import Said, body_of, short_names
from controlroom.panes import text
from controlroom.screens.page import Below, Line, Many
from controlroom.screens.pages.filtering import FilterPage
from controlroom.targets.abilities import Target
from controlroom.targets.choosing import LOCAL

LINES = 200
"""Lines that each pod is asked for at once."""
NEAR, FAR = 1.0, 2.0
"""Seconds between two questions, to the local stack and to a cluster."""


class PodsPage(FilterPage):
    """Each line with the end of its pod's name, in a colour of that pod."""

    panel = FLEET
    source = "fleet"
    follows = True
    keys = (("/", "filter"), ("G", "follow"))

    def __init__(self, below: Below, deployment: str) -> None:
        super().__init__(below, "all pods")
        self.deployment = deployment
        self.every = FAR if below.frame().target != LOCAL else NEAR
        self._logs: PodLogs | None = None
        self._of: Target | None = None
        self._held: Sequence[Said] = ()
        self._seen: dict[str, None] = {}
        """Pods that were ever there, in the order in which they came."""

    def of(self, below: Below) -> PodsPage:
        """The same of another target."""
        return PodsPage(below, self.deployment)

    @property
    def command(self) -> str:
        """As on the command line."""
        return f"controlroom logs --deployment {self.deployment} --follow"

    async def load(self) -> None:
        """The last lines of the pods that there are now."""
        target = self.below.commands.where().target
        if self._logs is None or self._of is not target:
            self._logs, self._of = PodLogs(target, LINES), target
        await self._logs.turn(self._pods(self.below.frame()))
        self._seen |= dict.fromkeys(self._logs.said.pods)

    def head(self, frame: Frame, width: int) -> Sequence[Line]:
        """Who speaks, and how many lines fit."""
        look, signs = self.below.look, self.below.look.signs
        pods = self._pods(frame)
        names = short_names(list(self._seen))
        spans = [(f"{len(pods)} pods", look.text)]
        for pod in pods:
            if pod in names:
                spans += [(f" {signs.dot} ", look.dim), (names[pod], self._style(pod))]
        dropped = self._logs.said.dropped if self._logs is not None else 0
        older = f"{dropped:,} older lines are not kept" if dropped else ""
        fits = sum(one.told or self.needle.fits(body_of(one)) for one in self._every())
        found = f"{fits:,} of {len(self._every()):,} lines"
        return [Line(tuple(spans), ((older, look.dim),)), *self.prompt(found)]

    def texts(self, frame: Frame) -> Sequence[str]:
        """What is said in each row."""
        return [body_of(one) for one in self._fitting()]

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Those that fit, oldest first; what is told of a pod always does."""
        found = self._fitting()
        if not found:
            hint = "nothing here holds that text" if self.needle.text else "nothing was said yet"
            return [Line(((hint, self.below.look.dim),))]
        names = short_names(list(self._seen))
        wide = max((text.width_of(name) for name in names.values()), default=0)
        return Many(len(found), lambda n: self._line(found[n], names, wide))

    def _line(self, one: Said, names: dict[str, str], wide: int) -> Line:
        look, signs = self.below.look, self.below.look.signs
        at = (f"{text.moment(one.at)} ", look.dim)
        words = text.clean(body_of(one))
        if one.told:
            return Line((at, (f"{signs.away} {words}", look.warn)), copies=words)
        name = (f"{text.clean(names.get(one.pod, one.pod)):<{wide}} ", self._style(one.pod))
        spans = text.marked(words, self.needle.spots(words), look.text, look.badge)
        if not self.only:
            spans = [(f"{self.sign(body_of(one))} ", look.key), *spans]
        return Line((at, name, *spans), copies=one.line)

    def _style(self, pod: str) -> Style:
        """The colour of a pod, which it keeps."""
        colours = self.below.look.members
        place = list(self._seen).index(pod) if pod in self._seen else 0
        return colours[place % len(colours)]

    def _pods(self, frame: Frame) -> list[str]:
        fleet = frame[FLEET].value
        pods = fleet.pods if fleet is not None else ()
        return [pod.name for pod in pods if pod.deployment == self.deployment]

    def _every(self) -> Sequence[Said]:
        """All lines; while one is chosen those that were there then, so that it stays chosen."""
        if self.following or not self._held:
            self._held = tuple(self._logs.said.lines) if self._logs is not None else ()
        return self._held

    def _fitting(self) -> list[Said]:
        return [one for one in self._every() if one.told or self.passes(body_of(one))]
