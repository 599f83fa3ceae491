"""All that the folder of a run holds, whatever a death or a full disk has left of it."""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from controlroom.arrivals.histogram import Histogram, intervals
from controlroom.arrivals.results import HISTOGRAM, SECONDS
from controlroom.ledger.seconds import Second, number, of_load, of_sample
from controlroom.model.run import RunState, RunView
from controlroom.runs.about import ABOUT
from controlroom.runs.experiment_spec import BLOCKS, PLAN, SAMPLES, ExperimentSpec
from controlroom.runs.folder import SPEC, RunFolder
from controlroom.runs.open_load import FOLDER
from controlroom.runs.pinning import NOTES
from controlroom.runs.spec import LoadSpec

Told = Mapping[str, Any]


@dataclass(frozen=True)
class Record:
    """One run. What cannot be read is empty, and named in `missing`."""

    path: Path
    view: RunView
    asked: Told
    about: Told
    plan: Told
    result: Told
    journal: list[Told]
    notes: list[Told]
    missing: list[str] = field(default_factory=list)
    """Sentences: what cannot be told, and why."""

    @property
    def id(self) -> str:
        """`r-0001`."""
        return self.path.name

    @property
    def kind(self) -> str:
        """Of its run: `load`, `chaos`, `split`, `experiment`, or one that was added."""
        return self.view.kind

    @property
    def is_experiment(self) -> bool:
        """Whether it has arms and blocks."""
        return self.kind == ExperimentSpec.run_kind

    @property
    def scenario(self) -> str:
        """Name of the scenario, where the run knows one."""
        return Path(str(self.asked.get("scenario") or "")).name

    @property
    def command(self) -> str:
        """The command line that does the same; empty where it is not known."""
        return str(self.asked.get("command") or "")

    @property
    def owner(self) -> str:
        """The run that began it."""
        return RunFolder(self.path).owner

    @property
    def ended(self) -> float:
        """When it was over, or was last heard of."""
        last = self.journal[-1].get("at") if self.journal else None
        return self.view.ended or number(last) or self.view.started

    @cached_property
    def blocks(self) -> list[Told]:
        """Blocks of an experiment that were begun, as their lines have them."""
        return [one for one in lines_of(self.path / BLOCKS) if isinstance(one.get("phases"), dict)]

    @cached_property
    def seconds(self) -> list[Second]:
        """What was measured second by second; empty for kinds that measure nothing so."""
        if self.is_experiment:
            found = [of_sample(one) for one in lines_of(self.path / SAMPLES)]
        elif self.kind == LoadSpec.run_kind:
            found = [of_load(one) for one in lines_of(self._measured / SECONDS)]
        else:
            return []
        return sorted((one for one in found if one is not None), key=lambda one: one.at)

    @property
    def whole_seconds(self) -> list[Second]:
        """Of a load: without the first and the last, of which it had a part only."""
        begun, ended = self.view.started, self.ended
        return [one for one in self.seconds if one.at >= begun and one.at + 1 <= ended]

    def latencies(self, since: float = -math.inf, until: float = math.inf) -> Histogram:
        """Of a load: all latencies of these seconds since the epoch, without loss."""
        whole = Histogram()
        with suppress(OSError):
            for start, one in _intervals(self._measured / HISTOGRAM):
                if since <= start < until:
                    whole.merge(one)
        return whole

    @property
    def _measured(self) -> Path:
        arrivals = self.path / FOLDER
        return arrivals if arrivals.is_dir() else self.path


def record_of(folder: RunFolder) -> Record:
    """Reads it. Never raises for what a file holds or lacks."""
    missing: list[str] = []
    asked = _object(folder.path / SPEC, missing, "what was asked")
    journal = lines_of(folder.path / "journal.jsonl")
    if not journal:
        missing.append("journal.jsonl holds nothing: what happened when is not known.")
    view = folder.read_view()
    result = _object(folder.path / "result.json")
    if view is None:
        missing.append("view.json cannot be read: the state is made of what else is there.")
        view = _guessed(folder, asked, result, journal)
    record = Record(
        path=folder.path,
        view=view,
        asked=asked,
        about=_object(folder.path / ABOUT),
        plan=_object(folder.path / PLAN) if view.kind == ExperimentSpec.run_kind else {},
        result=result,
        journal=journal,
        notes=[one for one in lines_of(folder.path / NOTES) if isinstance(one.get("text"), str)],
        missing=missing,
    )
    missing += _also_missing(record)
    return record


def lines_of(path: Path) -> list[Told]:
    """The whole lines of a file of JSON objects; a line that is none is passed over."""
    found: list[Told] = []
    with suppress(OSError), path.open("rb") as file:
        for line in file:
            with suppress(ValueError):
                one = json.loads(line)
                if isinstance(one, dict):
                    found.append(one)
    return found


def _object(path: Path, missing: list[str] | None = None, what: str = "") -> Told:
    with suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    if missing is not None:
        missing.append(f"{path.name} cannot be read: {what} is not known.")
    return {}


def _intervals(path: Path) -> list[tuple[float, Histogram]]:
    """Those that can be read: a line that a power cut has spoilt ends them."""
    found = []
    with suppress(ValueError, IndexError, KeyError, TypeError, zlib.error):
        for one in intervals(path):
            found.append(one)
    return found


def _guessed(folder: RunFolder, asked: Told, result: Told, journal: list[Told]) -> RunView:
    """A view of what is known without one."""
    states = [one.get("state") for one in journal if one.get("event") == "state"]
    over: tuple[RunState, ...] = ("finished", "failed", "stopped")
    last = (result.get("state"), *states[-1:])
    state: RunState = next((one for one in over if one in last), "lost")
    first = number(journal[0].get("at")) if journal else None
    try:
        started = first if first is not None else folder.path.stat().st_mtime
    except OSError:
        started = 0.0
    return RunView(
        id=folder.id,
        kind=str(asked.get("kind") or "unknown"),
        title=str(asked.get("command") or "it is not known what was asked"),
        state=state,
        started=started,
        ends_at=None,
        ended=number(result.get("ended")),
        bound=str(result.get("bound") or "its view cannot be read"),
    )


def _also_missing(record: Record) -> list[str]:
    found = []
    if not record.result and not record.view.active:
        found.append("result.json is missing: the run did not come to its end, or nobody kept it.")
    measures = record.is_experiment or record.kind == LoadSpec.run_kind
    if measures and not record.seconds:
        found.append("No second was kept: there is no course to draw.")
    if record.is_experiment:
        planned = record.result.get("planned") or len(record.plan.get("order") or ())
        whole = sum(bool(one.get("whole", True)) for one in record.blocks)
        if planned and whole < planned:
            found.append(f"{whole} of {planned} blocks are whole; the others are in no verdict.")
    back = record.result.get("recovery")
    if isinstance(back, dict) and back.get("recounted") is False and not record.owner:
        found.append(
            "Documents were not counted anew: of those that are gone, some may not be in lost."
        )
    if not record.about and not record.plan and not record.owner:
        found.append("about.json is missing: versions, machine and person are not known.")
    return found
