"""Is it healthy, and if not, why: one word for everything that a frame holds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from controlroom.model.fleet import Engine, Fleet
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, OF_TARGET, QUEUES, RUNS, Frame
from controlroom.model.health import Health
from scenarios.limits import Grade

Word = Literal["connecting", "healthy", "degraded", "broken"]
ENGINES = {
    "tallies": "redis",
    "books": "books",
    "golden": "prometheus",
    "fleet": "fleet",
    "queues": "kafka",
    "log": "mongo",
    "runs": "runs",
}
"""Panel -> how its source is called."""
DETAILS = ("routes",)
"""Panels that a source feeds which another panel stands for."""
_OBSERVERS = ("golden", "runs")
"""Without these less is seen, and nothing else is worse."""
UP = ("ready", "external")
"""States of an engine that serves."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One thing that is wrong."""

    grade: Grade
    words: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The word, and what is wrong, the worst first."""

    word: Word
    troubles: tuple[Trouble, ...] = ()

    @property
    def grade(self) -> Grade:
        """Of the worst."""
        return self.troubles[0].grade if self.troubles else Grade.GOOD


def judged(frame: Frame) -> Verdict:
    """How the target is at this moment, by the limits of its frame."""
    found = [one for one in _troubles(frame) if one.grade]
    found.sort(key=lambda one: -one.grade)
    if found:
        return Verdict("broken" if found[0].grade is Grade.BROKEN else "degraded", tuple(found))
    waiting = any(frame[key].health.state == "connecting" for key in OF_TARGET)
    return Verdict("connecting" if waiting else "healthy")


def engine_up(engine: Engine) -> bool:
    """Whether an engine serves and has room on its disk."""
    return engine.state in UP and not (engine.disk is not None and engine.disk.full)


def _troubles(frame: Frame) -> Iterator[Trouble]:
    """In the order in which they matter, the good ones too."""
    yield from _books(frame)
    for name, panel in frame.panels.items():
        if name in DETAILS:
            continue
        yield _source(name, panel.health)
    fleet = frame[FLEET].value
    if fleet is not None and frame[FLEET].health.ok:
        yield from _fleet(fleet)
    yield from _traffic(frame)
    yield from _lag(frame)
    yield from _waits(frame)
    if frame.budget is not None and frame[GOLDEN].health.ok:
        burn = frame.budget.burn
        yield Trouble(frame.limits.burn.grade(burn), f"error budget burns {burn:.0f}x")
    runs = frame[RUNS].value
    if runs is not None and runs.left:
        yield Trouble(Grade.DEGRADED, f"{runs.left[0].title} left behind")


def _books(frame: Frame) -> Iterator[Trouble]:
    sample = frame[BOOKS].value
    if sample is None:
        return
    for figure in sample.books.figures:
        count = sample.books.value(figure.name)
        if figure.fault and count:
            yield Trouble(Grade.BROKEN, f"{count:,} {figure.label or figure.name}")


def _source(name: str, health: Health) -> Trouble:
    called = ENGINES.get(name, name)
    if health.state in ("live", "connecting"):
        return Trouble(Grade.GOOD, called)
    if health.state == "reconnecting":
        grade = Grade.DEGRADED if name in _OBSERVERS or name not in ENGINES else Grade.BROKEN
        return Trouble(grade, f"{called} away")
    return Trouble(Grade.DEGRADED, f"{called} {health.state}")


def _fleet(fleet: Fleet) -> Iterator[Trouble]:
    for engine in fleet.engines:
        if not engine_up(engine):
            full = engine.disk is not None and engine.disk.full
            yield Trouble(Grade.BROKEN, f"{engine.name} {'disk full' if full else engine.state}")
    for one in fleet.deployments:
        if one.ready < one.replicas:
            grade = Grade.DEGRADED if one.ready else Grade.BROKEN
            yield Trouble(grade, f"{one.name} {one.ready}/{one.replicas} ready")


def _traffic(frame: Frame) -> Iterator[Trouble]:
    golden = frame[GOLDEN].value
    if golden is None or not frame[GOLDEN].health.ok:
        return
    limits = frame.limits
    for row in golden.rows:
        if row.success is not None:
            share = f"{row.success * 100:.1f}" if row.success < 0.9995 else "99.9"
            yield Trouble(limits.success.grade(row.success), f"{row.deployment} success {share} %")
    for row in golden.rows:
        if row.direction == "inbound" and row.p95 is not None:
            grade = limits.p95.grade(row.p95)
            yield Trouble(grade, f"{row.deployment} p95 {_duration(row.p95)}")


def _lag(frame: Frame) -> Iterator[Trouble]:
    queues, trend = frame[QUEUES].value, frame.rates.lag
    if queues is None or not frame[QUEUES].health.ok:
        return
    grade = frame.limits.lag.grade(queues.lag)
    way = "" if trend is None or abs(trend) < 1 else " rising" if trend > 0 else " falling"
    if way == " falling":
        grade = min(grade, Grade.DEGRADED)
    yield Trouble(grade, f"lag {_count(queues.lag)}{way}")


def _waits(frame: Frame) -> Iterator[Trouble]:
    sample = frame[BOOKS].value
    if sample is None or not sample.queue_time or not frame[BOOKS].health.ok:
        return
    # of what was stored a while ago, while nothing comes any more
    if sample.books.in_flight and sample.queue_time.count:
        p99 = sample.queue_time.p99
        yield Trouble(
            frame.limits.queue_time.grade(p99), f"events wait {_duration(p99)} to be stored"
        )


def _count(number: float) -> str:
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if number >= size * 10:
            return f"{number / size:.0f}{unit}"
    return f"{number:,.0f}"


def _duration(ms: float) -> str:
    return f"{ms:.0f} ms" if ms < 1000 else f"{ms / 1000:.1f} s"
