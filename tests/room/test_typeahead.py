"""Keys that are typed faster than dialogs open."""

from __future__ import annotations

import asyncio
import os
import random
from collections.abc import Awaitable, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from controlroom.app import ControlRoom
from controlroom.commands.chaos import StartFault
from controlroom.screens.chaos import ChaosDialog
from controlroom.screens.confirm import Confirm
from controlroom.screens.load import LoadDialog
from controlroom.screens.prompt import FilterDialog, ScaleDialog
from controlroom.targets.abilities import Preview
from tests.room import frames
from tests.room.fakes import KILL, RecordedCommands
from tests.room.rooms import calls_of, room_of
from tests.room.test_effects import FAULT, LOAD
from tests.room.typing import Met, burst, handled, watched
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE = (120, 40)
STEPS = int(os.environ.get("CONTROLROOM_FUZZ_STEPS", "500"))
"""Keys of the fuzz, in bursts of 1 to 40; 10,000 take some minutes."""
SEED = int(os.environ.get("CONTROLROOM_FUZZ_SEED", "11"))


async def test_what_follows_the_slash_is_the_filter() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE):
        burst(room, "/Alux1\r")
        await handled(room)
        assert room.room.log_pane.needle == "Alux1"
        assert room.screen is room.room
        assert room.room.current == "log"
    assert calls_of(room) == []


async def test_every_dialog_takes_the_keys_that_follow_its_key() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE):
        met = watched(room)
        for opens, kind in (("s", ScaleDialog), ("l", LoadDialog), ("/", FilterDialog)):
            burst(room, f"{opens}7")
            await handled(room)
            assert isinstance(room.screen, kind)
            assert [each.kind for each in met[-2:]] == ["RoomScreen", kind.__name__]
            burst(room, ["escape"])
            await handled(room)


async def test_a_key_that_closes_a_dialog_gives_the_next_one_to_the_room() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE):
        burst(room, "?\x1bz")
        await handled(room)
        assert room.screen is room.room
        assert room.room.zoomed


async def test_keys_go_through_a_whole_course_of_questions() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE):
        burst(room, ["c", "\r", "y", "z"])
        await handled(room)
        assert room.room.zoomed
    assert calls_of(room) == [("chaos", KILL)]


async def test_the_palette_runs_what_was_typed_and_not_what_it_showed_before() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE):
        burst(room, ["ctrl+p", *"purge", "\r", *"bands", "\r"])
        await handled(room)
    assert calls_of(room) == [("purge",)]


class Gated(RecordedCommands):
    """Answers nothing before the gate is open."""

    def __init__(self) -> None:
        super().__init__()
        self.gate = asyncio.Event()

    async def preview_restart(self, deployment: str) -> Preview:
        await self.gate.wait()
        return await super().preview_restart(deployment)

    async def preview_fault(self, act: StartFault) -> Preview:
        await self.gate.wait()
        return await super().preview_fault(act)

    async def before_load(self) -> None:
        await self.gate.wait()


@pytest.fixture
def gated() -> tuple[ControlRoom, Gated]:
    """A room whose world takes its time."""
    room, commands = room_of(frames.calm()), Gated()
    room.commands = commands
    return room, commands


async def test_keys_wait_for_a_dialog_that_is_long_in_coming(
    gated: tuple[ControlRoom, Gated],
) -> None:
    room, commands = gated
    async with room.run_test(size=WIDE) as pilot:
        burst(room, "Ryz")
        for _ in range(5):
            await pilot.pause()
        assert not room.room.zoomed, "the room has not seen what follows"
        commands.gate.set()
        await handled(room)
        assert room.room.zoomed
    assert [call[0] for call in commands.calls] == ["restart"]


async def test_enter_waits_with_what_follows_for_the_preview(
    gated: tuple[ControlRoom, Gated],
) -> None:
    room, commands = gated
    async with room.run_test(size=WIDE) as pilot:
        burst(room, ["c", "\r", "y"])
        for _ in range(5):
            await pilot.pause()
        assert isinstance(room.screen, ChaosDialog)
        commands.gate.set()
        await handled(room)
    assert commands.calls == [("chaos", KILL)]


async def test_enter_twice_starts_one_load(gated: tuple[ControlRoom, Gated]) -> None:
    room, commands = gated
    async with room.run_test(size=WIDE):
        burst(room, "l\r")
        await until(lambda: isinstance(room.screen, LoadDialog), "the dialog")
        await handled(room)  # after a while keys go to the form again, so that esc leaves it
        burst(room, "\r\r")
        await handled(room)
        commands.gate.set()
        await until(lambda: room.screen is room.room, "the dialog is closed")
    assert [call[0] for call in commands.calls] == ["load"]


async def test_ctrl_c_waits_for_no_dialog(gated: tuple[ControlRoom, Gated]) -> None:
    room, commands = gated
    async with room.run_test(size=WIDE):
        burst(room, "Ry")
        await until(lambda: room._typeahead.holding, "the question is asked for")
        burst(room, ["ctrl+c"])
        await until(lambda: room._exit, "the room ends")
    assert commands.calls == []


async def test_a_dialog_answers_once_and_takes_no_other_screen_away() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=WIDE) as pilot:
        burst(room, "?")
        await handled(room)
        below = room.screen
        above = Confirm("above", [], "Do", "do")
        await room.push_screen(above)
        below.dismiss(None)
        await pilot.pause()
        assert room.screen is above


WORDS = (
    *("consumer\r", "stop\r", "bands\r", "Alux1", "\x1b\x1b", "5\r"),
    *("l\r", "c\ry", "Ry", "s3\ry", "Pbands\r", "!stop\r", "f\ry", "fuy", "/lux\r", ":books\r\x1b"),
)
KEYS = (
    *("down", "up", "left", "right", "escape", "\x1b", "\x7f", "ctrl+p", "f1"),
    *"lcsRfP!/:?pyYrvznNuoiELebmwTACOS&{}[]0123456+-q \r\t",
)
SIZES = ((60, 15), (80, 24), (120, 40), (200, 60), (40, 10))


class Slow(RecordedCommands):
    """Answers after a turn of the loop or some, and notes after how many keys it was asked."""

    def __init__(self, met: Sequence[Met], dice: random.Random) -> None:
        super().__init__()
        self.acts: list[tuple[int, tuple[object, ...]]] = []
        self.holding = [FAULT, LOAD]
        self._met = met
        self._dice = dice

    def _note(self, *call: object) -> str:
        self.acts.append((len(self._met), call))
        return super()._note(*call)

    def __getattribute__(self, name: str) -> Any:
        found = super().__getattribute__(name)
        if name in ("chaos_files", "preview_fault", "preview_restart", "effects"):
            return self._late(found)
        return found

    def _late(self, question: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def late(*given: Any) -> Any:
            await asyncio.sleep(self._dice.choice((0.0, 0.0, 0.002)))
            return await question(*given)

        return late


def a_burst(dice: random.Random) -> list[str]:
    """1 to 40 keys: words that go through dialogs among keys that open others."""
    keys: list[str] = []
    wanted = dice.randint(1, 40)
    while len(keys) < wanted:
        keys += dice.choice(WORDS) if dice.random() < 0.3 else [dice.choice(KEYS)]
    return keys[:wanted]


COURSES = {
    "load": ("l", ["LoadDialog"]),
    "chaos": ("c", ["ChaosDialog", "Confirm"]),
    "scale": ("s", ["ScaleDialog", "Confirm"]),
    "restart": ("R", ["Confirm"]),
    "purge": ("P", ["Confirm"]),
    "stop_all": ("exclamation_mark", ["Confirm"]),
    "pause_fault": ("f", ["EffectsDialog", "Confirm"]),
    "resume_fault": ("f", ["EffectsDialog", "Confirm"]),
    "stop": ("f", ["EffectsDialog", "Confirm"]),
    "stop_load": ("f", ["EffectsDialog", "Confirm"]),
}
HEADINGS = {
    "pause_fault": "pause", "resume_fault": "resume", "stop": "end", "stop_load": "end",
    "stop_all": "stop all",
}  # fmt: skip


def meant(call: tuple[object, ...], met: Sequence[Met]) -> bool:
    """Whether its own key, its dialogs and its confirmation came in this order, and nothing else
    between them. `met` ends with the key that set it off."""
    name = str(call[0])
    opens, dialogs = COURSES[name]
    spans: list[list[Met]] = []
    for each in reversed(met):
        if not spans or spans[-1][-1].screen != each.screen:
            if len(spans) == len(dialogs) + 1:
                break
            spans.append([])
        spans[-1].append(each)
    asked, origin = spans[: len(dialogs)], spans[len(dialogs)]
    if [span[0].kind for span in asked] != dialogs[::-1]:
        return False
    heading = asked[0][0].heading
    if name != "load" and not heading.startswith(HEADINGS.get(name, (name,))):
        return False
    by_palette = origin[0].kind == "CommandPalette" and origin[0].key == "enter"
    return (by_palette or origin[0].key == opens) and met[-1].key in ("y", "enter", "space")


@pytest.fixture
def apart(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is exported or saved goes into a folder of the test's own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path / "config"))


@pytest.mark.long
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("read_only", [False, True], ids=["writing", "read-only"])
async def test_bursts_do_only_what_was_meant(apart: None, read_only: bool) -> None:
    dice = random.Random(SEED)
    room = room_of(frames.loaded(), read_only=read_only)
    room.do_quit = lambda: None  # type: ignore[method-assign] # it would end the test
    met = watched(room)
    room.commands = commands = Slow(met, dice)
    typed = 0
    async with room.run_test(size=WIDE) as pilot:
        while typed < STEPS:
            if dice.random() < 0.2:
                await pilot.resize_terminal(*dice.choice(SIZES))
            keys = a_burst(dice)
            burst(room, keys)
            await handled(room)
            typed += len(keys)
            assert len(met) == typed, f"seed {SEED}: every key was handed on once"
            for at, call in commands.acts:
                if call[0] in COURSES:
                    assert meant(call, met[:at]), (
                        f"seed {SEED}, key {at}: {call} after {met[:at][-12:]}"
                    )
            commands.acts.clear()
    acts = {str(call[0]) for call in commands.calls}
    if read_only:
        assert not acts & COURSES.keys(), f"seed {SEED}: a room that may only look has acted"
    else:
        assert len(acts & COURSES.keys()) > 3, "many acts were meant"
    print(f"{typed} keys, {len(commands.calls)} acts: {sorted(acts)}")
