"""A command that is added from a folder of its own: every face has it, and the wrap holds."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.commands.command import Command, Verb
from controlroom.commands.registry import PACKAGE, named, read_user_commands, register, unregister
from controlroom.runs.audit import entries
from controlroom.screens.bar import BarDialog
from controlroom.screens.confirm import Confirm
from controlroom.screens.help import HelpDialog
from tests.cli.running import controlroom
from tests.commands.rooms import Bar, room_on
from tests.room.rooms import screen_text
from tests.room.test_keys import opened
from tests.waiting import until

GREET = Path(__file__).parent / "added" / "greet.py"
WIDE = (120, 50)


def put(config: Path) -> None:
    """The file where a user would put it."""
    (config / "commands").mkdir(parents=True)
    shutil.copy(GREET, config / "commands" / "greet.py")


@pytest.fixture
def added(tmp_path: Path) -> Iterator[Path]:
    """The command, in this process; the state folder."""
    put(tmp_path / "config")
    assert read_user_commands({"CONTROLROOM_CONFIG_DIR": str(tmp_path / "config")}) == []
    assert named("greet").key == "G"
    yield tmp_path
    unregister("greet")
    for name in [name for name in sys.modules if name.startswith(PACKAGE)]:
        del sys.modules[name]


@pytest.mark.processes
def test_the_command_line_has_it_and_wraps_it(tmp_path: Path) -> None:
    state = tmp_path / "state"
    put(tmp_path / "config")
    assert "\n  greet      write a greeting\n" in controlroom(tmp_path, "--help").stdout
    assert "controlroom greet Anna" in controlroom(tmp_path, "greet", "--help").stdout
    assert controlroom(tmp_path, "greet", "Anna").returncode == 4
    assert controlroom(tmp_path, "--read-only", "greet", "Anna", "--yes").returncode == 4
    assert not (state / "greeting").exists()
    done = controlroom(tmp_path, "greet", "Anna", "--yes", "--json")
    assert (done.returncode, done.stdout) == (0, '{"greeted": "Anna"}\n')
    assert (state / "greeting").read_text() == "Anna"
    noted = [(entry["action"], entry["name"], entry["result"]) for entry in entries(state)]
    assert noted == [("greet", "Anna", how) for how in ("declined", "refused", "done")]


async def test_the_room_has_it_in_help_and_palette(added: Path) -> None:
    room = room_on(added)
    async with room.run_test(size=(120, 70)) as pilot:
        await pilot.press("question_mark")
        await opened(room, HelpDialog)
        await pilot.press("slash", *"greeting")
        said = "Write a greeting into the state"
        await until(lambda: said in screen_text(room), "it is found in the help", 30)
        await pilot.press("escape", "escape", "ctrl+p")
        await until(lambda: room.screen is not room.room, "the palette opens", 30)
        await pilot.press(*"greet")
        await until(lambda: "greet  (G)" in screen_text(room), "it is found", 30)


async def test_its_key_asks_does_it_and_says_so(added: Path) -> None:
    room = room_on(added)
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("G")
        await opened(room, Confirm)
        await pilot.press("y")
        await opened(room, BarDialog)
        await until(lambda: "world is greeted" in screen_text(room), "it is said", 30)
    assert [entry["result"] for entry in entries(added)] == ["done"]


async def test_the_command_bar_of_a_room_to_look_at_does_not_offer_and_refuses_it(
    added: Path,
) -> None:
    room = room_on(added, read_only=True)
    async with room.run_test(size=WIDE) as pilot:
        bar = await Bar(room, pilot).open()
        await pilot.press(*"gre", "tab")
        assert bar.words == "gre"
        await pilot.press(*"et Ben", "enter")
        await until(lambda: "nobody is greeted" in screen_text(room), "it is refused", 30)
        await pilot.press("escape", "G")
        assert room.screen is room.room
    assert [(e["name"], e["result"]) for e in entries(added)] == [("Ben", "refused")]


@pytest.mark.processes
def test_a_file_that_cannot_be_used_is_named_and_ends_nothing(tmp_path: Path) -> None:
    put(tmp_path / "config")
    (tmp_path / "config" / "commands" / "bad.py").write_text("1 / 0\n")
    done = controlroom(tmp_path, "greet", "--yes")
    assert done.returncode == 0
    assert "bad.py is left out: ZeroDivisionError" in done.stderr


def test_a_name_or_key_that_is_taken_is_refused(added: Path) -> None:
    with pytest.raises(ValueError, match="a command greet already"):
        register(named("greet"))
    with pytest.raises(ValueError, match="the key G is taken"):
        register(Command("other", "other", "Another", key="G"))
    with pytest.raises(ValueError, match="a verb greet already"):
        register(Verb("greet", "again"))
