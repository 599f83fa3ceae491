"""Colours: every palette can be read, is chosen by flag, key and file, and none is needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from rich.color import Color, ColorSystem

from controlroom.app import ControlRoom
from controlroom.panes.palettes import AUTO, DARK, PALETTES, SIXTEEN, Palette, palette
from controlroom.settings import SettingsError
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.frames import NOW, loaded
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

READ = ("text", "dim", "bright", "accent", "good", "warn", "bad", "latency", "lag")


def room_with(theme: str) -> ControlRoom:
    """A room in that theme."""
    return ControlRoom(FixedSource(loaded()), RecordedCommands(), theme=theme, clock=lambda: NOW)


def own(folder: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> Path:
    """The user's theme `mine`."""
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(folder))
    path = folder / "themes" / "mine.toml"
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    return path


def luminance(color: str) -> float:
    """Relative luminance as WCAG 2.1 defines it."""
    parts = [value / 255 for value in Color.parse(color).get_truecolor()]
    r, g, b = (v / 12.92 if v <= 0.03928 else ((v + 0.055) / 1.055) ** 2.4 for v in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    """Of two colours, 1 to 21."""
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("one", PALETTES.values(), ids=PALETTES)
def test_what_is_read_stands_out(one: Palette) -> None:
    least = 7.0 if one.name == "contrast" else 4.5
    colours = [getattr(one, name) for name in READ] + [*one.members]
    told = {colour: contrast(colour, one.background) for colour in colours}
    if one is SIXTEEN:
        # a terminal chooses what these look like; two of its blues are dark in most
        told.pop("#5555ff")
    assert min(told.values()) >= least, told


def test_sixteen_colours_stay_what_they_are() -> None:
    colours = {getattr(SIXTEEN, name) for name in READ}
    there = {Color.parse(c).downgrade(ColorSystem.STANDARD).get_truecolor() for c in colours}
    assert len(there) == len(colours)


def test_auto_follows_the_terminal() -> None:
    assert palette(AUTO, {}, "standard") is SIXTEEN
    assert palette(AUTO, {}, "256") is DARK
    assert palette(AUTO, {}, "truecolor") is DARK


async def test_a_key_changes_the_colours_of_everything_and_no_word() -> None:
    room = room_of(loaded())
    async with room.run_test(size=(120, 40)) as pilot:
        before = screen_text(room)
        seen = []
        for _ in PALETTES:
            await pilot.press("T")
            await pilot.pause()
            seen.append(room.look.palette.name)
            assert PALETTES[seen[-1]].background in backgrounds(room)
            assert room.theme == f"room-{seen[-1]}"
        assert seen == ["light", "contrast", "sixteen", "dark"]
        room.clear_notifications()
        await pilot.pause()
        assert screen_text(room) == before


async def test_a_theme_of_ones_own_is_read_again_when_it_is_saved(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = own(tmp_path, monkeypatch, 'base = "light"\naccent = "#123456"\n')
    room = room_with("mine")
    async with room.run_test(size=(120, 40)) as pilot:
        assert room.look.palette.accent == "#123456"
        assert room.look.palette.background == PALETTES["light"].background
        path.write_text('accent = "#654321"\n')
        os.utime(path, (1, 1))
        await until(lambda: room.look.palette.accent == "#654321", "the file is read")
        path.write_text('accent = "red"\n')
        await until(lambda: "'red' is no colour" in " ".join(told(room)), "it is told")
        assert room.look.palette.accent == "#654321"
        await pilot.press("T")
        assert room.look.palette.name == "dark"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('base = "blue"', "base = 'blue' is no theme"),
        ('accnt = "#123456"', "accnt is no colour"),
        ('accent = "blue"', "accent = 'blue' is no colour"),
        ("accent = ", "mine.toml"),
    ],
)
def test_a_mistake_in_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, message: str
) -> None:
    own(tmp_path, monkeypatch, text)
    with pytest.raises(SettingsError, match=message):
        room_with("mine")


def test_one_that_is_not_there_is_told_with_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(SettingsError) as caught:
        palette("drak", {"CONTROLROOM_CONFIG_DIR": str(tmp_path)})
    assert "there is no such theme" in str(caught.value)
    assert "dark, light, contrast, sixteen" in caught.value.fix


def told(room: ControlRoom) -> list[str]:
    """What the room has said beside its panels."""
    return [str(one.message) for one in room._notifications]


def backgrounds(room: ControlRoom) -> set[str]:
    """Background colours on the top screen."""
    styles = [s.style for strip in room.screen._compositor.render_strips() for s in strip]
    return {one.bgcolor.name for one in styles if one and one.bgcolor}
