"""Which page a panel opens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from controlroom.model.finding import Wanted
from controlroom.model.needle import Needle
from controlroom.screens.pages.books import BooksPage
from controlroom.screens.pages.finding import FoundPage
from controlroom.screens.pages.fleet import DeploymentPage
from controlroom.screens.pages.log import LogPage
from controlroom.screens.pages.tallies import TalliesPage
from controlroom.screens.pages.traffic import RoutesPage

if TYPE_CHECKING:
    from controlroom.screens.page import Below, Page
    from controlroom.screens.room import RoomScreen

Opens = Callable[["RoomScreen", "Below"], "Page | None"]


def _fleet(room: RoomScreen, below: Below) -> Page | None:
    item = room.fleet.deployment
    return None if item is None else DeploymentPage(below, item.name)


def _traffic(room: RoomScreen, below: Below) -> Page | None:
    return RoutesPage(below)


def _books(room: RoomScreen, below: Below) -> Page | None:
    return BooksPage(below)


def _log(room: RoomScreen, below: Below) -> Page | None:
    """Its lines; what none of them holds is looked for in the store."""
    needle = room.log_pane.needle
    if needle and not room.log_pane.has_lines:
        return FoundPage(below, f'"{needle}"', Wanted(Needle(needle)))
    return LogPage(below, needle)


def _tallies(room: RoomScreen, below: Below) -> Page | None:
    return TalliesPage(below, room.tallies.line, room.tallies.frame or below.frame())


OPENS: dict[str, Opens] = {
    "tallies": _tallies,
    "fleet": _fleet,
    "traffic": _traffic,
    "books": _books,
    "log": _log,
}
"""Name of a panel -> the page of what is chosen in it; None while nothing is there."""


def page_of(room: RoomScreen, below: Below) -> Page | None:
    """The page behind the focused panel; None where it has none, or has nothing yet."""
    opens = OPENS.get(room.current)
    return opens(room, below) if opens is not None else None
