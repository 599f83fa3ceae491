"""A split by key: its dialog, and what its branches do in the traffic panel and the strip."""

from __future__ import annotations

from dataclasses import replace

import pytest

from controlroom.commands.split import StartSplit
from controlroom.model.frame import RUNS, Frame
from controlroom.model.run import ChaosFigures, Runs, RunView
from controlroom.model.split import BranchFigures, SplitFigures
from controlroom.screens.confirm import Confirm
from controlroom.screens.split import SplitDialog
from controlroom.targets.abilities import Preview
from tests.room import frames
from tests.room.fakes import RecordedCommands
from tests.room.rooms import room_of, screen_text
from tests.room.test_keys import opened, typed
from tests.waiting import until

pytestmark = pytest.mark.long

SMALL = (80, 24)


class Looking(RecordedCommands):
    """Remembers what was previewed."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[StartSplit] = []

    async def preview_split(self, act: StartSplit) -> Preview:
        preview = await super().preview_split(act)
        self.looked.append(act)
        return preview


async def test_the_preview_and_the_command_follow_the_fields_at_80x24() -> None:
    room = room_of(frames.calm())
    room.commands = commands = Looking()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("t")
        await opened(room, SplitDialog)
        await until(lambda: "http    33.33 %" in screen_text(room), "its preview")
        assert "faulty  33.33 %  error-injector:http, started for it" in screen_text(room)
        await typed(pilot, "duration", "7s")
        await typed(pilot, "weight", "http=50 faulty=50")
        await until(lambda: "37.5 %" in screen_text(room), "it follows")
        flags = "--duration 7s --weight http=50 --weight faulty=50"
        assert flags in " ".join(screen_text(room).replace("│", " ").split())
        await pilot.press("enter")
        await opened(room, Confirm)
        assert "goes to" in screen_text(room)
    act = commands.looked[-1]
    assert (act.run_for, act.weights) == (7.0, {"http": 50.0, "faulty": 50.0})


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("duration", "soon", "duration: 'soon' is not a duration"),
        ("duration", "2h", "duration: must be above 0 and at most 10m"),
        ("weight", "http", "weight http cannot be used"),
        ("weight", "nobody=1", "weight: there is no branch nobody"),
    ],
)
async def test_a_mistake_names_its_field_and_starts_nothing(
    field: str, text: str, said: str
) -> None:
    room = room_of(frames.calm())
    room.commands = commands = Looking()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("t")
        await opened(room, SplitDialog)
        await until(lambda: "goes to" in screen_text(room), "its preview")
        await typed(pilot, field, text)
        await pilot.press("enter")
        await until(lambda: said in " ".join(screen_text(room).split()), "it is said")
        await opened(room, SplitDialog)
    assert commands.calls == []


def splitting(frame: Frame) -> Frame:
    """The frame while a split runs."""
    figures = SplitFigures(
        (
            BranchFigures("http", "producer-http", 0.5, 0.511, 511, 0, 1.0, 51.1, 2.0, 5.0, 9.0),
            BranchFigures("faulty", "error-injector", 0.5, 0.489, 489, 489, 0.0, 48.9, 1, 1, 1),
        ),
        predicted=0.5,
        success=0.511,
        requests=1000,
    )
    chaos = ChaosFigures("TrafficSplit", "split", ("http 50 %",), "running", False)
    now = frame.now
    view = RunView(
        "r-0042", "split", "half", "running", now - 10, now + 20, None, "", None, chaos,
        split=figures,
    )  # fmt: skip
    return frame.having(RUNS, replace(frame[RUNS], value=Runs((view,))))


async def test_each_branch_has_curves_of_its_own_on_the_time_axis() -> None:
    room = room_of(replace(splitting(frames.loaded()), lanes=frames.lanes("r-0042")))
    async with room.run_test(size=(120, 40)) as pilot:
        assert "time by" not in screen_text(room)
        await pilot.press("5", "b")
        text = screen_text(room)
        assert "time by branch" in text
        rows = [line for line in text.splitlines() if " faulty  " in line and "succ" in line]
        assert len(rows) == 1, "one row, with the name beside it"
        assert "producer-http succ" not in " ".join(text.split())
        for key, shown in (("down", "rps"), ("up", "succ")):
            await pilot.press(key)
            place = text.index("time by branch")
            assert f"http {shown} " in " ".join(screen_text(room)[place:].split())
        await pilot.press("b")
        assert "time by" not in screen_text(room)
    room = room_of(replace(frames.loaded(), lanes=frames.lanes("r-0042")))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "b")
        assert "time by door" in screen_text(room)
        assert "producer-ht… succ" in " ".join(screen_text(room).split())
