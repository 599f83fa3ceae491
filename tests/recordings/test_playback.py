"""The room on a recording: it holds, steps, seeks, goes faster, and refuses every act."""

from __future__ import annotations

import os
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.app import ControlRoom
from controlroom.cli import demo
from controlroom.cli.demo import FILE
from controlroom.commands.registry import with_key
from controlroom.model.frame import BOOKS, RUNS, TALLIES, Curve
from controlroom.recordings.errors import RecordingError
from controlroom.recordings.playback import REFUSED, UNASKED, Playback
from controlroom.recordings.reader import Recording
from tests.recordings.reports import T0, written
from tests.room import frames
from tests.room.rooms import room_of, screen_text, source_of
from tests.terminal import Terminal
from tests.waiting import until

WIDE = (120, 40)


class Clock:
    """Goes only when it is told."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture(scope="module")
def recording(tmp_path_factory: pytest.TempPathFactory) -> Recording:
    """Two minutes."""
    path = tmp_path_factory.mktemp("recording") / "a.crec"
    written(path, 120)
    return Recording(path)


def playing(recording: Recording, **more: object) -> tuple[Playback, Clock]:
    """A playback on a clock that stands still."""
    clock = Clock()
    return Playback(recording, clock=clock, **more), clock  # type: ignore[arg-type]


def room_on(playback: Playback) -> ControlRoom:
    """As `controlroom replay` opens it."""
    return ControlRoom(playback, playback, read_only=True, playback=playback)


def at(playback: Playback) -> float:
    return playback.frame(0.0).now - T0


def test_time_goes_as_it_is_told(recording: Recording) -> None:
    playback, clock = playing(recording)
    clock.now += 10
    assert at(playback) == 10
    playback.faster(2)
    clock.now += 10
    assert at(playback) == 50
    playback.hold()
    clock.now += 10
    assert at(playback) == 50
    assert playback.calm
    playback.step(-1)
    assert at(playback) == 49
    playback.hold()
    playback.faster(-9)
    clock.now += 4
    assert at(playback) == 50
    playback.seek(-1000)
    assert at(playback) == 0


def test_it_stops_at_its_end_and_says_so_or_begins_again(recording: Recording) -> None:
    playback, clock = playing(recording, speed=64.0)
    clock.now += 100
    assert playback.said.endswith("end")
    playback.hold()
    assert at(playback) == 0
    playback, clock = playing(recording, loop=True, word="demo")
    clock.now += 200
    assert at(playback) == 0
    assert playback.said.startswith("demo")
    assert playback.said.endswith("round 2")
    with pytest.raises(RecordingError, match="--speed 3"):
        playing(recording, speed=3.0)


async def test_keys_move_about_in_it_and_the_header_says_where(recording: Recording) -> None:
    playback, _ = playing(recording)
    room = room_on(playback)

    async def header(words: str) -> None:
        await until(lambda: words in screen_text(room).splitlines()[0], f"it says {words}", 30)

    async with room.run_test(size=WIDE) as pilot:
        await header("x1")
        await pilot.press("greater_than_sign", "greater_than_sign")
        await header("x4")
        await pilot.press("less_than_sign")
        await header("x2")
        await pilot.press("right_square_bracket")
        assert at(playback) == room.room.time.window / 5
        await pilot.press("space")
        await header("held")
        await pilot.press("full_stop", "full_stop", "comma")
        assert at(playback) == 61
        assert "r-0042" in screen_text(room)
        await pilot.press("left_square_bracket")
        assert at(playback) == 1
        await pilot.press("L")
        await header("end")


async def test_every_act_is_refused_with_a_clear_word(recording: Recording) -> None:
    playback, _ = playing(recording)
    room = room_on(playback)
    said: list[str] = []
    room.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
    async with room.run_test(size=WIDE) as pilot:
        acts = [one for one in with_key(False) if one.dangerous]
        for one in acts:
            await pilot.press(one.key)
        assert said == [REFUSED] * len(acts)
        await pilot.press("colon", *"down", "enter")
        await until(lambda: UNASKED in " ".join(screen_text(room).split()), "it is refused", 30)


async def test_a_question_is_not_told_that_it_would_change_something(recording: Recording) -> None:
    playback, _ = playing(recording)
    room = room_on(playback)
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter", "slash", *"nobody says this", "enter")
        await until(lambda: UNASKED in " ".join(screen_text(room).split()), "it is said", 30)
        assert REFUSED not in " ".join(screen_text(room).split())
    for question in (playback.effects, playback.chaos_files):
        with pytest.raises(RecordingError, match="no target behind it"):
            await question()


async def test_the_shipped_demo_has_a_load_a_fault_and_its_recovery() -> None:
    playback, clock = playing(Recording(FILE), loop=True, word="demo")
    assert FILE.stat().st_size < 400_000
    clock.now += 130
    frame = playback.frame(0.0)
    assert {mark.sign for mark in frame.marks} >= {"load", "fault", "recovered"}
    lag = [figure for _, figure in frame.curves[3].points if figure is not None]
    assert max(lag) > 500
    assert lag[-1] < 200
    books, runs = frame[BOOKS].value, frame[RUNS].value
    assert books is not None
    assert runs is not None
    assert not books.books.faults
    async with room_on(playback).run_test(size=WIDE) as pilot:
        room = pilot.app
        assert isinstance(room, ControlRoom)
        await until(lambda: "demo" in screen_text(room).splitlines()[0], "it says demo", 30)


def test_the_demo_begins_shortly_before_something_happens() -> None:
    clock = Clock()
    shown = demo.playback(clock=clock)
    frame = shown.frame(0.0)
    assert frame[TALLIES].value is not None
    assert not frame.marks
    clock.now += 6
    assert [mark.sign for mark in shown.frame(0.0).marks] == ["load"]


async def test_the_time_axis_goes_back_while_live_data_goes_on() -> None:
    base = frames.loaded()
    points = tuple((frames.NOW // 10 * 10 - n * 10, 7.0) for n in range(2000, 30, -1))
    past = tuple(Curve(one.name, one.unit, points) for one in base.curves)
    room = room_of(replace(base, past=past))

    def panel() -> str:
        return screen_text(room)

    async with room.run_test(size=WIDE) as pilot:
        await until(lambda: "now" in panel(), "the axis is there", 30)
        assert "PAST" not in panel()
        await pilot.press(*["left_square_bracket"] * 20)
        await until(lambda: "PAST" in panel() and "L live" in panel(), "it says the past", 30)
        end = room.room.time.until
        assert end == frames.NOW - 20 * 60
        assert any("\u2800" < sign <= "\u28ff" for sign in panel())
        source_of(room).now = replace(base, past=past, now=frames.NOW + 5)
        room.tick()
        assert room.room.time.until == end
        await pilot.press("right_square_bracket")
        assert room.room.time.until == frames.NOW - 19 * 60
        await pilot.press("L")
        await until(lambda: "PAST" not in panel(), "it is now again", 30)


async def test_what_moves_a_recording_says_so_in_a_live_room() -> None:
    room = room_of(frames.calm())
    said: list[str] = []
    room.notify = lambda message, **_: said.append(message)  # type: ignore[method-assign]
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("greater_than_sign", "less_than_sign", "full_stop", "comma")
    assert len(said) == 4
    assert all("no recording" in one for one in said)


@pytest.mark.processes
def test_the_demo_opens_without_any_engine(tmp_path: Path) -> None:
    environ = {**os.environ, "CONTROLROOM_STATE_DIR": str(tmp_path), "LANG": "C.UTF-8"}
    with Terminal((sys.executable, "-m", "controlroom", "demo"), environ) as room:
        room.until(r"demo \d\d:\d\d:\d\d x1")
        room.until("all \\(5 rows\\)")
        # of a core, as a clock would tell of the other tests
        assert room.cpu_seconds() < 2.0
        room.send("q")
        assert room.ended() == 0
    assert list(tmp_path.iterdir()) == []
