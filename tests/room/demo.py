"""A room on invented frames that move: `python -m tests.room.demo [bands|worldcup]`."""

from __future__ import annotations

import os
import sys
from dataclasses import replace

from controlroom.app import ControlRoom
from controlroom.model.frame import BOOKS, FLEET, GOLDEN, LOG, QUEUES, RUNS, TALLIES, Frame
from controlroom.model.run import Runs
from controlroom.model.tallies import Chosen, TallyRow
from tests.room import frames
from tests.room.fakes import RecordedCommands

_PER_SECOND = 1000


class MovingSource:
    """Frames in which a thousand events a second arrive."""

    def __init__(self, scenario: str) -> None:
        self.base = frames.loaded(scenario)
        self.began: float | None = None

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        self.began = self.began or now
        passed = now - self.began
        events = int(passed * _PER_SECOND)
        base, shift = self.base, now - frames.NOW
        tallies, log = base[TALLIES].value, base[LOG].value
        assert tallies is not None
        assert log is not None
        rows = tuple(
            TallyRow(row.labels, row.count + events // (n + 3), row.average)
            for n, row in enumerate(tallies.rows)
        )
        tallies = replace(tallies, rows=rows, total=tallies.total + events)
        first = log.first + events
        lines = tuple(
            replace(line, offset=line.offset + events, stored=line.stored + shift)
            for line in log.lines
        )
        log = replace(log, lines=lines, first=first, total=168458 + events)
        curves = tuple(
            replace(c, points=tuple((at + shift - passed, f) for at, f in c.points))
            for c in base.curves
        )
        run = frames.load_run(min(10000, 10 * int(passed)))
        run = replace(run, started=now - passed, ends_at=now - passed + 180)
        return replace(
            base,
            now=now,
            panels=frames.named(
                (TALLIES, replace(base[TALLIES], value=tallies, measured=now)),
                (BOOKS, replace(base[BOOKS], measured=now)),
                (GOLDEN, replace(base[GOLDEN], measured=now - passed % 1)),
                (FLEET, replace(base[FLEET], measured=now)),
                (QUEUES, replace(base[QUEUES], measured=now)),
                (LOG, replace(base[LOG], value=log, measured=now)),
                (RUNS, frames.live(Runs((run,)))),
            ),
            curves=curves,
            marks=tuple(replace(m, at=m.at + shift - passed) for m in base.marks),
        )


class StillSource:
    """Frames in which nothing happens but that time goes by."""

    def __init__(self, scenario: str) -> None:
        self.base = frames.calm(scenario)

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        return replace(self.base, now=now)


def main() -> int:
    """Opens it in this terminal."""
    scenario = sys.argv[1] if len(sys.argv) > 1 else "bands"
    ascii_only = os.environ.get("DEMO_ASCII") == "1"
    source = StillSource if os.environ.get("DEMO_STILL") == "1" else MovingSource
    room = ControlRoom(source(scenario), RecordedCommands(), ascii_only=ascii_only)
    return room.opened()


if __name__ == "__main__":
    sys.exit(main())
