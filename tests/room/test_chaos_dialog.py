"""A fault is changed in the dialog as by flags, and the preview follows."""

from __future__ import annotations

import pytest
from textual.widgets import Input

from controlroom.commands.chaos import StartFault
from controlroom.runs.catalog import ChaosFile, chaos_files
from controlroom.screens.chaos import ChaosDialog
from controlroom.screens.confirm import Confirm
from controlroom.settings import Settings
from controlroom.targets.abilities import Preview
from tests.room import frames
from tests.room.fakes import RecordedCommands
from tests.room.rooms import room_of, screen_text
from tests.room.test_keys import opened, typed
from tests.waiting import until

SMALL = (80, 24)


class OwnFiles(RecordedCommands):
    """Reads and changes the experiments of the project as a room does, and hits nothing."""

    def __init__(self) -> None:
        super().__init__()
        self.looked: list[StartFault] = []

    async def chaos_files(self) -> tuple[ChaosFile, ...]:
        return tuple(one for one in chaos_files() if one.name == "stress-consumer")

    async def preview_fault(self, act: StartFault) -> Preview:
        act.spec = act.read(Settings())
        self.looked.append(act)
        body = act.spec.manifest["spec"]
        label = body["selector"]["labelSelectors"]["app.kubernetes.io/name"]
        effect = f"{body['mode']} {body.get('value', '')} of {label}"
        return Preview(3, (label,), 1, 2, effect, f"after {body['duration']}", ())


async def test_the_preview_and_the_command_follow_the_fields_at_80x24() -> None:
    room = room_of(frames.calm())
    room.commands = commands = OwnFiles()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await until(lambda: "after 30s" in screen_text(room), "its own preview")
        for name, text in (
            ("duration", "7s"), ("mode", "fixed"), ("value", "2"), ("target", "reader"),
        ):  # fmt: skip
            assert name in screen_text(room)
            await typed(pilot, name, text)
        await until(lambda: "fixed 2 of reader" in screen_text(room), "the preview follows")
        flags = "--duration 7s --mode fixed --value 2 --target reader"
        assert flags in " ".join(screen_text(room).replace("│", " ").split())
        assert "after 7s" in screen_text(room)
        assert "esc back" in screen_text(room)
        await pilot.press("enter")
        await opened(room, Confirm)
    act = commands.looked[-1]
    assert (act.run_for, act.mode, act.value, act.target) == (7.0, "fixed", "2", "reader")
    assert act.line(chaos_files()[0]).endswith(flags)


@pytest.mark.parametrize(
    ("field", "text", "said"),
    [
        ("duration", "soon", "duration: 'soon' is not a duration"),
        ("duration", "2h", "shorter duration"),
        ("mode", "two", "mode two is not known"),
        ("value", "0", "value 0 means nothing with mode"),
    ],
)
async def test_a_mistake_names_its_field_and_starts_nothing(
    field: str, text: str, said: str
) -> None:
    room = room_of(frames.calm())
    room.commands = commands = OwnFiles()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("c")
        await opened(room, ChaosDialog)
        await typed(pilot, field, text)
        await pilot.press("enter")
        await until(lambda: said in " ".join(screen_text(room).split()), "the mistake is said")
        assert isinstance(room.screen, ChaosDialog)
        wanted = room.screen.query_one(f"#{field}", Input)
        await until(lambda: room.focused is wanted, "its field has the focus")
    assert commands.calls == []
