"""Manners towards the terminal: sizes, colours, signs, signals, a link that is thin or stuck."""

from __future__ import annotations

import os
import pty
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from controlroom import terminal
from controlroom.app import ControlRoom
from controlroom.model.frame import LOG, Frame
from controlroom.panes.layout import MINIMUM
from controlroom.screens.help import HelpDialog
from tests.room import frames
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import room_of, screen_text, source_of
from tests.room.test_keys import opened
from tests.terminal import Terminal
from tests.waiting import until

DEMO = (sys.executable, "-m", "tests.room.demo")


@pytest.fixture
def env() -> dict[str, str]:
    """A plain local environment with the probe."""
    shut_out = ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "COLORTERM")
    plain = {name: value for name, value in os.environ.items() if name not in shut_out}
    return {**plain, "CONTROLROOM_PROBE": "1", "LANG": "C.UTF-8"}


@pytest.fixture
def demo(env: dict[str, str]) -> Iterator[Terminal]:
    """The demo in a real terminal, with its first full frame drawn."""
    with Terminal(DEMO, env) as room:
        room.until("READY")
        yield room


@pytest.mark.processes
@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGTERM, 143), (signal.SIGHUP, 129)], ids=["term", "hup"]
)
def test_a_signal_restores_the_terminal(demo: Terminal, number: int, code: int) -> None:
    os.kill(demo.pid, number)
    assert demo.ended() == code
    sent = b"".join(data for _, data in demo.chunks)
    assert sent.rfind(b"\x1b[?1049l") > sent.rfind(b"\x1b[?1049h")
    assert sent.rfind(b"\x1b[?25h") > sent.rfind(b"\x1b[?25l")


@pytest.mark.processes
def test_a_closed_terminal_ends_the_room(demo: Terminal) -> None:
    demo.hang_up()
    assert demo.ended() == 129


@pytest.mark.processes
def test_a_closed_terminal_ends_a_room_that_no_signal_reaches(env: dict[str, str]) -> None:
    deaf = "import os, signal, sys; signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGHUP])"
    argv = (sys.executable, "-c", f"{deaf}; os.execv(sys.argv[1], sys.argv[1:])", *DEMO)
    with Terminal(argv, env) as room:
        room.until("READY")
        room.hang_up()
        assert room.ended() == 129


@pytest.mark.processes
def test_the_probe_counts_handled_keys(demo: Terminal) -> None:
    demo.send("j")
    demo.until("K:0001")
    demo.send("z")
    demo.until("K:0002")
    demo.send("q")
    assert demo.ended() == 0


@pytest.mark.processes
def test_the_mouse_is_left_to_the_terminal_and_taken_again(demo: Terminal) -> None:
    def sent(code: str) -> bool:
        return f"\x1b[?1000{code}".encode() in b"".join(data for _, data in demo.chunks[before:])

    before = len(demo.chunks)
    demo.send("M")
    demo.until("The terminal has the mouse")
    assert sent("l")
    assert not sent("h")
    before = len(demo.chunks)
    demo.send("M")
    demo.until("The room has the mouse")
    assert sent("h")
    assert not sent("l")


@pytest.mark.processes
def test_over_ssh_the_header_says_rate_and_cost(env: dict[str, str]) -> None:
    with Terminal(DEMO, {**env, "SSH_CONNECTION": "10.0.0.1 1 10.0.0.2 22"}) as room:
        room.until(r"ssh 5 Hz [1-9]\d* KB/s")


async def test_a_terminal_that_nobody_reads_takes_no_frame() -> None:
    master, slave = pty.openpty()
    with os.fdopen(master, "rb"), os.fdopen(slave, "wb", buffering=0) as stream:
        assert terminal.writable(stream)  # type: ignore[arg-type]
        os.set_blocking(stream.fileno(), False)

        def full() -> bool:
            # the kernel carries bytes on to the reader's side a moment later
            while stream.write(b"x" * 4096):
                pass
            return not terminal.writable(stream)  # type: ignore[arg-type]

        await until(full, "a terminal that takes no more")


@pytest.mark.processes
def test_without_colour_no_colour_is_sent_and_all_is_readable(env: dict[str, str]) -> None:
    with Terminal(DEMO, {**env, "NO_COLOR": "", "COLORTERM": "truecolor"}) as room:
        room.until("READY")
        sent = b"".join(data for _, data in room.chunks)
    sent = sent[: sent.rfind(b"m")]  # the last sequence may have been cut off
    shades = [part.split(b"m")[0].split(b";") for part in sent.split(b"\x1b[")]
    colours = {
        tuple(codes[i + 2 : i + 5])
        for codes in shades
        for i in range(len(codes) - 4)
        if codes[i] in (b"38", b"48") and codes[i + 1] == b"2"
    }
    assert len(colours) > 3
    assert all(len(set(rgb)) == 1 for rgb in colours), "every shade is a grey"


@pytest.mark.parametrize("scenario", ["bands", "worldcup"])
@pytest.mark.parametrize("state", ["calm", "loaded", "broken", "empty"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40), (200, 60)])
async def test_an_ascii_room_draws_ascii_only(
    state: str, scenario: str, size: tuple[int, int]
) -> None:
    frame: Frame = getattr(frames, state)(scenario)
    plain = frame.having(LOG, replace(frame[LOG], value=None))
    room = room_of(plain, ascii_only=True)
    async with room.run_test(size=size) as pilot:
        await pilot.pause()
        foreign = {c for c in screen_text(room) if not c.isascii()}
    assert foreign <= set("áéíóúüñ"), "only letters of the data"


async def test_a_terminal_that_is_too_small_says_what_it_needs() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(MINIMUM[0] - 1, MINIMUM[1])) as pilot:
        await pilot.pause()
        assert f"at least {MINIMUM[0]} x {MINIMUM[1]}" in screen_text(room)
        await pilot.resize_terminal(*MINIMUM)
        await until(lambda: "tallies" in screen_text(room), "the room is drawn")


async def test_the_first_picture_stands_before_the_feeds_start() -> None:
    seen: list[str] = []
    room = room_of(frames.empty())
    room.on_ready = lambda: seen.append(screen_text(room))
    async with room.run_test(size=(120, 40)):
        await until(lambda: seen, "the feeds are started")
    assert "redis: connecting" in seen[0]


async def test_a_source_that_is_away_leaves_the_others_alone() -> None:
    room = room_of(frames.broken())
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.pause()
        shown = screen_text(room)
        assert "redis: reconnecting in 4 s (connection refused" in shown
        assert "Start it: controlroom up" in shown
        assert "48,213" in shown, "the last good figures stay"
        assert "old: 1 m" in shown
        assert "5/7 live" in shown
        source_of(room).now = frames.loaded()
        await until(lambda: "7/7 live" in screen_text(room), "it is live again")
        assert "reconnecting" not in screen_text(room)


@pytest.mark.processes
def test_the_room_opens_without_any_client_library() -> None:
    heavy = {"aiokafka", "redis", "motor", "pymongo", "httpx", "grpc", "kubernetes", "locust"}
    code = f"import controlroom.app, sys; print(sorted({heavy!r} & set(sys.modules)))"
    import subprocess

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_the_room_draws_as_often_as_is_set() -> None:
    source, moments = FixedSource(frames.loaded("bands")), list[float]()

    def now() -> float:
        moments.append(time.monotonic())
        return frames.NOW

    room = ControlRoom(source, RecordedCommands(), fps=2, clock=now)
    async with room.run_test():
        begun = source.asked
        await until(lambda: source.asked >= begun + 5, "five more frames")
    drawn = moments[-5:]
    # one that came late makes the next wait shorter, and not all four of them
    assert drawn[-1] - drawn[0] > 1, drawn


async def test_what_changes_as_all_is_painted_anew_is_seen_under_a_dialog() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("question_mark")
        await opened(room, HelpDialog)
        locked = replace(frames.calm(), read_only=True)
        source_of(room).now = locked
        room.room.show(locked)
        await until(lambda: room.room.header in room.room._dirty_widgets, "it is due", every=0)
        room.room.refresh()
        await until(lambda: " read-only " in screen_text(room).splitlines()[0], "it is seen")


async def test_a_key_that_is_held_down_says_its_sentence_once() -> None:
    words = [f"sentence {n}." for n in range(5)]
    room = room_of(frames.calm())
    room.NOTIFICATION_TIMEOUT = 600  # type: ignore[misc]

    def shown() -> list[int]:
        return [screen_text(room).count(one) for one in words]

    async with room.run_test(size=(120, 40), notifications=True):
        for one in (words[0], *[words[1]] * 5):
            room.notify(one)
        await until(lambda: shown() == [1, 1, 0, 0, 0], "each stands there once")
        for one in words[2:]:
            room.notify(one)
        await until(lambda: shown() == [0, 0, 1, 1, 1], "the newest three do")
