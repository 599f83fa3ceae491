"""A pane that is added from a folder of its own: it is drawn, fed, focused, in help and palette."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest
from textual.strip import Strip

from controlroom.app import ControlRoom
from controlroom.commands.registry import named
from controlroom.feeds.registry import Unmade
from controlroom.model.frame import GOLDEN, KEYS, ROUTES, Frame, Key
from controlroom.panes import registry
from controlroom.panes.layout import At
from controlroom.panes.pane import Pane, Title
from controlroom.panes.registry import PACKAGE, read_user_panes, register, unregister
from controlroom.screens.help import HelpDialog
from controlroom.settings import Settings
from controlroom.targets.abilities import Unreachable
from controlroom.wiring import Room
from scenarios.loading import load
from tests.room import frames
from tests.room.fakes import RecordedCommands
from tests.room.rooms import calls_of, room_of, screen_text
from tests.room.test_keys import opened
from tests.waiting import until

pytestmark = pytest.mark.long

ON_CALL = Path(__file__).parent / "added" / "oncall.py"
SIZES = ((80, 24), (120, 40), (200, 60))
PATIENCE = 60


class Away:
    """A target that is not there: what is added works beside panels that say so."""

    async def endpoints(self) -> NoReturn:
        raise Unreachable("Nothing is there.")

    info = fleet = faults = loads = endpoints

    async def close(self) -> None:
        """Nothing to close."""


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The config folder, with the file where a user would put it."""
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path))
    (tmp_path / "panes").mkdir()
    shutil.copy(ON_CALL, tmp_path / "panes")
    return tmp_path


@pytest.fixture
def added(config: Path) -> Iterator[Path]:
    """The pane, in this process; the config folder."""
    assert read_user_panes() == []
    yield config
    unregister("oncall")
    forget()


def forget() -> None:
    """The files can be imported again."""
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_its_own_source_feeds_what_is_drawn(size: tuple[int, int], added: Path) -> None:
    behind = Room(load("bands"), Away(), Settings(state_dir=added / "state"))  # type: ignore[arg-type]
    room = ControlRoom(behind, RecordedCommands(), on_ready=behind.start)
    try:
        async with room.run_test(size=size) as pilot:
            await pilot.press("7")
            assert room.focused is room.room.parts["oncall"]
            await until(lambda: "oncall cannot be reached" in drawn(room), "it says why", PATIENCE)
            (added / "oncall.txt").write_text("Anna\nBen\n")
            await pilot.press("r")
            await until(lambda: "Anna" in drawn(room), "it is drawn", PATIENCE)
            assert "▶ Anna" in drawn(room)
            assert " 7 on call " in screen_text(room)
            await pilot.press("enter")
            assert "▶ Ben" in drawn(room)
    finally:
        await behind.stop()
    assert calls_of(room) == [("retry", "oncall")]


def drawn(room: ControlRoom) -> str:
    """What the pane shows."""
    pane = room.room.parts["oncall"]
    return "\n".join(pane.render_line(y).text for y in range(pane.size.height))


@pytest.mark.usefixtures("added")
async def test_tab_help_palette_and_the_command_to_copy_know_it() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 60)) as pilot:
        assert "1-7 panel" in screen_text(room)
        await pilot.press("6", "tab")
        assert room.room.current == "oncall"
        await pilot.press("C")
        await until(lambda: room.clipboard == "cat oncall.txt", "it is copied", PATIENCE)
        await pilot.press("tab")
        assert room.room.current == "tallies"
        await pilot.press("question_mark")
        await opened(room, HelpDialog)
        shown = str(room.screen.query_one("#help").render())
        assert "time, log, oncall" in " ".join(shown.split())
        assert "oncall: choose the next one" in shown
        await pilot.press("escape", "ctrl+p")
        await until(lambda: room.screen is not room.room, "the palette opens", PATIENCE)
        await pilot.press(*"oncall")
        await until(lambda: "oncall  (7)" in screen_text(room), "it is found", PATIENCE)


async def test_a_pane_without_a_place_has_the_room_while_it_is_focused() -> None:
    low = At(0, 1)  # fewer rows than are shown beside others
    register(Plain, two=low, three=low)
    try:
        room = room_of(frames.calm())
        async with room.run_test(size=(120, 40)) as pilot:
            assert not room.room.parts["plain"].display
            await pilot.press("7")
            assert room.room.parts["plain"].size.width == 120
            await pilot.press("2")
            assert not room.room.parts["plain"].display
            assert room.room.tallies.display
    finally:
        unregister("plain")


def test_it_is_gone_when_it_is_taken_out(added: Path) -> None:
    unregister("oncall")
    assert "oncall" not in [slot.name for slot in registry.added()]
    with pytest.raises(KeyError):
        named("pane_oncall")
    room = Room(load("bands"), Away(), Settings(state_dir=added))  # type: ignore[arg-type]
    assert list(room.frame().panels) == [key.name for key in (*KEYS, ROUTES)]


class Plain(Pane):
    """One that shows what the room has already."""

    pane_id = "plain"
    key = GOLDEN
    engine = "prometheus"

    def title(self, frame: Frame, width: int) -> Title:
        return Title("plain")

    def content(self, frame: Frame, width: int, height: int) -> list[Strip]:
        return []


class Unfed(Plain):
    key = Key("unfed")


class Unnamed(Plain):
    pane_id = "no name"


class Part(Plain):
    pane_id = "strip"


class Keyless(Plain):
    key = "golden"  # type: ignore[assignment]


class Bare:
    """A source that cannot be asked."""

    name = GOLDEN.name
    period = 1.0


class Other:
    """A source of a name that is not that of the key."""

    name = "other"


class Second(Unmade):
    """One more for a key that has one."""

    name = GOLDEN.name


PLACE = At(0, 5)


@pytest.mark.parametrize(
    ("pane", "source", "two", "sentence"),
    [
        (str, None, PLACE, "is no class of a Pane"),
        (Unnamed, None, PLACE, "Unnamed: pane_id is no name for a pane: 'no name'"),
        (Part, None, PLACE, "Part: pane_id is no name for a pane: 'strip'"),
        (Unfed, None, PLACE, "nothing feeds unfed: give its source too"),
        (Keyless, None, PLACE, "Keyless: key is no Key"),
        (Plain, None, At(2, 5), "two: write a column from 0 to 1, and rows"),
        (Plain, None, At(0), "two: write a column from 0 to 1, and rows"),
        (Plain, Other, PLACE, "the source of golden is no class with that name"),
        (Plain, Bare, PLACE, "the source of golden has no timeout, needs, open, read, close"),
        (Plain, Second, PLACE, "golden has a source already"),
    ],
)
def test_one_that_cannot_be_used_is_refused_by_what_is_wrong(
    pane: type[Pane], source: type[object] | None, two: At, sentence: str
) -> None:
    with pytest.raises(ValueError, match=sentence):
        register(pane, source, two=two, three=PLACE)  # type: ignore[arg-type]
    assert registry.added() == ()


def test_a_name_that_is_taken_is_refused_and_changes_nothing(added: Path) -> None:
    (slot,) = registry.added()
    other = type("Other", (Plain,), {"pane_id": "oncall"})
    with pytest.raises(ValueError, match="pane_oncall already"):
        register(other, two=PLACE, three=PLACE)
    assert registry.added() == (slot,)


async def test_a_source_that_cannot_be_made_is_told_in_its_pane_and_ends_nothing(
    added: Path,
) -> None:
    (slot,) = registry.added()
    unregister("oncall")
    broken = type("Broken", (Unmade,), {"name": "oncall"})  # takes more than endpoints
    register(slot.pane, broken, two=slot.two, three=slot.three)
    behind = Room(load("bands"), Away(), Settings(state_dir=added / "state"))  # type: ignore[arg-type]
    room = ControlRoom(behind, RecordedCommands(), on_ready=behind.start)
    try:
        async with room.run_test(size=(120, 40)) as pilot:
            await pilot.press("7", "z")
            await until(lambda: "oncall cannot be made: TypeError" in drawn(room), "why", PATIENCE)
            assert "Fix its file in the folder panes" in drawn(room)
    finally:
        await behind.stop()


async def test_a_file_that_cannot_be_used_is_named_in_the_room_and_ends_nothing(
    config: Path,
) -> None:
    (config / "panes" / "bad.py").write_text("1 / 0\n")
    try:
        (sentence,) = read_user_panes()
        assert sentence == f"{config}/panes/bad.py is left out: ZeroDivisionError: division by zero"
        room = room_of(frames.calm())
        room.notes = [sentence]
        async with room.run_test(size=(160, 40), notifications=True):
            await until(lambda: "ZeroDivisionError" in screen_text(room), "it is said", PATIENCE)
            assert "oncall" in room.room.parts
    finally:
        unregister("oncall")
        forget()


@pytest.mark.parametrize("part", ["content", "title", "basis"])
async def test_one_that_fails_while_it_draws_says_so_in_its_place(part: str) -> None:
    def fail(*_: object) -> NoReturn:
        raise RuntimeError("no names")

    register(type("Failing", (Plain,), {part: fail}), two=PLACE, three=PLACE)
    try:
        room = room_of(frames.calm())
        async with room.run_test(size=(120, 40)) as pilot:
            await pilot.press("7", "z")
            shown = {"content": "cannot be drawn (RuntimeError: no names)", "title": "no title"}
            await until(
                lambda: shown.get(part, "plain") in screen_text(room), "it is told", PATIENCE
            )
            await pilot.press("1")
            assert "tallies" in screen_text(room)
    finally:
        unregister("plain")
