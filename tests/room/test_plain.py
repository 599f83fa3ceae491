"""A room of ASCII has no other sign anywhere: not in dialogs, lists, messages or scroll bars."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from textual._border import BORDER_CHARS
from textual.scrollbar import ScrollBarRender

from controlroom.screens.plain import plain
from tests.own_stack import OwnStack
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.terminal import Terminal

LETTERS = frozenset("áéíóúñüÁÉÍÓÚÑ")
"""Of names in the events themselves."""
SIZES = {"small": (80, 24), "usual": (120, 40)}
WALK = (
    *("question_mark", "l", "c", "s", "t", "f", "P", "exclamation_mark", "ctrl+p", "colon", "e"),
    *("E", "E E", "E enter", "i", "u", "slash", "o", "R", "c enter", "y", "T", "M", "5 left m"),
    *("1 enter", "2 enter", "3 enter", "3 enter enter", "4 enter", "4 enter enter", "6 enter"),
)
"""Keys from the room to each dialog, page and message."""


@pytest.mark.long
@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("keys", WALK)
async def test_all_that_opens_is_drawn_in_ascii(keys: str, size: str) -> None:
    room = room_of(frames.loaded(), ascii_only=True)
    async with room.run_test(size=SIZES[size], notifications=True) as pilot:
        for key in keys.split():
            await pilot.press(key)
        await pilot.pause()
        drawn = plain(screen_text(room))
    others = {sign for sign in drawn if not sign.isascii()} - LETTERS
    assert not others


def test_every_border_and_scroll_bar_has_a_sign_as_wide() -> None:
    borders = {sign for rows in BORDER_CHARS.values() for row in rows for sign in row}
    bars = {*ScrollBarRender.VERTICAL_BARS, *ScrollBarRender.HORIZONTAL_BARS}
    for sign in borders | bars:
        assert plain(sign).isascii(), sign
        assert len(plain(sign)) == len(sign)
    assert plain("Sueños Líquidos") == "Sueños Líquidos"


@pytest.mark.processes
def test_a_terminal_without_utf_8_gets_ascii_only(tmp_path: Path) -> None:
    env = {**OwnStack(tmp_path / "state").env, "LANG": "C", "LC_ALL": "C", "CONTROLROOM_PROBE": "1"}
    with Terminal((sys.executable, "-m", "controlroom", "demo"), env) as demo:
        demo.until("1 tallies", 60)
        dialogs = (("?", "in a panel"), (":", "tab completes"), ("\x10", "Find an"))
        for number, (key, shown) in enumerate(dialogs, 1):
            demo.send(key)
            demo.until(shown)
            demo.send("\x1b")
            demo.until(f"K:{2 * number:04d}")
        sent = b"".join(data for _, data in demo.chunks).decode()
    others = {sign for sign in sent if not sign.isascii()} - LETTERS
    assert not others
