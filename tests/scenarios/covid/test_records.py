"""Both forms of a record are one event; what is wrong with one is said field by field."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from random import Random
from typing import Any

import pytest

from scenarios.covid.services.taking import Taking
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import file_of, load
from services.shared.intake import Accept, Receipt, RecordError
from tests.scenarios.covid.conftest import ASSIGNMENT, BRIEF, UNKNOWN

CODEC = EventCodec(load("covid"))
TEXT = file_of("covid").read_text()

GOOD: list[tuple[dict[str, Any], dict[str, Any]]] = [
    (BRIEF, UNKNOWN | BRIEF),
    (ASSIGNMENT, UNKNOWN | ASSIGNMENT),
    (BRIEF | {"age": "35"}, UNKNOWN | BRIEF),
    (BRIEF | {"gender": "", "vaccine_type": None}, UNKNOWN | BRIEF),
    (BRIEF | ASSIGNMENT, BRIEF | ASSIGNMENT),
    ({name.upper(): value for name, value in BRIEF.items()}, UNKNOWN | BRIEF),
    (
        {"Nombre": "P", "pais": "Peru", "edad": " 3 ", "genero": "male", "vacuna": "Moderna"},
        UNKNOWN
        | {"name": "P", "location": "Peru", "age": 3, "gender": "male", "vaccine_type": "Moderna"},
    ),
]

BAD: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({}, dict.fromkeys(("name", "location", "age", "infectedtype", "state"), "is missing")),
    (
        {"name": 5, "location": "", "age": "old", "state": "x"},
        {
            "name": "must be a text, is a number",
            "location": "must not be empty",
            "age": "must be a whole number from 0 to 130, is 'old'",
            "infectedtype": "is missing",
        },
    ),
    (
        {"name": "P", "location": "Peru", "age": 131, "gender": "male"},
        {
            "age": "must be a whole number from 0 to 130, is 131",
            # of the form that it comes closest to
            "vaccine_type": "is missing",
        },
    ),
    (ASSIGNMENT | {"gender": ["x"]}, {"gender": "must be a text, is a list"}),
    (BRIEF | {"age": -1}, {"age": "must be a whole number from 0 to 130, is -1"}),
]


@pytest.mark.parametrize(("raw", "event"), GOOD)
def test_both_forms_are_one_event(raw: dict[str, Any], event: dict[str, Any]) -> None:
    assert CODEC.validate(raw) == event


@pytest.mark.parametrize(("raw", "wrong"), BAD)
def test_each_wrong_field_has_one_error(raw: dict[str, Any], wrong: Mapping[str, str]) -> None:
    told = CODEC.validate(raw)
    assert isinstance(told, list)
    assert [tuple(error) for error in told] == list(wrong.items()) or dict(told) == wrong
    assert len(told) == len(wrong)


def test_a_tally_may_count_by_the_way_of_an_event() -> None:
    event = CODEC.validate(BRIEF)
    assert isinstance(event, dict)
    for origin in ("grpc", "redis"):
        writes = {(one.key, one.member) for one in CODEC.tally_writes(event, origin)}
        assert ("origins", origin) in writes
        assert ("ages", "Guatemala City:35") in writes


def test_samples_have_many_places_both_forms_and_all_ages() -> None:
    rng = Random(1)
    records = [CODEC.generate(rng) for _ in range(20_000)]
    assert len({record["location"] for record in records}) > 80
    assert {record["age"] for record in records} == set(range(100))
    assert {record.get("gender") for record in records} == {"male", "female", None}
    assert all(isinstance(CODEC.validate(record), dict) for record in records)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('default = "unknown"', 'default = ""', ("default", "is empty")),
        ("maximum = 130", "maximum = 130\ndefault = 131", ("default", "from 0 to 130")),
        (
            'fields = ["gender", "vaccine_type"]',
            'fields = ["gender", "age"]',
            ("fields", "age may never be absent"),
        ),
        ('fields = ["gender", "vaccine_type"]', 'fields = ["sex"]', ("'sex' is not a field",)),
        ("{ from = 0, to = 99 }", "{ from = 9, to = 3 }", ("age is no span",)),
        ("{ from = 0, to = 99 }", "{ from = 0 }", ("age is no span",)),
        ("{ from = 0, to = 99 }", "{ from = 100, to = 199 }", ("from 0 to 130",)),
        ('name = "state"', 'name = "origin"', ("'origin' is the way of every event",)),
        ("[grpc_front]", "[wasm]", ("default", "not known to the WASM producer")),
    ],
)
def test_what_does_not_fit_is_refused_with_its_place(
    tmp_path: Path, old: str, new: str, words: tuple[str, ...]
) -> None:
    file = tmp_path / "mine.toml"
    assert old in TEXT
    file.write_text(TEXT.replace(old, new, 1))
    with pytest.raises(ScenarioError) as told:
        load(file)
    for word in words:
        assert word in told.value.message
    assert "mine.toml, line" in told.value.message


async def test_records_of_one_body_keep_their_own_origins_and_places() -> None:
    seen: list[tuple[str, int, Any]] = []

    def intake_of(origin: str) -> Accept:
        async def accept(records: Any, ids: Any) -> Receipt:
            seen.append((origin, len(records), list(ids)))
            outcomes = enumerate(map(CODEC.validate, records))
            errors = [RecordError(n, *one[0]) for n, one in outcomes if isinstance(one, list)]
            return Receipt(len(records) - len(errors), len(errors), errors, "last")

        return accept

    taking = Taking(CODEC, intake_of)
    receipt = await taking.accept(
        [
            BRIEF | {"origen": "grpc"},
            BRIEF | {"origen": "grpc", "_id": "mine"},
            BRIEF,
            BRIEF | {"origen": "smoke"},
            BRIEF | {"_id": "x" * 200},
            BRIEF | {"origen": "redis"},
        ],
        (),
    )
    assert seen == [("grpc", 2, ["", "mine"]), ("http", 3, []), ("redis", 1, [])]
    assert (receipt.accepted, receipt.rejected) == (4, 2)
    assert [(error.index, error.field) for error in receipt.errors] == [(3, "origen"), (4, "_id")]
    assert receipt.reply == {"_id": "last", **UNKNOWN, **BRIEF, "origen": "redis"}
