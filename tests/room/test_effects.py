"""What was left behind in the target: how the room shows it, and the keys that end it."""

from __future__ import annotations

from dataclasses import replace

from textual.widgets import Button, RadioButton

from controlroom.model.effects import ActiveEffect
from controlroom.model.frame import RUNS
from controlroom.model.run import Runs
from controlroom.runs.spec import LoadSpec
from controlroom.screens.confirm import Confirm
from controlroom.screens.effects import EffectsDialog
from controlroom.screens.load import LoadDialog
from tests.room import frames
from tests.room.fakes import RecordedCommands
from tests.room.frames import NOW
from tests.room.rooms import calls_of, room_of, screen_text
from tests.room.test_keys import closed, opened
from tests.waiting import until

WIDE = (120, 40)
LOAD = ActiveEffect(
    "load-r-0007-ab12", "load", "r-0007", "load by Jobs", "running", NOW + 60, False
)
FAULT = ActiveEffect(
    "podchaos/cut-r-0003", "fault", "r-0003", "PodChaos pod-failure", "paused", NOW, False, True
)


async def test_what_was_left_behind_is_told_with_the_keys_that_end_it() -> None:
    frame = frames.loaded()
    seen = frame[RUNS].value
    assert seen is not None
    runs = replace(frame[RUNS], value=replace(seen, left=(FAULT, LOAD)))
    room = room_of(frame.having(RUNS, runs))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.pause()
        shown = screen_text(room)
    assert "left behind: PodChaos pod-failure of r-0003, load by Jobs of r-0007" in shown
    assert "! ends all" in shown
    assert "r-0042" in shown


async def test_a_paused_fault_is_resumed_after_a_question() -> None:
    room = room_of(frames.calm())
    assert isinstance(room.commands, RecordedCommands)
    room.commands.holding = [LOAD, FAULT]
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("f")
        await opened(room, EffectsDialog)
        await until(lambda: "left behind by r-0007" in screen_text(room), "the facts")
        await pilot.press("u")
        await until(lambda: "A load cannot be paused" in screen_text(room), "it is refused")
        await pilot.press("down", "u")
        await opened(room, Confirm)
        assert "controlroom chaos resume podchaos/cut-r-0003" in screen_text(room)
        await pilot.press("y")
        await closed(room)
        await until(lambda: calls_of(room), "it is resumed")
    assert calls_of(room) == [("resume_fault", FAULT.id)]


async def test_a_pause_is_offered_only_where_it_works() -> None:
    room = room_of(frames.calm())
    assert isinstance(room.commands, RecordedCommands)
    room.commands.holding = [replace(FAULT, id="delay-ab12x", phase="running", pausable=False)]
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("f")
        await opened(room, EffectsDialog)
        await until(lambda: room.screen.query_one("#pause", Button).disabled, "no button", 30)
        await pilot.press("u")
        await until(lambda: "Only Chaos Mesh pauses" in screen_text(room), "it is refused", 30)
    assert calls_of(room) == []


async def test_a_load_that_was_left_behind_is_ended() -> None:
    room = room_of(frames.calm())
    assert isinstance(room.commands, RecordedCommands)
    room.commands.holding = [LOAD]
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("f")
        await opened(room, EffectsDialog)
        await pilot.press("enter")
        await opened(room, Confirm)
        await pilot.press("y")
        await until(lambda: calls_of(room), "it is ended")
    assert calls_of(room) == [("stop_load", LOAD.id)]


async def test_where_nothing_is_held_no_list_is_shown() -> None:
    room = room_of(frames.calm().having(RUNS, frames.live(Runs(()))))
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("f")
        await until(lambda: "Nothing is injected, and no Job" in screen_text(room), "said")
        assert room.screen is room.room


async def test_a_restart_shows_what_it_replaces_and_is_confirmed() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("R")
        await opened(room, Confirm)
        assert "consumer-7f9c, consumer-x2b1" in screen_text(room)
        assert "--restart" in screen_text(room)
        await pilot.press("y")
        await until(lambda: calls_of(room), "it is restarted")
    ((what, deployment),) = calls_of(room)
    assert what == "restart"
    assert deployment == room.room.fleet.deployment.name  # type: ignore[union-attr]


async def test_a_cluster_offers_to_send_the_load_by_jobs() -> None:
    room = room_of(replace(frames.calm(), target="lab-a"))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await opened(room, LoadDialog)
        room.screen.query_one("#jobs", RadioButton).value = True
        await until(lambda: "--in-cluster 2" in screen_text(room), "the command follows")
        await pilot.press("enter")
        await closed(room)
    assert calls_of(room) == [("load", LoadSpec(timeout=60.0, in_cluster=2))]
