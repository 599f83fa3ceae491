"""Pages and dialogs that were closed take no memory."""

from __future__ import annotations

import gc

import pytest
from textual._styles_cache import StylesCache

from tests.room import frames
from tests.room.rooms import room_of
from tests.waiting import until

pytestmark = pytest.mark.long

OFTEN = 8


def kept() -> int:
    """Rows that widgets drew and that are still there."""
    gc.collect()
    found = [one for one in gc.get_objects() if isinstance(one, StylesCache)]
    return sum(len(one._cache) for one in found)


@pytest.mark.parametrize(
    "keys",
    [("question_mark", "escape"), ("E", "escape"), ("4", "enter", "enter", "escape", "escape")],
    ids=["help", "runs", "pod"],
)
async def test_what_closed_screens_drew_is_let_go(keys: tuple[str, ...]) -> None:
    room = room_of(frames.loaded())
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press(*keys)
        await pilot.pause()
        before = kept()
        for _ in range(OFTEN):
            await pilot.press(*keys)
        # a question that a page had asked may hold it for seconds; all of them together are more
        await until(lambda: kept() <= before + 60, "what they drew is let go", every=0.5)
