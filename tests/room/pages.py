"""Fixed pages of vaccinated people for the room: each kind of view, full and empty."""

from __future__ import annotations

from dataclasses import replace

from controlroom.model.frame import TALLIES, Frame
from controlroom.model.tallies import Selection, Tallies, TallyChoice, TallyRow
from scenarios.places.countries import country_names
from tests.room import frames

VIEWS = tuple(
    TallyChoice(name, title, by)
    for name, title, by in (
        ("top", "Top 10 vaccinated countries", ""),
        ("gender", "Gender by country", "country"),
        ("ages", "Age ranges by country", "country"),
        ("latest", "Last 5 by country", "country"),
        ("stored", "Stored data", "filter"),
        ("map", "Map", "country"),
    )
)
COUNTS = {
    "GT": 48_213, "MX": 39_870, "US": 31_042, "BR": 22_518, "ES": 17_204, "FR": 9_611, "KR": 7_030,
    "JP": 6_214, "IN": 5_020, "ZA": 4_112, "AR": 3_980, "AU": 2_214, "CA": 1_520, "RU": 960,
    "NG": 480, "EG": 222, "SV": 97, "SG": 40, "unknown": 37,
}  # fmt: skip
COUNTRIES = tuple(TallyRow((country_names()[c],), n, None, c) for c, n in COUNTS.items())
PERSON = ("Sofía Ramírez", "Mixco, Guatemala", "F", "35", "Sputnik V")


def page(view: str, empty: bool = False) -> Tallies:
    """What is shown of one view, with Mexico chosen where there is a choice."""
    chosen = Selection("View", VIEWS, view)
    offered = tuple(TallyChoice(row.key, row.labels[0]) for row in COUNTRIES if not empty)
    country = Selection("Country", offered, None if empty else "MX")
    rows: tuple[TallyRow, ...] = ()
    columns: tuple[str, ...] = ("Country",)
    selections: tuple[Selection, ...] = (chosen,)
    if view in ("gender", "ages", "latest"):
        selections = (chosen, country)
    if view in ("top", "map"):
        rows = COUNTRIES[:10] if view == "top" else COUNTRIES
    elif view == "gender":
        rows = tuple(TallyRow((g,), n, None, g) for g, n in (("F", 20_010), ("M", 19_860)))
    elif view == "ages":
        ages = (("0-11", 0), ("12-17", 3_970), ("18-29", 12_400), ("30-44", 15_600), ("45+", 7_900))
        rows = tuple(TallyRow((age,), n, None, age) for age, n in ages)
    else:
        columns = ("Name", "Location", "Gender", "Age", "Vaccine")
        rows = tuple(
            TallyRow(PERSON, 0, None, str(n)) for n in range(30 if view == "stored" else 5)
        )
    if view == "stored":
        pages = tuple(TallyChoice(str(n), str(n)) for n in range(1, 21))
        selections = (
            chosen,
            Selection("Filter", (), "gender=F", free=True),
            Selection("Page", pages, "3"),
        )
    drawn = {"gender": "bars", "ages": "bars", "latest": "lines", "stored": "lines", "map": "map"}
    made = Tallies(
        columns,
        () if empty else rows,
        0 if empty else 200_384,
        "people",
        selections=selections,
        paged=True,
        title=next(each.label for each in VIEWS if each.key == view),
        drawn=drawn.get(view, "rows"),  # type: ignore[arg-type]
        sum=0 if empty else sum(row.count for row in rows),
    )
    if view != "top" or empty:
        return made
    return replace(made, more=len(COUNTS) - len(rows), sum=sum(COUNTS.values()))


def frame(view: str, empty: bool = False) -> Frame:
    """The room with that page."""
    return frames.calm().having(TALLIES, frames.live(page(view, empty)))
