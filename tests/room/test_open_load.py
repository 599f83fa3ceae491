"""An open load in the strip: what was dropped stands beside what failed."""

from __future__ import annotations

from dataclasses import replace

from controlroom.model.frame import RUNS
from controlroom.model.run import Runs
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until


async def test_dropped_arrivals_are_said_while_it_runs_and_when_it_is_over() -> None:
    run = frames.load_run()
    assert run.load is not None
    dropping = replace(run, load=replace(run.load, total=None, dropped=1217))
    over = replace(dropping, id="r-0041", state="finished", ended=frames.NOW - 3, bound="timeout")
    frame = frames.calm()
    frame = frame.having(RUNS, replace(frame[RUNS], value=Runs((dropping, over))))
    room = room_of(frame, ascii_only=True)
    async with room.run_test(size=(160, 45)):
        await until(lambda: screen_text(room).count("1,217 dropped") == 2, "both say it", 30)
