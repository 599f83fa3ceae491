"""A panel is composed again exactly when what it shows has changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import fields, replace

import pytest

from controlroom.app import CALM_TICKS
from controlroom.model.frame import BOOKS, KEYS, RUNS, TALLIES, Frame
from controlroom.panes.books import BooksPane
from controlroom.panes.pane import Rows
from tests.room.frames import broken, calm, empty, loaded
from tests.room.rooms import room_of, source_of

SIZES = ((80, 24), (120, 40), (200, 60))
NOT_OF_PANELS = {"title", "now", "panels"}


def dependencies(frame: Frame) -> Iterator[tuple[str, Frame]]:
    """The frame with one field of another frame, or at another moment."""
    for other in (calm(), broken(), empty(), loaded("worldcup")):
        for field in fields(Frame):
            if field.name not in NOT_OF_PANELS:
                yield field.name, replace(frame, **{field.name: getattr(other, field.name)})
        for key in KEYS:
            yield key.name, frame.having(key, other[key])
    yield "scenario", replace(frame, scenario="other")
    yield "target", replace(frame, target="other")
    yield "read_only", replace(frame, read_only=not frame.read_only)
    for seconds in (1.0, 7.0, 61.0, 600.0):
        yield "now", replace(frame, now=frame.now + seconds)


@pytest.mark.parametrize("size", SIZES, ids="{0[0]}x{0[1]}".format)
async def test_other_rows_always_have_another_basis(size: tuple[int, int]) -> None:
    frame = loaded()
    room = room_of(frame)
    async with room.run_test(size=size):
        changed = set()
        for name, part in room.room.parts.items():
            width, height = part.size
            if not (part.display and width and height):
                continue
            rows, basis = part.compose_rows(frame, width, height), part.basis(frame)
            for field, other in dependencies(frame):
                if part.compose_rows(other, width, height) != rows:
                    changed.add(field)
                    assert part.basis(other) != basis, f"{name} does not see a new {field}"
        assert {"tallies", "books", "runs", "now", "scenario", "read_only"} <= changed


async def test_what_has_not_changed_is_not_composed(monkeypatch: pytest.MonkeyPatch) -> None:
    composed = []
    original = BooksPane.content

    def noting(pane: BooksPane, frame: Frame, width: int, height: int) -> object:
        composed.append(frame.now)
        return original(pane, frame, width, height)

    monkeypatch.setattr(BooksPane, "content", noting)
    frame = loaded()
    room = room_of(frame)
    async with room.run_test(size=(120, 40)):
        room.room.show(frame)  # a change of size or focus has it composed at the next frame
        composed.clear()
        later = replace(frame, now=frame.now + 0.1)
        room.room.show(later)
        room.room.show(
            replace(later.having(TALLIES, calm("worldcup")[TALLIES]), now=frame.now + 0.2)
        )
        assert composed == []
        room.room.show(later.having(BOOKS, broken()[BOOKS]))
        assert composed == [later.now]


async def test_a_second_that_passes_composes_only_what_tells_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    frame = loaded().having(RUNS, calm()[RUNS])
    frame = replace(frame, now=frame.now - 0.1)
    room = room_of(frame)
    async with room.run_test(size=(200, 60)):
        room.room.show(frame)
        room.room.show(frame)
        redrawn = []
        monkeypatch.setattr(Rows, "redraw", lambda part: redrawn.append(part.id))
        # the clock's second is another one, and every age reads as it did
        room.room.show(replace(frame, now=frame.now + 0.2))
        assert set(redrawn) <= {"fleet", "time"}


async def test_in_a_calm_frames_come_seldom_until_something_changes_or_a_key_is_pressed() -> None:
    room = room_of(calm())
    source = source_of(room)
    async with room.run_test(size=(120, 40)) as pilot:
        room._frame_clock.stop()

        def drawn(ticks: int) -> int:
            before = source.asked
            for _ in range(ticks):
                room.tick()
            return source.asked - before

        assert drawn(20) == 20
        source.calm = True
        assert drawn(20) == 20 / CALM_TICKS
        assert drawn(1) == 0
        await pilot.press("tab")
        assert drawn(1) == 1
        source.calm = False
        assert drawn(1) == 1
