"""Reports as the feeds of a busy target make them, on a clock of the test's own."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from controlroom.model.board import Board
from controlroom.model.frame import (
    BOOKS,
    FLEET,
    GOLDEN,
    LOG,
    QUEUES,
    TALLIES,
    Frame,
    Key,
)
from controlroom.model.log import LogBatch
from controlroom.model.run import Runs
from controlroom.model.samples import Failed, NoData, Report, Sample
from controlroom.recordings.file import RecordingFile
from controlroom.recordings.format import Head
from tests.room import frames

Shown = TypeVar("Shown")
T0 = float(int(frames.NOW))
LOADED = frames.loaded()
PERIODS = {"tallies": 0.2, "log": 0.25, "runs": 0.25, "golden": 1.0}


def head(at: float = T0) -> Head:
    """Of a recording that begins then."""
    return Head(scenario="bands", title="Bands", target="local stack", started=at, periods=PERIODS)


def shown(key: Key[Shown]) -> Shown:
    """What a loaded room shows."""
    value = LOADED[key].value
    assert value is not None
    return value


def reports(seconds: float, every: float = 0.25) -> Iterator[Report]:
    """What the feeds say in so many seconds: a load, a fault, Prometheus away, a window without
    traffic, a target that does not answer."""
    tallies, books, fleet = shown(TALLIES), shown(BOOKS), shown(FLEET)
    golden, queues, view = shown(GOLDEN), shown(QUEUES), shown(LOG)
    for turn in range(int(seconds / every)):
        at = T0 + turn * every
        yield Sample("tallies", at, replace(tallies, total=tallies.total + turn))
        lines = tuple(replace(one, offset=turn * 9 + n) for n, one in enumerate(view.lines[:9]))
        yield Sample("log", at, LogBatch(lines, turn % 3, turn * 9))
        yield Sample("runs", at, _runs(turn * every))
        if turn % 4 == 0:
            away = 40 <= turn * every < 50
            yield (
                Failed("golden", at, "gone", "wait", at + 1)
                if away
                else (
                    NoData("golden", at) if turn % 100 == 0 else Sample("golden", at, golden, 30.0)
                )
            )
            yield Sample("queues", at, replace(queues, lag=turn % 500))
            yield Sample("books", at, books)
            pods = tuple(replace(pod, cpu=turn % 37 / 100) for pod in fleet.pods)
            yield (
                Failed("fleet", at, "denied", "ask", denied=True)
                if turn % 80 == 0
                else Sample("fleet", at, replace(fleet, pods=pods))
            )


def _runs(passed: float) -> Runs:
    load = replace(frames.load_run(int(passed) * 60), started=T0 + 1)
    chaos = replace(frames.chaos_run(), started=T0 + 20)
    if passed > 55:
        chaos = replace(chaos, state="finished", ended=T0 + 55)
    return Runs((load, chaos) if passed > 20 else (load,))


def written(path: Path, seconds: float, every: float = 0.25) -> dict[float, Frame]:
    """A recording of them; answers the frames that a live board made meanwhile, by moment."""
    board = Board("bands", "Bands", "local stack", periods=PERIODS)
    file = RecordingFile(path, head())
    live: dict[float, Frame] = {}
    last = T0
    for report in reports(seconds, every):
        if report.at > last:
            live[last + 0.1] = board.frame(last + 0.1)
            last = report.at
        board.apply(report)
        file.write(report)
    live[last + 0.1] = board.frame(last + 0.1)
    file.close()
    return live
