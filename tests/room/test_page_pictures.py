"""How pages look. Each picture is compared with the one that was approved by eye."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping

import pytest

from controlroom.screens.page import Page
from tests.room.test_drilling import SMALL, WIDE, Given, given, saying, shows

__all__ = ["given"]
Compare = Callable[..., bool]


def seen(words: str, *keys: str) -> Callable[..., Awaitable[None]]:
    """Presses keys and waits for words."""

    async def before(pilot: object) -> None:
        await pilot.press(*keys)  # type: ignore[attr-defined]
        await shows(pilot.app, words)  # type: ignore[attr-defined]
        page = pilot.app.screen  # type: ignore[attr-defined]
        assert isinstance(page, Page)

    return before


@pytest.mark.parametrize("size", [SMALL, WIDE], ids=["small", "usual"])
@pytest.mark.parametrize(
    ("keys", "words"),
    [("2 enter", "waits longest"), ("i", "82% of"), ("6 enter enter", "produced to stored")],
    ids=["routes", "limit", "document"],
)
def test_a_page(
    snap_compare: Compare, given: Mapping[str, Given], keys: str, words: str, size: tuple[int, int]
) -> None:
    before = seen(words, *keys.split())
    assert snap_compare(saying(), run_before=before, terminal_size=size)


def test_a_deployment(snap_compare: Compare) -> None:
    before = seen("engines", "4", "enter")
    assert snap_compare(saying(), run_before=before, terminal_size=SMALL)
