"""The story of a run, read from its folder again and again: only what is new is read."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from controlroom.model.run import RunView
from controlroom.model.story import Block, Plan, RunStory, Second, Stretch, Verdict
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.runs.folder import RunFolder
from controlroom.runs.registry import kind_of

MOST = 8 << 20
"""Bytes of one file that are read in one look; the rest follows with the next."""
EVENTS = 50
"""Newest lines of the journal that are told."""
SAMPLES, BLOCKS, JOURNAL = "samples.jsonl", "blocks.jsonl", "journal.jsonl"
SECONDS, OPEN = "seconds.jsonl", "arrivals/seconds.jsonl"
"""Of a closed and of an open load."""
FILES = (SAMPLES, SECONDS, OPEN, BLOCKS, JOURNAL)
Line = Mapping[str, Any]


class Tail:
    """The whole lines of a file that were added since the last look."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = 0

    def new(self) -> Iterator[Line]:
        """Each as it was written; what is cut off comes when it is whole, and what is no JSON
        object is passed over."""
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                text = file.read(MOST)
        except OSError:
            return
        text = text[: text.rfind(b"\n") + 1]
        self._at += len(text)
        for line in text.splitlines():
            try:
                found = json.loads(line)
            except ValueError:
                continue
            if isinstance(found, dict):
                yield found


class StoryReader:
    """Reads one run. A line that cannot be used is left out, whoever wrote it."""

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._tails = {name: Tail(folder.path / name) for name in FILES}
        self._seconds: list[Second] = []
        self._phases: list[Stretch] = []
        self._faults: dict[str, Stretch] = {}
        self._blocks: list[Block] = []
        self._events: list[tuple[float, str]] = []
        self._asked: Line = {}
        self._plan: Plan | None = None
        self._ended: float | None = None
        self._story: RunStory | None = None
        self._final = False

    def read(self, view: RunView) -> RunStory:
        """As it stands; the same object where nothing is new."""
        if self._story is not None and self._final:
            return self._story
        if not self._asked:
            self._begin()
        self._take(JOURNAL, self._event)
        self._take(SAMPLES, lambda line: self._seconds.append(_second(line)))
        for name in (SECONDS, OPEN):
            self._take(name, lambda line: self._seconds.append(_load_second(line)))
        self._take(BLOCKS, lambda line: self._blocks.append(_block(line)))
        self._end_faults()
        result = self._folder.read_result() or {}
        told = RunStory(
            self._folder.id,
            str(self._asked.get("command", "")),
            tuple(self._seconds),
            tuple(self._phases),
            tuple(self._faults.values()),
            tuple(self._blocks),
            self._plan,
            tuple(_verdicts(result)),
            _lines(view, result),
            tuple(self._events[-EVENTS:]),
        )
        if self._story == told:
            self._final = not view.active
        else:
            self._story = told
        return self._story

    def _begin(self) -> None:
        try:
            asked = self._folder.read_asked()
        except (OSError, ValueError):
            return
        self._asked = asked if isinstance(asked, dict) else {"command": ""}
        if self._asked.get("kind") == ExperimentSpec.run_kind:
            try:
                self._plan = _plan(self._asked)
            except Exception:  # a plan of another version is shown without its phases
                self._plan = None

    def _take(self, name: str, keep: Callable[[Line], None]) -> None:
        for line in self._tails[name].new():
            try:
                keep(line)
            except (KeyError, TypeError, ValueError):
                continue

    def _event(self, line: Line) -> None:
        at, event = float(line["at"]), str(line["event"])
        if event in ("phase", "end") and self._phases and self._phases[-1].until is None:
            last = self._phases[-1]
            self._phases[-1] = Stretch(last.name, last.since, at, last.block, last.arm)
        if event == "phase":
            self._phases.append(Stretch(line["phase"], at, None, line["block"], line["arm"]))
            return
        if event == "injected":
            here = self._phases[-1] if self._phases else Stretch("", at, None)
            self._faults[line["run"]] = Stretch(line["name"], at, None, here.block, here.arm)
        if event == "end":
            self._ended = at
        words = ", ".join(
            str(value) for name, value in line.items() if name not in ("at", "event", "command")
        )
        self._events.append((at, f"{event} {words}".strip()))

    def _end_faults(self) -> None:
        """Each fault is a run of its own, which knows when it was over."""
        for run, fault in self._faults.items():
            if fault.until is not None:
                continue
            view = RunFolder(self._folder.path.with_name(run)).read_view()
            until = self._ended if view is None else view.ended
            if until is not None:
                self._faults[run] = Stretch(fault.name, fault.since, until, fault.block, fault.arm)


def _plan(asked: Line) -> Plan:
    from controlroom.experiments.format import read
    from controlroom.experiments.results import measured_phase

    plan = read(asked["plan"])
    load = plan.load
    return Plan(
        plan.title,
        tuple(arm.name for arm in plan.arms),
        tuple(asked["order"]),
        {name: seconds for name, seconds in plan.phases.seconds.items() if seconds},
        measured_phase(plan),
        tuple(plan.compare),
        f"{load.users} users" if load.users else f"{load.rate:g} requests/s on schedule",
    )


def _second(line: Line) -> Second:
    good, bad = line["good"], line["bad"]
    return Second(
        line["at"], good, good / (good + bad) if good + bad else None, line.get("p95"),
        line.get("lag"), line.get("golden_rps"), line.get("golden_success"),
        line.get("golden_p95"), line.get("lost"), line.get("doubled"),
    )  # fmt: skip


def _load_second(line: Line) -> Second:
    good, bad = line["answered"], line["failed"] + line.get("dropped", 0)
    return Second(line["t"] + 1.0, good, good / (good + bad) if good + bad else None, line["p95"])


def _block(line: Line) -> Block:
    own = ("place", "arm", "whole", "phases")
    more = {name: value for name, value in line.items() if name not in own}
    return Block(line["place"], line["arm"], line["whole"], line["phases"], more)


def _verdicts(result: Line) -> Iterator[Verdict]:
    found = result.get("comparisons")
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and "kind" in one and "sentence" in one:
            yield Verdict(one["kind"], str(one["sentence"]))


def _lines(view: RunView, result: Line) -> tuple[str, ...]:
    """The result for people."""
    try:
        return tuple(kind_of(view.kind).report(view, result))
    except Exception as error:  # what another version wrote, or nobody
        return (f"result.json cannot be told: {type(error).__name__}: {error}",)
