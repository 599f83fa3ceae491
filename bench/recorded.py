"""What recordings cost: `python -m bench.recorded`. Nothing is asserted.

The reports are those of the shipped recording, a stack under 80 requests/s with a fault. CPU is
that of the process, the recorder's thread with it, over the seconds that the recording covers.
"""

from __future__ import annotations

import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from bench.running_stack import print_machine
from controlroom.cli.demo import FILE
from controlroom.model.samples import Report
from controlroom.recordings.file import RecordingFile
from controlroom.recordings.format import decode_value, report_of
from controlroom.recordings.kept import Kept
from controlroom.recordings.past import curves_of
from controlroom.recordings.player import Player
from controlroom.recordings.reader import Recording
from controlroom.recordings.recorder import Recorder, Sink

HOURS = 6


def demo() -> tuple[list[Report], float]:
    """Its reports, and the seconds that they cover."""
    recording, found = Recording(FILE), []
    values: dict[str, object] = {}
    for line, before in recording.lines():
        if not (line.same or line.empty or line.error is not None):
            values[line.source] = decode_value(line.source, line.value)
        if not before:
            found.append(report_of(line, values.get(line.source)))
    return found, recording.last - recording.first


def repeated(reports: list[Report], seconds: float, wanted: float) -> Iterator[Report]:
    """The same again and again, until so many seconds are covered."""
    for turn in range(int(wanted // seconds)):
        for report in reports:
            yield replace(report, at=report.at + turn * seconds)


def costs(sink: Sink, reports: Iterator[Report]) -> float:
    """Seconds of CPU to record them."""
    given = list(reports)
    before = time.process_time()
    recorder = Recorder(sink)
    for number, report in enumerate(given):
        recorder.put(report)
        if number % 1000 == 999:  # as the disk gets them, and not all at once
            time.sleep(1.1)
    recorder.close(60)
    return time.process_time() - before


def figures() -> None:
    """The table."""
    reports, seconds = demo()
    minutes = 10 * 60
    with tempfile.TemporaryDirectory() as folder:
        head = Recording(FILE).head
        whole = Path(folder) / "whole.crec"
        all_of_it = costs(RecordingFile(whole, head), repeated(reports, seconds, minutes))
        kept = Path(folder) / "kept"
        thinned = costs(
            Kept(kept, lambda at: head, HOURS, 1 << 40), repeated(reports, seconds, minutes)
        )
        hourly = 3600 / (minutes // seconds * seconds)
        size = sum(one.stat().st_size for one in kept.glob("*.crec"))
        print("\nRecordings\n\n| what | CPU, share of a core | MB an hour |\n|---|---:|---:|")
        share = hourly / 3600
        for what, cpu, used in (
            ("all, as `record`", all_of_it, whole.stat().st_size),
            ("kept by itself", thinned, size),
        ):
            print(f"| {what} | {cpu * share:.3%} | {used * hourly / 1e6:.1f} |")
        long = Path(folder) / "long"
        sink = Kept(long, lambda at: head, HOURS, 1 << 40)
        for report in repeated(reports, seconds, HOURS * 3600):
            sink.write(report)
        sink.close()
        _timed(f"curves of {HOURS} h", lambda: curves_of(long, head.scenario, 0.0))
        player, end = Player(Recording(whole)), Recording(whole).last
        _timed("seek to the end of 10 min", lambda: player.frame(end))
        player = Player(Recording(long))
        _timed(f"seek to the end of {HOURS} h", lambda: player.frame(player.recording.last))


def _timed(what: str, work: object) -> None:
    before = time.process_time()
    assert callable(work)
    work()
    print(f"| {what} | {1e3 * (time.process_time() - before):.0f} ms of CPU | |")


if __name__ == "__main__":
    print_machine()
    figures()
    sys.exit(0)
