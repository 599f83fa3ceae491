"""What the keys do, in a room whose commands only remember."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input

from controlroom.app import ControlRoom
from controlroom.commands.catalogue import PANES
from controlroom.commands.registry import with_key
from controlroom.model.frame import LOG
from controlroom.panes.layout import page_of
from controlroom.runs.spec import LoadSpec
from controlroom.screens.chaos import ChaosDialog
from controlroom.screens.confirm import Confirm
from controlroom.screens.help import HelpDialog
from controlroom.screens.load import LoadDialog
from controlroom.screens.prompt import FilterDialog, ScaleDialog
from tests.room import frames
from tests.room.fakes import KILL, PARTITION, RecordedCommands
from tests.room.rooms import calls_of, room_of, screen_text, source_of
from tests.waiting import until

WIDE = (120, 40)


async def opened(room: ControlRoom, dialog: type) -> None:
    """Waits for a dialog."""
    await until(lambda: isinstance(room.screen, dialog), f"{dialog.__name__} opens")


async def closed(room: ControlRoom) -> None:
    """Waits for the room itself."""
    await until(lambda: room.screen is room.room, "the dialogs are closed")


async def typed(pilot: Pilot[None], field: str, words: str) -> None:
    """Puts words into a field."""
    pilot.app.screen.query_one(f"#{field}", Input).value = words
    await pilot.pause()


async def test_numbers_and_tab_focus_the_panels_in_order() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        for number, name in enumerate(PANES, 1):
            await pilot.press(str(number))
            assert room.focused is room.room.parts[name]
        await pilot.press("tab")
        assert room.room.current == "tallies"
        await pilot.press("shift+tab")
        assert room.room.current == "log"


@pytest.mark.parametrize("name", PANES)
async def test_a_small_terminal_shows_the_page_of_the_focused_panel(name: str) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press(str(PANES.index(name) + 1))
        shown = {other for other in PANES if room.room.parts[other].display}
        assert shown == {slot.name for slot in page_of(room.room.slots, name)}


async def test_zoom_shows_one_panel_and_goes_back() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "z")
        assert room.room.log_pane.size.width == 120
        assert not room.room.tallies.display
        await pilot.press("z")
        assert room.room.tallies.display


async def test_load_is_asked_for_and_started() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await opened(room, LoadDialog)
        await typed(pilot, "users", "20")
        await typed(pilot, "number", "10,000")
        await typed(pilot, "timeout", "3m")
        assert "--concurrence 20 -n 10000 --timeout 3m" in screen_text(room)
        await pilot.press("enter")
        await closed(room)
    assert calls_of(room) == [("load", LoadSpec(users=20, number=10000, timeout=180.0))]


@pytest.mark.parametrize(
    ("field", "words", "sentence"),
    [
        ("users", "many", "users: 'many' is not a whole number"),
        ("number", "0", "number: 0 is out of bounds"),
        ("timeout", "10", "has no unit"),
        ("rate", "-1", "rate: write more than 0"),
        ("file", "/no/such/file.json", "there is no file"),
    ],
)
async def test_a_mistake_in_the_load_dialog_is_said_there(
    field: str, words: str, sentence: str
) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await opened(room, LoadDialog)
        await typed(pilot, field, words)
        await pilot.press("enter")
        await until(lambda: sentence in screen_text(room), "the mistake is named")
        assert isinstance(room.screen, LoadDialog)
    assert calls_of(room) == []


async def test_a_refused_load_keeps_what_was_typed() -> None:
    room = room_of(frames.calm())
    assert isinstance(room.commands, RecordedCommands)
    room.commands.refuse_with = "Nothing listens at the ingress."
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("l")
        await opened(room, LoadDialog)
        await typed(pilot, "users", "33")
        await pilot.press("enter")
        await until(lambda: "Nothing listens at the ingress." in screen_text(room), "said")
        assert room.screen.query_one("#users", Input).value == "33"


async def test_a_reversible_fault_is_confirmed_by_y_with_the_focus_on_cancel() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await until(lambda: "1 of 3" in screen_text(room), "the preview comes")
        await pilot.press("enter")
        await opened(room, Confirm)
        assert room.focused is room.screen.query_one("#cancel")
        assert "load r-0042 until" in screen_text(room)
        assert "controlroom chaos run chaos/pod-kill-consumer.yaml" in screen_text(room)
        await pilot.press("y")
        await closed(room)
        await until(lambda: calls_of(room), "the fault is started")
    assert calls_of(room) == [("chaos", KILL)]


@pytest.mark.parametrize("key", ["n", "escape", "enter"])
async def test_a_fault_that_is_not_confirmed_is_not_started(key: str) -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await pilot.press("enter")
        await opened(room, Confirm)
        await pilot.press(key)
        await closed(room)
        await pilot.pause()
    assert calls_of(room) == []


async def test_a_blast_needs_the_deployments_name() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await pilot.press("down", "enter")
        await opened(room, Confirm)
        await pilot.press("y", "enter")
        assert isinstance(room.screen, Confirm)
        assert room.screen.query_one("#agree", Button).disabled
        await typed(pilot, "typed", "consumer")
        await pilot.press("enter")
        await until(lambda: calls_of(room), "the fault is started")
    assert calls_of(room) == [("chaos", PARTITION)]


async def test_the_panic_key_works_in_a_dialog_too_and_wants_a_word() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await pilot.press("exclamation_mark")
        await opened(room, Confirm)
        await pilot.press(*"stop", "enter")
        await until(lambda: calls_of(room), "all is stopped")
    assert calls_of(room) == [("stop_all",)]


async def test_purge_wants_the_name_of_the_scenario() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("P")
        await opened(room, Confirm)
        await pilot.press(*"bans", "enter")
        assert isinstance(room.screen, Confirm)
        await typed(pilot, "typed", "bands")
        await pilot.press("enter")
        await until(lambda: calls_of(room), "the log is purged")
    assert calls_of(room) == [("purge",)]


async def test_scale_changes_the_deployment_chosen_in_the_fleet() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "down", "down", "s")
        await opened(room, ScaleDialog)
        await typed(pilot, "replicas", "9")
        await pilot.press("enter")
        await until(lambda: "9 is out of bounds; write 2 to 5." in screen_text(room), "said")
        await typed(pilot, "replicas", "5")
        await pilot.press("enter")
        await opened(room, Confirm)
        assert "controlroom scale consumer 5" in screen_text(room)
        await pilot.press("y")
        await until(lambda: calls_of(room), "it is scaled")
    assert calls_of(room) == [("scale", "consumer", 5)]


async def test_arrows_choose_phase_and_match() -> None:
    room = room_of(frames.calm("worldcup"))
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("left")
        await until(lambda: source_of(room).chosen == ("3",), "a phase is asked for", 30)
        await pilot.press("down")
        match = ("3", "Croacia:Marruecos")
        await until(lambda: source_of(room).chosen == match, "a match is asked for", 30)


async def test_retry_asks_for_the_source_of_the_focused_panel() -> None:
    room = room_of(frames.broken())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("2", "r")
        await until(lambda: calls_of(room), "it is asked again")
    assert calls_of(room) == [("retry", "golden")]


async def test_pause_holds_the_screen_and_counts_what_arrives() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("p")
        source_of(room).now = frames.calm().having(
            LOG, frames.live(frames.log_view(first=1300, skipped_now=0))
        )
        await until(lambda: "paused +300" in screen_text(room), "lines are counted")
        assert "o0015399" in screen_text(room)
        await pilot.press("p")
        await until(lambda: "o0015699" in screen_text(room), "the screen goes on")
        assert "paused" not in screen_text(room)


async def test_a_read_only_room_has_no_dangerous_action_anywhere() -> None:
    frame = replace(frames.calm(), read_only=True)
    room = room_of(frame, read_only=True)
    dangerous = [action for action in with_key(False) if action.level != "harmless"]
    assert dangerous
    async with room.run_test(size=WIDE) as pilot:
        for action in dangerous:
            await pilot.press(*action.key.split(","))
            await room.action_do(action.id)
            await pilot.pause()
            assert room.screen is room.room
        footer = screen_text(room).splitlines()[-1]
        assert "load" not in footer
        assert "stop all" not in footer
        await pilot.press("question_mark")
        await opened(room, HelpDialog)
        assert "Start a load run" not in screen_text(room)
    assert calls_of(room) == []


async def test_help_names_every_action() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 100)) as pilot:
        await pilot.press("f1")
        await opened(room, HelpDialog)
        # longer than any screen: it scrolls, and is searched
        assert isinstance(room.screen, HelpDialog)
        shown = room.screen.text().plain
        for action in with_key(False):
            if not action.id.startswith("pane_"):
                assert action.help.split(";")[0][:20] in shown
        await pilot.press("escape")
        await closed(room)


async def test_the_palette_finds_and_runs_an_action() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("ctrl+p")
        await until(lambda: room.screen is not room.room, "the palette opens")
        await pilot.press(*"load")
        await until(lambda: "Start a load run" in screen_text(room), "it is found")
        await pilot.press("enter")
        await opened(room, LoadDialog)


async def test_quit_leaves_with_success() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("q")
    assert room.return_code == 0


async def test_an_unforeseen_failure_of_a_command_is_said_and_ends_nothing() -> None:
    room = room_of(frames.calm())

    async def fails(source: str) -> None:
        raise RuntimeError(f"no idea about {source}")

    room.commands.retry = fails  # type: ignore[method-assign]
    async with room.run_test(size=WIDE, notifications=True) as pilot:
        await pilot.press("r")
        await until(lambda: "no idea about tallies" in screen_text(room), "it is said")
        assert room.is_running


def test_a_dialog_that_is_gone_before_it_is_there_ends_nothing() -> None:
    """A room that ends while a dialog opens empties it before it is told that it is mounted."""
    Confirm("scale", [], "Scale", "controlroom scale consumer 3").on_mount()
    FilterDialog("").on_mount()


async def test_the_time_axis_is_made_longer_shorter_and_as_it_was() -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=WIDE) as pilot:
        usual = room.room.time.window
        await pilot.press("plus")
        assert room.room.time.window < usual, "closer"
        await pilot.press("minus", "minus")
        assert room.room.time.window > usual
        await pilot.press("0")
        assert room.room.time.window == usual
