"""All targets side by side: their figures, or one panel of each."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest
from textual.await_remove import AwaitRemove
from textual.containers import Container

from controlroom.app import ControlRoom
from controlroom.commands.catalogue import PANES
from controlroom.model.frame import Frame
from controlroom.screens.sides import SidesScreen
from tests.room import frames
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import screen_text
from tests.room.test_keys import opened
from tests.waiting import until

Compare = Callable[..., bool]
EAST, WEST = (
    replace(made(), target=name)
    for made, name in ((frames.loaded, "east"), (frames.broken, "west"))
)


class Two(FixedSource):
    """Two targets, of which the first is shown."""

    def __init__(self, *both: Frame) -> None:
        super().__init__(both[0])
        self.both = both

    def sides(self, now: float) -> Sequence[Frame]:
        return self.both


def room_of(*both: Frame) -> ControlRoom:
    return ControlRoom(Two(*both), RecordedCommands(), clock=lambda: frames.NOW)


def halves(room: ControlRoom) -> list[str]:
    """What stands left and right."""
    lines = screen_text(room).splitlines()
    half = len(lines[0]) // 2
    return ["\n".join(line[part] for line in lines) for part in (slice(half), slice(half, None))]


def owners(room: ControlRoom) -> list[str]:
    """Whose each half is, by its first row."""
    heads = [half.splitlines()[0] for half in halves(room)]
    return [next((name for name in ("east", "west") if name in head), "") for head in heads]


@pytest.mark.parametrize("number", range(1, len(PANES) + 1))
async def test_each_panel_of_both(number: int) -> None:
    room = room_of(EAST, WEST)
    name = PANES[number - 1]
    async with room.run_test(size=(200, 60)) as pilot:
        pane = room.room.panes[name]
        titles = [pane.title(frame, 90).name for frame in (EAST, WEST)]
        await pilot.press("v")
        await opened(room, SidesScreen)
        assert "side by side" in screen_text(room)
        await pilot.press(str(number))
        await until(lambda: owners(room) == ["east", "west"], "both are named")
        for half, title in zip(halves(room), titles, strict=True):
            assert f" {number} {title}" in half
        await pilot.press("0")
        await until(lambda: "side by side" in screen_text(room), "the figures are back")
        await pilot.press("escape")
        await until(lambda: room.screen is room.room, "the room is back")


async def test_tab_goes_through_all_and_what_is_not_there_does_nothing() -> None:
    room = room_of(EAST, WEST)
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("v")
        await opened(room, SidesScreen)
        screen = room.screen
        assert isinstance(screen, SidesScreen)
        seen = []
        for _ in range(len(PANES) + 1):
            await pilot.press("tab")
            seen.append(screen.chosen)
        assert seen == [*range(1, len(PANES) + 1), 0]
        await pilot.press("shift+tab", "9")
        assert screen.chosen == len(PANES)


async def test_a_picture_that_is_due_while_panels_are_put_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    room = room_of(EAST, WEST)
    remove = Container.remove_children
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("v")
        await opened(room, SidesScreen)
        screen = room.screen
        assert isinstance(screen, SidesScreen)

        def while_drawn(container: Container, *selector: str) -> AwaitRemove:
            screen._draw()
            return remove(container, *selector)

        monkeypatch.setattr(Container, "remove_children", while_drawn)
        await pilot.press("1", "4", "0", "2")
        await until(lambda: owners(room) == ["east", "west"], "both are drawn")


async def test_what_changes_is_drawn() -> None:
    room = room_of(EAST, EAST)
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("v", "1")
        await until(lambda: halves(room)[0].count("east") == 1, "both are drawn")
        source = room.source
        assert isinstance(source, Two)
        source.both = (EAST, WEST)
        await until(lambda: "west" in halves(room)[1], "the right one is another")
        assert "east" in halves(room)[0]


@pytest.mark.parametrize(
    ("keys", "size"),
    [("v", (120, 40)), ("v4", (160, 45)), ("v5", (120, 40)), ("v2", (80, 24))],
    ids=["figures", "fleet", "time", "below"],
)
def test_pictures(snap_compare: Compare, keys: str, size: tuple[int, int]) -> None:
    assert snap_compare(room_of(EAST, WEST), press=list(keys), terminal_size=size)
