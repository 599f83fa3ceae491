"""A room that becomes read-only from within: at once, everywhere in it, and known to others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.app import ControlRoom
from controlroom.cli.entrance import enter
from controlroom.commands.exits import Exit, ReadOnlyError
from controlroom.commands.face import FACE
from controlroom.commands.question import Question
from controlroom.commands.read_only import LookOnly
from controlroom.commands.scale import Scale
from controlroom.opening import Opening
from controlroom.runs.audit import entries
from controlroom.runs.rooms import Announced, rooms_of
from controlroom.screens.bar import BarDialog
from controlroom.screens.confirm import Confirm
from controlroom.settings import Settings
from tests.commands.acting import CHANGING, Acted, Asked
from tests.commands.rooms import Bar
from tests.room.rooms import screen_text
from tests.room.test_keys import opened
from tests.waiting import until

pytestmark = pytest.mark.usefixtures("acted")


def room_of(state: Path, **settings: object) -> ControlRoom:
    """A room as it is launched, whose target does not answer yet."""
    opening = Opening(Settings(state_dir=state, **settings))  # type: ignore[arg-type]
    return ControlRoom(opening, opening, lock=opening.lock)


def audited(state: Path) -> list[tuple[str, str]]:
    """What the audit has: act and result."""
    return [(entry["action"], entry["result"]) for entry in entries(state)]


async def test_one_key_and_nothing_can_be_changed(acted: Acted, state: Path) -> None:
    room = room_of(state)
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        assert "read-write" in screen_text(room)
        assert "l load" in screen_text(room).splitlines()[-1]
        await pilot.press("H")
        await until(lambda: " read-only " in screen_text(room).splitlines()[0], "it says so")
        await until(lambda: "l load" not in screen_text(room).splitlines()[-1], "no act left")
        await pilot.press("R", "exclamation_mark")
        await until(lambda: len(entries(state)) == 3, "both are refused")
        bar = await Bar(room, pilot).open()
        await pilot.press(*"scale consumer 3", "enter")
        await until(lambda: len(entries(state)) == 4, "this too")
        assert isinstance(room.screen, BarDialog)
        assert any("This is read-only: nothing is scaled" in one for one in room.screen.lines)
        assert bar.words == ""
        await pilot.press(*"sc", "tab")
        assert bar.words == "sc"
    assert audited(state) == [
        ("read only", "done"),
        ("restart", "refused"),
        ("stop all", "refused"),
        ("scale", "refused"),
    ]
    assert acted.acts == []


def found_acts(room: ControlRoom) -> Iterator[str]:
    """Acts that the palette finds."""
    from controlroom.screens.palette import Actions

    changing = {one.id for one in CHANGING}
    provider = Actions(room.screen)
    yield from (one.id for one in provider._actions() if one.id in changing)


async def test_the_palette_loses_the_acts_and_has_them_again(state: Path) -> None:
    room = room_of(state)
    async with room.run_test(size=(120, 40)):
        before = list(found_acts(room))
        assert "load" in before
        room.lock.on = True
        assert list(found_acts(room)) == []
        room.lock.on = False
        assert list(found_acts(room)) == before


@pytest.mark.parametrize("way", ["key", "words"])
async def test_the_way_back_wants_the_targets_name(way: str, acted: Acted, state: Path) -> None:
    room = room_of(state, context=("prod-a",))
    room.lock.on = True
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        if way == "key":
            await pilot.press("H")
        else:
            await Bar(room, pilot).open()
            await pilot.press(*"read-only off", "enter")
        await opened(room, Confirm)
        await pilot.press("y", "enter")
        assert room.lock.on
        await pilot.press("backspace", *"prod-a", "enter")
        await until(lambda: not room.lock.on, "it may act again")
        await until(lambda: "read-write" in screen_text(room).splitlines()[0], "it says so")
        await until(lambda: entries(state), "it is in the audit")
    (entry,) = entries(state)
    assert (entry["action"], entry["context"], entry["result"]) == ("read write", "prod-a", "done")


async def test_who_says_no_leaves_it_read_only(state: Path) -> None:
    room = room_of(state)
    room.lock.on = True
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("H")
        await opened(room, Confirm)
        await pilot.press("escape")
        await until(lambda: audited(state) == [("read write", "declined")], "it is noted")
    assert room.lock.on


@pytest.mark.parametrize("words", ["read-only off", ""])
async def test_a_room_that_was_opened_read_only_stays_so(words: str, state: Path) -> None:
    room = room_of(state, read_only=True)
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        if words:
            await Bar(room, pilot).open()
            await pilot.press(*words, "enter")
        else:
            await pilot.press("H")
        said = "was opened read-only, and stays so"
        await until(lambda: said in " ".join(screen_text(room).split()), "it says so")
        assert room.lock.on
    assert audited(state) == [("read write", "refused")]


async def test_what_is_being_asked_is_refused_when_the_room_becomes_read_only(
    acted: Acted, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opening = Opening(Settings(state_dir=state))

    class Slow(Asked):
        async def ask(self, question: Question) -> None:
            await opening.perform(LookOnly(opening.lock))

    FACE.set(Slow(agrees=True))
    with pytest.raises(ReadOnlyError):
        await opening.perform(Scale("consumer", 3))
    assert acted.acts == []


def test_a_shell_has_no_room_for_it(state: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert enter(["read-only"]) == Exit.USAGE
    assert "is for a room that is open" in capsys.readouterr().err
    assert entries(state) == []


def test_others_see_that_it_may_not_act(state: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("controlroom.runs.rooms.EVERY", 0.0)
    mine = Announced(state, ("local stack",))
    mine.turn("", "log", False)
    mine.turn("", "log", True)
    (seen,) = rooms_of(state, ("local stack",))
    assert (seen.proof.pid, seen.read_only) == (os.getpid(), True)
