"""Where the panels stand: a function of the terminal's size, never of the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from textual.geometry import Region

Kind = Literal["tabs", "two", "three"]
MINIMUM = (60, 16)
_PAGES = (("tallies", "time"), ("traffic", "log"), ("books", "fleet"))
_BOOKS = 7


@dataclass(frozen=True, slots=True)
class Plan:
    """Regions of all parts that are shown; what is missing is hidden."""

    kind: Kind
    places: dict[str, Region]


def kind_of(width: int, height: int) -> Kind:
    """Which of the three forms fits."""
    if width >= 180 and height >= 45:
        return "three"
    return "two" if width >= 110 and height >= 34 else "tabs"


def plan(width: int, height: int, current: str, zoomed: bool) -> Plan:
    """The places of all parts. `current` is the focused panel."""
    kind = kind_of(width, height)
    places = {"header": Region(0, 0, width, 1), "footer": Region(0, height - 1, width, 1)}
    if kind == "tabs":
        places["tabs"] = Region(0, 1, width, 1)
        places["strip"] = Region(0, height - 2, width, 1)
        places["booksline"] = Region(0, height - 3, width, 1)
        body = Region(0, 2, width, height - 5)
    else:
        places["strip"] = Region(0, height - 3, width, 2)
        places["rule"] = Region(0, height - 4, width, 1)
        body = Region(0, 1, width, height - 5)
    if zoomed:
        places[current] = body
    elif kind == "tabs":
        places |= _page(body, current)
    else:
        places |= _columns(body, kind)
    return Plan(kind, places)


def page_of(current: str) -> tuple[str, str]:
    """The two panels that share a page with the focused one."""
    return next(page for page in _PAGES if current in page)


def _page(body: Region, current: str) -> dict[str, Region]:
    first, second = page_of(current)
    if body.width >= 110:
        left, right = body.split_vertical(body.width // 2)
        return {first: left, second: right}
    shares = {"tallies": 0.47, "traffic": 0.42, "books": 0.0}
    cut = max(_BOOKS, round(body.height * shares[first]))
    above, below = body.split_horizontal(cut)
    return {first: above, second: below}


def _columns(body: Region, kind: Kind) -> dict[str, Region]:
    if kind == "three":
        left, rest = body.split_vertical(round(body.width * 0.33))
        middle, right = rest.split_vertical(rest.width // 2)
        tallies, below = left.split_horizontal(max(12, (body.height - _BOOKS) * 2 // 5))
        books, fleet = below.split_horizontal(_BOOKS)
        traffic, time = middle.split_horizontal(11)
        places = {"tallies": tallies, "books": books, "fleet": fleet, "traffic": traffic}
        return places | {"time": time, "log": right}
    left, right = body.split_vertical(round(body.width * 58 / 120))
    tallies, below = left.split_horizontal((body.height - _BOOKS + 1) // 2)
    books, fleet = below.split_horizontal(_BOOKS)
    traffic, below = right.split_horizontal(8 if body.height < 40 else 10)
    time, log = below.split_horizontal(12 if body.height < 40 else 16)
    places = {"tallies": tallies, "books": books, "fleet": fleet, "traffic": traffic}
    return places | {"time": time, "log": log}
