"""All panels show the moment of the time cursor, and never another one as that."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from dataclasses import replace
from typing import Any

import pytest

from controlroom.app import ControlRoom
from controlroom.model.frame import BOOKS, FLEET, TALLIES, Frame
from controlroom.screens.looking import Looking
from tests.room import frames
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import calls_of, screen_text
from tests.waiting import until

NOW = frames.NOW
SIZES = ((200, 60), (120, 40), (80, 24))


class Remembering(FixedSource):
    """What was, is an earlier frame; of a moment that nobody kept there is none."""

    def __init__(self, now: Frame, then: Frame | None) -> None:
        super().__init__(now)
        self.then = then
        self.asked_for: list[float] = []

    def past(self, at: float) -> Frame | None:
        self.asked_for.append(at)
        return None if self.then is None else replace(self.then, now=at)


def room_with(then: Frame | None, now: Frame | None = None, **more: Any) -> ControlRoom:
    source = Remembering(now or frames.loaded(), then)
    return ControlRoom(source, RecordedCommands(), clock=lambda: NOW, **more)


def titles(room: ControlRoom) -> dict[str, str]:
    """Panel -> its upper edge, of those that are seen."""
    return {name: pane._rows[0].text for name, pane in room.room.panes.items() if pane.display}


def looks_back(room: ControlRoom) -> Callable[[], bool]:
    return lambda: any("AT " in edge for name, edge in titles(room).items() if name != "time")


@pytest.mark.parametrize("size", SIZES, ids=["200x60", "120x40", "80x24"])
async def test_every_panel_is_of_the_moment_and_says_so(size: tuple[int, int]) -> None:
    room = room_with(frames.calm())
    async with room.run_test(size=size) as pilot:
        await pilot.press("5", "left")
        await until(looks_back(room), "the moment is shown")
        others = {name: edge for name, edge in titles(room).items() if name != "time"}
        assert others
        assert all("AT " in edge for edge in others.values())
        assert "AT " in screen_text(room).splitlines()[0]
        assert "ago" in screen_text(room).splitlines()[0]
        assert room.room.tallies.frame is not None
        assert room.room.tallies.frame[TALLIES] == frames.calm()[TALLIES]
        assert room.room.header.frame is room.source.now  # type: ignore[attr-defined]
        await pilot.press("L")
        await until(lambda: not looks_back(room)(), "it is now again")
        assert room.room.tallies.frame[TALLIES] == frames.loaded()[TALLIES]
        assert "ago" not in screen_text(room).splitlines()[0]


async def test_in_ascii_and_without_colour_the_words_are_there_too() -> None:
    room = room_with(frames.calm(), ascii_only=True)
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        await until(looks_back(room), "the moment is shown")
        drawn = {sign for sign in screen_text(room) if sign > "\u2000"}
        assert not drawn, "names of bands are data, and stay as they are"


@pytest.mark.parametrize("size", SIZES, ids=["200x60", "120x40", "80x24"])
async def test_what_was_not_kept_shows_no_figure_of_now(size: tuple[int, int]) -> None:
    room = room_with(None)
    async with room.run_test(size=size) as pilot:
        await pilot.press("5", "left")
        await until(looks_back(room), "the moment is shown")
        for name, pane in room.room.panes.items():
            if name != "time" and pane.display:
                assert "Nothing was kept" in pane.words, name
        assert "lost" not in screen_text(room).replace("nothing was kept of it", "")


async def test_another_scenario_or_target_is_none_of_this_one() -> None:
    room = room_with(replace(frames.calm(), scenario="worldcup"))
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        await until(lambda: "Nothing was kept" in room.room.tallies.words, "it is not shown")


async def test_the_axis_the_strip_and_acts_stay_with_the_present() -> None:
    old = frames.calm()
    room = room_with(old)
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("5", "left")
        await until(looks_back(room), "the moment is shown")
        live = room.source.now  # type: ignore[attr-defined]
        for name in ("header", "tabs", "time", "strip", "footer"):
            assert room.room.parts[name].frame is live, name
        assert room.below.frame() is live, "dialogs and pages look at the present"
        source = room.source
        assert isinstance(source, Remembering)
        source.now = replace(live, now=NOW + 1).having(BOOKS, live[BOOKS])
        room.tick()
        assert room.room.header.frame is source.now, "what is live goes on"
        assert room.room.fleet.frame is not None
        assert room.room.fleet.frame[FLEET] == old[FLEET]
    assert calls_of(room) == []


@pytest.fixture
async def slow() -> AsyncIterator[tuple[Looking, list[float], dict[float, threading.Event]]]:
    """One that reads a moment only when it is let; what it was asked, in order."""
    asked: list[float] = []
    gates = {at: threading.Event() for at in (1.0, 2.0, 3.0, 4.0)}
    tasks: list[asyncio.Task[None]] = []

    def read(at: float) -> Frame:
        asked.append(at)
        assert gates[at].wait(30)
        return replace(frames.calm(), now=at)

    def work(todo: Coroutine[Any, Any, None], _name: str) -> None:
        tasks.append(asyncio.create_task(todo))

    yield Looking(read, work, lambda: None), asked, gates
    for gate in gates.values():
        gate.set()
    await asyncio.gather(*tasks)


async def test_what_is_read_late_is_not_shown_and_a_held_key_leaves_no_queue(
    slow: tuple[Looking, list[float], dict[float, threading.Event]],
) -> None:
    looking, asked, gates = slow
    now = frames.calm()
    looking.frame(1.0, now)
    await until(lambda: asked == [1.0], "the first is being read")
    for at in (2.0, 3.0, 4.0):
        assert looking.frame(at, now) is None
    gates[1.0].set()
    await until(lambda: asked == [1.0, 4.0], "the newest comes next")
    assert looking.frame(4.0, now) is None, "the first one came too late to be shown"
    gates[4.0].set()
    await until(lambda: looking.frame(4.0, now) is not None, "the newest is there")
    found = looking.frame(4.0, now)
    assert found is not None
    assert found.looked_at == 4.0


async def test_back_in_the_present_nothing_of_the_past_comes_after(
    slow: tuple[Looking, list[float], dict[float, threading.Event]],
) -> None:
    looking, asked, gates = slow
    now = frames.calm()
    looking.frame(1.0, now)
    await until(lambda: asked == [1.0], "it is being read")
    assert looking.frame(None, now) is None
    gates[1.0].set()
    await until(lambda: not looking._reading, "it was read")
    assert looking.frame(None, now) is None


async def test_another_target_is_read_anew(
    slow: tuple[Looking, list[float], dict[float, threading.Event]],
) -> None:
    looking, _, gates = slow
    now = frames.calm()
    gates[1.0].set()
    looking.frame(1.0, now)
    await until(lambda: looking.frame(1.0, now) is not None, "it was read")
    other = replace(now, target="b")
    assert looking.frame(1.0, other) is None, "what is of one target is not shown of another"
    await until(lambda: looking.frame(1.0, other) is not None, "it was read")
    found = looking.frame(1.0, other)
    assert found is not None
    assert found.target == "b"
    assert found[TALLIES].value is None, "which had kept nothing here"
