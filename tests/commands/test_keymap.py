"""The user's own keys: which can be had, what is said of the others, and that all faces follow."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlroom.commands import registry
from controlroom.commands.keymap import apply
from controlroom.screens.chaos import ChaosDialog
from controlroom.screens.confirm import Confirm
from controlroom.screens.help import HelpDialog
from controlroom.settings import SettingsError
from tests.room.frames import loaded
from tests.room.rooms import calls_of, room_of, screen_text
from tests.room.test_keys import opened

ORIGIN = "config.toml"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    """The commands have their own keys again."""
    before = registry.commands()
    yield
    for command in before:
        registry.replace(command)


async def test_a_key_does_what_its_command_does_and_the_old_one_nothing() -> None:
    apply({"load": "f2", "help": "U", "zoom": ";"}, ORIGIN)
    room = room_of(loaded())
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("z", "l")
        assert not room.room.zoomed
        assert room.screen is room.room
        await pilot.press(";")
        assert room.room.zoomed
        assert "; zoom" in screen_text(room)
        await pilot.press("U")
        assert isinstance(room.screen, HelpDialog)
        assert "f2" in str(room.screen.text())
        assert calls_of(room) == []


async def test_the_kill_switch_moves_in_dialogs_too() -> None:
    apply({"stop_all": "K"}, ORIGIN)
    room = room_of(loaded())
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await pilot.press("K")
        await opened(room, Confirm)


async def test_two_commands_may_change_keys() -> None:
    apply({"load": "c", "chaos": "l"}, ORIGIN)
    assert (registry.key_label("load"), registry.key_label("chaos")) == ("c", "l")


async def test_a_command_without_a_key_is_in_the_palette_and_not_in_the_footer() -> None:
    apply({"purge": "", "load": ""}, ORIGIN)
    assert registry.key_label("purge") == ":logs --purge"
    assert "load" not in [one.id for one in registry.footer(read_only=False)]
    assert "load" in [one.id for one in registry.available(read_only=False)]


@pytest.mark.parametrize(
    ("keys", "message", "fix"),
    [
        ({"laod": "x"}, "keys.laod: there is no such command", "'load'"),
        ({"load": "c"}, "keys.load = 'c': chaos has this key too", "keys.chaos"),
        ({"load": "f2", "chaos": "f2"}, "has this key too", "Use another one"),
        ({"load": "j"}, "panels and dialogs have this key themselves", "another"),
        ({"load": " "}, "panels and dialogs have this key themselves", "another"),
        ({"load": "ctrl+c"}, "panels and dialogs have this key themselves", "another"),
        ({"load": "F2"}, "keys.load = 'F2' is no key", "f2"),
        ({"load": "ctrl+"}, "is no key", "ctrl+l"),
        ({"stop_all": ""}, "it has to have a key", "another key"),
    ],
)
def test_what_cannot_be_had_is_told_and_changes_nothing(
    keys: dict[str, str], message: str, fix: str
) -> None:
    before = registry.commands()
    with pytest.raises(SettingsError) as caught:
        apply(keys, ORIGIN)
    assert str(caught.value).startswith(f"{ORIGIN}: keys.")
    assert message in str(caught.value)
    assert fix in caught.value.fix
    assert registry.commands() == before
