"""What pages of a scenario are made of: countries, ranges, last events, views that are declared."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

import pytest

from controlroom.panes.world import outlines as world
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.places.countries import UNKNOWN, country_names, country_of
from tests.conftest import ROOT

PEOPLE = ROOT / "tests/scenarios/people/scenario.toml"


@pytest.mark.parametrize(
    ("place", "country"),
    [
        ("Guatemala City", "GT"),
        ("  ciudad de GUATEMALA ", "GT"),
        ("Mixco, Guatemala", "GT"),
        ("MÉXICO", "MX"),
        ("cdmx", "MX"),
        ("Estados Unidos", "US"),
        ("U.S.A.", "US"),
        ("Portland (USA)", "US"),
        ("Côte d'Ivoire", "CI"),
        ("Corea del Sur", "KR"),
        ("Reino Unido", "GB"),
        ("Turkiye", "TR"),
        ("São Paulo", "BR"),
        ("gtm", "GT"),
        ("Atlantis", UNKNOWN),
        ("---", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_a_place_becomes_its_country(place: str, country: str) -> None:
    assert country_of(place) == country


def test_every_sample_of_covid_has_a_country() -> None:
    samples = load("covid").samples
    places = {str(place) for row in samples for place in row.values["location"]}
    assert {place for place in places if country_of(place) == UNKNOWN} == set()


def test_no_two_countries_have_the_same_name() -> None:
    names = [name for name in country_names().values() if name != UNKNOWN]
    assert len(set(names)) == len(names) > 240
    assert all(country_of(name) == code for code, name in country_names().items())


def test_the_outlines_are_small_and_of_countries_of_the_table() -> None:
    file = Path(world.__file__).with_name("outlines.json")
    assert file.stat().st_size < 150_000
    assert world.outlines().keys() < country_names().keys()
    assert len(world.outlines()) > 230
    for outline in world.outlines().values():
        for x, y in (outline.middle, *(point for ring in outline.rings for point in ring)):
            assert -540 <= x <= 540, "Russia and Fiji go across 180, and are there twice"
            assert -90 <= y <= 90


def documents(count: int, seed: int = 1) -> list[dict[str, Any]]:
    """As consumers make them, over three partitions; some of one millisecond."""
    codec, rng = EventCodec(load(PEOPLE)), Random(seed)
    return [
        {
            "event": codec.generate(rng),
            "origin": "http",
            "tp": f"t:{n % 3}",
            "o": n // 3,
            "at": 1_000 + n // 7,
        }
        for n in range(count)
    ]


def counted(found: list[dict[str, Any]], portions: int = 1) -> dict[tuple[str, str, str], int]:
    codec = EventCodec(load(PEOPLE))
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for start in range(portions):
        for document in found[start::portions]:
            codec.count(document, sums)
        codec.trim(sums)
    return sums


def test_ranges_hold_every_value_once() -> None:
    found = documents(500)
    sums = counted(found)
    ages = [document["event"]["age"] for document in found]
    members: dict[str, int] = {}
    for (_, key, member), amount in sums.items():
        if key.startswith("ages:"):
            members[member] = members.get(member, 0) + amount
    assert members == {
        "0-11": sum(age < 12 for age in ages),
        "12-17": sum(12 <= age < 18 for age in ages),
        "18-29": sum(18 <= age < 30 for age in ages),
        "30-44": sum(30 <= age < 45 for age in ages),
        "45-59": sum(45 <= age < 60 for age in ages),
        "60-74": sum(60 <= age < 75 for age in ages),
        "75+": sum(age >= 75 for age in ages),
    }


def test_what_is_kept_of_the_last_does_not_depend_on_who_counts_them_in_which_order() -> None:
    found = documents(600)
    last = {place for place in counted(found) if place[0] == "latest"}
    keys = {key for _, key, _ in last}
    assert all(sum(place[1] == key for place in last) <= 5 for key in keys)
    for portions in (2, 7, 600):
        assert {p for p in counted(found[::-1], portions) if p[0] == "latest"} == last
    # the last of them all is among them
    assert any(member.endswith(str(found[-1]["event"]["vaccine_type"])) for *_, member in last)
    assert any(f"{found[-1]['at']:015d}:" in member for *_, member in last)


def test_an_event_can_be_left_out_of_a_tally(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    text = PEOPLE.read_text().replace(
        'key = "countries"', 'key = "countries"\nunless = { gender = "F" }', 1
    )
    path.write_text(text)
    codec = EventCodec(load(path))
    event = {"name": "A", "location": "Lima", "gender": "F", "age": 3, "vaccine_type": "x"}
    sums: dict[tuple[str, str, str], int] = defaultdict(int)
    for gender in "FMF":
        document = {"event": {**event, "gender": gender}, "origin": "", "tp": "t:0", "o": 1}
        codec.count({**document, "at": 1}, sums)
    assert sums["hash", "countries", "PE"] == 1
    assert sums["hash", "gender:PE", "F"] == 2


def test_a_scenario_shows_a_tally_at_least(tmp_path: Path) -> None:
    text = PEOPLE.read_text()
    path = tmp_path / "mine.toml"
    first, second = text.index("[[views]]"), text.index('[[views]]\nname = "top"')
    path.write_text(text[:second] + text[text.index("[http]") :])
    assert 0 < first < second
    with pytest.raises(ScenarioError, match="no view shows a tally"):
        load(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('from = "location"', 'from = "age"', ("[derived]", "age is no text")),
        ('by = "country"', 'by = "planet"', ("by", "'planet'", "country")),
        ('name = "country"', 'name = "gender"', ("[derived]", "there already")),
        ("starts = [0,", "starts = [20,", ("starts", "do not rise")),
        ('member = "{age}"', 'member = "{name}"', ("name is no integer field",)),
        ("keep = 5", "keep = 500", ("keep", "1 to 100")),
        ("places = 10", "places = 0", ("places", "1 to 200")),
        ('key = "gender:{country}"', 'key = "gender"', ("must name {country}",)),
        ('choices = "countries"', 'choices = "nothing"', ("choices", "'nothing'")),
        ('name = "map"', 'name = "top"', ("views", "the same name")),
        ('kind = "map"\ntally = "countries"', 'kind = "map"\ntally = "genders"', ("no countries",)),
        ('columns = ["name", "location"', 'columns = ["nam", "location"', ("'nam'", "name?")),
        ("[http]", '[view]\nkind = "top"\n\n[http]', ("view", "beside [[views]]")),
    ],
)
def test_a_page_that_does_not_fit_is_refused_by_name(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    text = PEOPLE.read_text()
    assert old in text
    path = tmp_path / "mine.toml"
    path.write_text(text.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    said = f"{caught.value.message} -> {caught.value.fix}"
    assert said.startswith("mine.toml")
    for word in words:
        assert word in said
