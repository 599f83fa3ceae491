"""Pages above the room: where one is, keys, questions that wait, fail and come back."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from controlroom.app import ControlRoom
from controlroom.model.fleet import FleetEvent
from controlroom.model.frame import FLEET, LOG, Frame
from controlroom.screens.help import HelpDialog
from controlroom.screens.page import Line, Page
from controlroom.screens.pages.fleet import DeploymentPage, PodPage
from controlroom.screens.pages.log import LogPage
from controlroom.screens.runs import RunsPage
from controlroom.targets.abilities import Unreachable
from tests.room import frames
from tests.room.rooms import room_of, screen_text

SIZES = [(60, 16), (120, 40)]


class Words(Page):
    """Sixty lines, each of which opens the same again."""

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """Numbered."""
        style = self.below.look.text
        return [
            Line(((f"line {n}", style),), opens=lambda n=n: Words(self.below, f"l{n}"))  # type: ignore[misc]
            for n in range(60)
        ]


class Asking(Page):
    """Asks what the test lets it have."""

    every = 0.05

    def __init__(self, room: ControlRoom) -> None:
        super().__init__(room.below, "asking")
        self.gate = asyncio.Event()
        self.away = False
        self.asked = 0

    async def load(self) -> None:
        """Waits, fails or answers."""
        self.asked += 1
        await self.gate.wait()
        if self.away:
            raise Unreachable("Redis cannot be reached.", "See `controlroom status`.")

    def lines(self, frame: Frame, width: int) -> Sequence[Line]:
        """One."""
        return [Line((("the answer", self.below.look.text),))]


@pytest.mark.parametrize("size", SIZES, ids=str)
async def test_it_says_where_one_is_and_esc_goes_back_one_page(size: tuple[int, int]) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=size) as pilot:
        room.push_screen(Words(room.below, "fleet", "consumer"))
        await pilot.press("j", "j", "enter")
        assert "room › fleet › consumer › l2" in screen_text(room)
        await pilot.press("G")
        assert "line 59" in screen_text(room)
        assert f"of {60}" in screen_text(room)
        await pilot.press("q")
        assert "fleet › consumer " in screen_text(room)
        await pilot.press("escape")
        assert room.screen is room.room


async def test_a_question_waits_fails_and_comes_back_and_never_holds_up_a_key() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        page = Asking(room)
        room.push_screen(page)
        await pilot.pause()
        page.draw()
        assert "asking…" in screen_text(room)
        page.gate.set()
        await _until(pilot, lambda: "the answer" in screen_text(room))
        page.away = True
        await _until(pilot, lambda: "Redis cannot be reached." in screen_text(room))
        assert "the answer" in screen_text(room), "what was known stays"
        page.away = False
        await pilot.press("r")
        await _until(pilot, lambda: "cannot be reached" not in screen_text(room))
        await pilot.press("escape")
        asked = page.asked
        await asyncio.sleep(0.2)
        assert page.asked == asked, "a page that was left asks nothing"


async def test_the_number_of_a_panel_goes_back_to_it_and_stop_all_is_reached() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 40)) as pilot:
        room.push_screen(Words(room.below, "a"))
        await pilot.press("enter", "z", "4")
        assert room.screen is room.room
        assert room.room.current == "fleet"
        assert not room.room.zoomed
        room.push_screen(Words(room.below, "a"))
        await pilot.press("exclamation_mark")
        assert "stop" in screen_text(room).casefold()
        await pilot.press("escape")
        assert isinstance(room.screen, Words)


def said(room: ControlRoom) -> str:
    """The newest sentence in the corner."""
    return [one.message for one in room._notifications][-1] if room._notifications else ""


LABELS = {"slash": "/", "ampersand": "&", "plus": "+", "minus": "-"}


async def test_a_key_of_the_room_says_that_it_is_one_and_does_nothing() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        page = Words(room.below, "a")
        room.push_screen(page)
        before = room.room.layout_now
        for key in (*LABELS, *"nNpxwzOSo", "tab", "shift+tab"):
            room.clear_notifications()
            await pilot.press(key, "j", key)
            label = LABELS.get(key, key)
            told = [one.message for one in room._notifications]
            assert told == [f"{label} is a key of the room and does nothing here: esc goes back."]
        assert room.screen is page
        assert room.room.layout_now == before


async def test_keys_that_a_page_understands_say_nothing() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        room.push_screen(LogPage(room.below))
        await pilot.press("slash", *"zpx", "escape", "k", "j", "g", "G")
        assert not said(room)


@pytest.mark.parametrize("size", [(60, 16), (80, 24), (120, 40)], ids=str)
@pytest.mark.parametrize(
    ("kind", "first"),
    [(LogPage, "s look in the store"), (Words, "esc q one page back"), (RunsPage, "enter one run")],
)
async def test_help_begins_with_the_keys_of_the_page_that_is_open(
    size: tuple[int, int], kind: type[Page], first: str
) -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=size) as pilot:
        if kind is RunsPage:
            await pilot.press("E")
            await _until(pilot, lambda: isinstance(room.screen, RunsPage))
        else:
            room.push_screen(kind(room.below))
        await pilot.press("question_mark")
        await _until(pilot, lambda: isinstance(room.screen, HelpDialog))
        await pilot.pause()
        rows = screen_text(room).splitlines()
        top = next(n for n, row in enumerate(rows) if "─ help ─" in row)
        heading, row = rows[top + 1 : top + 3]
        assert "on this page" in heading
        assert first in " ".join(row.split())


def long_log() -> Frame:
    """Documents and events of a pod with more text than any row has room for."""
    frame = frames.loaded()
    log, fleet = frame[LOG].value, frame[FLEET].value
    assert log is not None
    assert fleet is not None
    lines = tuple(replace(line, text=f"{line.text} {'and more ' * 40}") for line in log.lines)
    pod = fleet.pods[0]
    event = FleetEvent(frames.NOW, "Pod", pod.name, "BackOff", "again and again " * 20)
    frame = frame.having(LOG, replace(frame[LOG], value=replace(log, lines=lines)))
    return frame.having(FLEET, replace(frame[FLEET], value=replace(fleet, events=(event,))))


async def test_a_line_that_is_cut_says_so() -> None:
    frame = long_log()
    fleet = frame[FLEET].value
    assert fleet is not None
    pod = fleet.pods[0]
    room = room_of(frame)
    async with room.run_test(size=(80, 24)) as pilot:
        events = PodPage(room.below, pod.name)
        # its log is asked for in vain here; what happened to it is in the frame
        events.events, events.answered = True, frames.NOW
        for page, words in (
            (LogPage(room.below), "and more"),
            (DeploymentPage(room.below, pod.deployment), "again and"),
            (events, "again and"),
        ):
            room.push_screen(page)
            await _until(pilot, lambda words=words: words in screen_text(room))
            rows = [row.rstrip() for row in screen_text(room).splitlines() if words in row]
            assert rows
            assert {row[-1] for row in rows} == {"…"}
            assert {len(row) for row in rows} <= {79, 80}


async def test_copying_takes_the_row_or_all_of_them() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        room.push_screen(Words(room.below, "a"))
        await pilot.press("j", "y")
        assert room.clipboard == "line 1"
        await pilot.press("Y")
        assert room.clipboard.splitlines()[59] == "line 59"


async def _until(pilot: object, there: object) -> None:
    async with asyncio.timeout(30):
        while not there():  # type: ignore[operator]
            await pilot.pause(0.02)  # type: ignore[attr-defined]
