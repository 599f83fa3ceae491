"""Two or more targets side by side: the same figure of each in one row, and the difference."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from controlroom.model.frame import BOOKS, FLEET, GOLDEN, OF_TARGET, QUEUES, Frame
from controlroom.model.marking import Marking


@dataclass(frozen=True, slots=True)
class SideRow:
    """One figure of every target; None where a target does not report it."""

    group: str
    name: str
    unit: str
    """`/s`, `ms`, `share`, `cores` or empty for a count."""
    values: tuple[float | None, ...]

    @property
    def difference(self) -> float | None:
        """The last one less the first one; None where either is not known."""
        first, last = self.values[0], self.values[-1]
        return None if first is None or last is None else last - first


@dataclass(frozen=True, slots=True)
class Side:
    """How one target is doing as a whole."""

    name: str
    live: int
    """Sources that can be relied on."""
    sources: int
    trouble: str
    """The first thing that is wrong; empty where nothing is."""
    marking: Marking = field(default_factory=Marking)


def side(frame: Frame) -> Side:
    """The head of one column."""
    states = [frame[key].health for key in OF_TARGET]
    wrong = next((health.error for health in states if health.error), "")
    return Side(frame.target, sum(h.ok for h in states), len(states), wrong, frame.marking)


def rows(frames: Sequence[Frame]) -> tuple[SideRow, ...]:
    """All rows that at least one target has something to say about."""
    found = (
        SideRow(group, name, unit, tuple(read(frame) for frame in frames))
        for group, name, unit, read in _questions(frames)
    )
    return tuple(row for row in found if any(value is not None for value in row.values))


Read = Callable[[Frame], float | None]
Question = tuple[str, str, str, Read]


def _questions(frames: Sequence[Frame]) -> Iterator[Question]:
    kept = [sample.books.pairs for frame in frames if (sample := frame[BOOKS].value)]
    told = [name for pairs in kept for column in zip(*pairs, strict=True) for name in column]
    for name in dict.fromkeys(told):
        yield "books", name, "", _book(name)
    yield "queue", "lag", "", _lag
    traffic = dict.fromkeys(
        (row.deployment, row.direction)
        for frame in frames
        if (golden := frame[GOLDEN].value)
        for row in golden.rows
    )
    for deployment, direction in traffic:
        for figure, unit in (("rps", "/s"), ("success", "share"), ("p95", "ms")):
            name = f"{deployment} {direction} {figure}"
            yield "traffic", name, unit, _golden(deployment, direction, figure)
    names = dict.fromkeys(
        one.name for frame in frames if (fleet := frame[FLEET].value) for one in fleet.deployments
    )
    for name in names:
        yield "fleet", f"{name} ready", "", _fleet(name, "ready")
        yield "fleet", f"{name} restarts", "", _fleet(name, "restarts")
        yield "fleet", f"{name} cpu", "cores", _fleet(name, "cpu")


def _book(name: str) -> Read:
    def read(frame: Frame) -> float | None:
        sample = frame[BOOKS].value
        found = None if sample is None else getattr(sample.books, name, None)
        return None if found is None else float(found)

    return read


def _lag(frame: Frame) -> float | None:
    queues = frame[QUEUES].value
    return None if queues is None else float(queues.lag)


def _golden(deployment: str, direction: str, figure: str) -> Read:
    def read(frame: Frame) -> float | None:
        golden = frame[GOLDEN].value
        for row in golden.rows if golden else ():
            if (row.deployment, row.direction) == (deployment, direction):
                value: float | None = getattr(row, figure)
                return value
        return None

    return read


def _fleet(name: str, figure: str) -> Read:
    def read(frame: Frame) -> float | None:
        fleet = frame[FLEET].value
        for one in fleet.deployments if fleet else ():
            if one.name == name:
                value = getattr(one, figure)
                return None if value is None else float(value)
        return None

    return read
