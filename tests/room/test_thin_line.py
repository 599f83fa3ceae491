"""What a dialog costs the line that it is sent over."""

from __future__ import annotations

import os
import time

import pytest

from tests.room.test_manners import DEMO
from tests.terminal import Terminal

pytestmark = pytest.mark.processes

SECONDS = 3.0
CLOCKS = 1500
"""Bytes a second that the parts of a still room take which only time changes, the age of what is
shown above all; twice, as those behind a dialog are sent in its shade."""


def _rate(room: Terminal, seconds: float = SECONDS) -> float:
    """Bytes a second."""
    before, began = room.received, time.monotonic()
    time.sleep(seconds)
    return (room.received - before) / (time.monotonic() - began)


def _rests(room: Terminal, seconds: float = 30.0) -> None:
    """Waits until nothing is sent but what only time changes."""
    deadline = time.monotonic() + seconds
    while (rate := _rate(room, 1.0)) > CLOCKS:
        assert time.monotonic() < deadline, f"{rate:.0f} bytes a second are sent without end"


def test_an_open_dialog_costs_what_the_still_room_costs() -> None:
    shut_out = ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY")
    plain = {name: value for name, value in os.environ.items() if name not in shut_out}
    env = {**plain, "CONTROLROOM_PROBE": "1", "DEMO_STILL": "1", "LANG": "C.UTF-8"}
    with Terminal(DEMO, env) as room:
        room.until("READY", 60)
        _rests(room)
        screen = room.received
        idle = _rate(room)
        for key, words in (
            ("?", "Start a load run"),
            ("l", "Start load"),
            ("\x10", "Find an action"),
        ):
            before = room.received
            room.send(key)
            room.until(words, 60)
            _rests(room)
            opening = room.received - before
            assert opening < 1.5 * screen, f"{words}: {opening} bytes, a whole screen is {screen}"
            open_rate = _rate(room)
            assert open_rate < 2 * idle + CLOCKS, f"{words}: {open_rate:.0f}, idle {idle:.0f}"
            room.send("\x1b")
            room.until_gone(words)
            # the room that comes back is sent after the first words of the dialog are gone
            _rests(room)
