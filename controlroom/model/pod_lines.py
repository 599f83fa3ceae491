"""What several pods say, in one, by the time that each line has."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from controlroom.model.pod_line import readable

KEPT = 2_000
"""Lines that are kept together at most; the oldest go."""
_STREAM = re.compile(r"\[[\w.-]+\] |[\w.-]+: ")
"""How a line begins that says which container of the pod it is of."""
_TIME = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:?\d\d)?")


@dataclass(frozen=True, slots=True)
class Said:
    """One line of one pod."""

    at: float
    """Seconds since the epoch. A line without a time has that of the one before it."""
    pod: str
    line: str
    """As the pod wrote it."""
    told: bool = False
    """Whether it is said of the pod, and not by it: that it came, went, or was not seen."""


class PodLines:
    """The newest lines of some pods. Each pod is asked for its last lines again and again; what is
    new of them is found by what they had before."""

    def __init__(self, most: int = KEPT) -> None:
        self.lines: list[Said] = []
        """By time, at most `most` of them."""
        self.dropped = 0
        """How many went because there were too many."""
        self._most = most
        self._before: dict[str, dict[str, list[str]]] = {}
        self._latest: dict[str, float] = {}

    @property
    def pods(self) -> tuple[str, ...]:
        """Those that are there, in the order in which they came."""
        return tuple(self._before)

    def take(self, pod: str, tail: Sequence[str], now: float, full: bool = False) -> list[Said]:
        """Takes a pod's last lines; answers those that are new, by their time. `full`: there may be
        older ones that were not given."""
        before = self._before.get(pod)
        fresh: list[Said] = []
        for name, lines in _streams(tail).items():
            old = (before or {}).get(name, [])
            new = _after(old, lines)
            if old and len(new) == len(lines):
                words = "some lines are not shown" if full else "its log begins anew"
                fresh.append(self._note(pod, words, now))
            fresh += [self._said(pod, line, now) for line in new]
        self._before[pod] = _streams(tail)
        return self._keep(fresh)

    def settle(self, pods: Sequence[str], now: float) -> list[Said]:
        """Which pods there are now; answers what is told of those that went and came."""
        first = not self._before and not self.lines
        gone = [pod for pod in self._before if pod not in pods]
        for pod in gone:
            del self._before[pod]
            self._latest.pop(pod, None)
        came = [pod for pod in pods if pod not in self._before]
        for pod in came:
            self._before[pod] = {}
        told = [self._note(pod, "is gone", now) for pod in gone]
        if not first:
            told += [self._note(pod, "is there now", now) for pod in came]
        return self._keep(told)

    def note(self, pod: str, words: str, now: float) -> list[Said]:
        """Puts what is said of a pod among the lines; answers it."""
        return self._keep([self._note(pod, words, now)])

    def _said(self, pod: str, line: str, now: float) -> Said:
        at = time_of(line)
        if at is None:
            at = self._latest.get(pod, now)
        self._latest[pod] = at
        return Said(at, pod, line)

    def _note(self, pod: str, words: str, now: float) -> Said:
        return Said(now, pod, f"{pod} {words}", told=True)

    def _keep(self, fresh: list[Said]) -> list[Said]:
        fresh.sort(key=lambda one: one.at)
        self.lines += fresh
        # stable, and quick where most of it is in order
        self.lines.sort(key=lambda one: one.at)
        more = max(0, len(self.lines) - self._most)
        del self.lines[:more]
        self.dropped += more
        return fresh


def time_of(line: str) -> float | None:
    """When the line was written, as it says itself: `at` of JSON, or a date at its beginning."""
    stream = _STREAM.match(line)
    body = line[stream.end() :] if stream else line
    words = ""
    if body.startswith("{"):
        try:
            found = json.loads(body)
        except ValueError:
            return None
        words = str(found.get("at", "")) if isinstance(found, dict) else ""
    time = _TIME.match(words or body.lstrip("["))
    if time is None:
        return None
    try:
        moment = datetime.fromisoformat(time[0].replace(",", "."))
    except ValueError:
        return None
    return moment.timestamp()


def body_of(one: Said) -> str:
    """What it says, without its time, as people read it."""
    if one.told:
        return one.line
    stream = _STREAM.match(one.line)
    before = stream[0] if stream else ""
    return before + readable(one.line[len(before) :], timed=False).replace("\t", "  ")


def short_names(pods: Sequence[str]) -> dict[str, str]:
    """Pod -> the end of its name that tells it from the others; all of it where none does."""
    ends = {pod: pod.rpartition("-")[2] for pod in pods}
    twice = {end for end in ends.values() if list(ends.values()).count(end) > 1}
    return {pod: pod if end in twice else end for pod, end in ends.items()}


def _streams(tail: Sequence[str]) -> dict[str, list[str]]:
    """The lines of each container, in their order."""
    found: dict[str, list[str]] = {}
    for line in tail:
        stream = _STREAM.match(line)
        found.setdefault(stream[0] if stream else "", []).append(line)
    return found


def _after(old: Sequence[str], new: Sequence[str]) -> Sequence[str]:
    """What of the new lines comes after the old ones; all where they have nothing in common."""
    for start in range(len(old)):
        common = len(old) - start
        if common <= len(new) and old[start:] == new[:common]:
            return new[common:]
    return new
