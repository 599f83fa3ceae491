"""Files of records: every form, and errors that say where."""

from __future__ import annotations

import json
import os
from collections import Counter
from pathlib import Path

import pytest

from controlroom.runs.errors import SpecError
from controlroom.runs.records import codec_of, read_records, supply_of
from controlroom.runs.spec import LoadSpec
from controlroom.runs.supply import LoadPart
from tests.runs.conftest import VOTE

OTHER = {**VOTE, "album": "El Nervio del Volcán"}
CODEC = codec_of("bands")


def written(folder: Path, text: str) -> Path:
    """A file with that text."""
    path = folder / "data.json"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        json.dumps([VOTE, OTHER]),
        json.dumps([VOTE, OTHER], indent=2),
        f"{json.dumps(VOTE)}\n{json.dumps(OTHER)}\n",
        f"\ufeff{json.dumps(VOTE)}\r\n\r\n{json.dumps(OTHER)}",
        json.dumps({"Lista": [VOTE, OTHER]}),
        json.dumps([{"Lista": [VOTE]}, {"lista": [OTHER]}]),
        f"[{json.dumps(VOTE)}]\n[{json.dumps(OTHER)}]",
        f"{json.dumps({'Lista': [VOTE]})}\n{json.dumps(OTHER)}",
    ],
)
def test_every_form_gives_the_same_records(tmp_path: Path, text: str) -> None:
    assert read_records(written(tmp_path, text), CODEC) == [VOTE, OTHER]


def test_one_object_is_one_record(tmp_path: Path) -> None:
    assert read_records(written(tmp_path, json.dumps(VOTE, indent=1)), CODEC) == [VOTE]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("", "holds no records"),
        ("[]", "holds no records"),
        ('{"Lista": []}', "holds no records"),
        (f"{json.dumps(VOTE)}\n{{oops}}", "line 2, column 2 is not JSON"),
        (f"[{json.dumps(VOTE)}", "the list is not closed"),
        (f"[{json.dumps(VOTE)},]", "a comma stands before ]"),
        (f"[{json.dumps(VOTE)},,{json.dumps(VOTE)}]", "is not JSON"),
        ("[", "not closed"),
        ("Name:Caifanes", "line 1, column 1 is not JSON"),
        ("[" * 100_000, "nested too deeply"),
        ('{"a":' * 100_000, "nested too deeply"),
        (f"{json.dumps(VOTE)}\n7", "line 2, record 2: it must be an object"),
        (
            f"[{json.dumps(VOTE)},\n\n{json.dumps({**VOTE, 'rank': 'best'})}]",
            "line 3, record 2: field rank must be a whole number",
        ),
        (
            json.dumps([{"Lista": [VOTE, {**VOTE, "year": 1}]}]),
            "line 1, record 2: field year",
        ),
        (json.dumps({"name": "Caifanes"}), "field album is missing"),
    ],
    ids=lambda value: value[:30],
)
def test_a_bad_file_says_where(tmp_path: Path, text: str, where: str) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SpecError) as caught:
        read_records(path, CODEC)
    assert where in caught.value.message
    assert str(path) in caught.value.message
    assert caught.value.fix


def test_a_missing_file_a_folder_and_binary_are_named(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    binary = tmp_path / "votes.bin"
    binary.write_bytes(b'{"name":\n"\xff\xfe"}')
    for path, said in (
        (tmp_path / "none.json", "No such file"),
        (tmp_path, "Is a directory"),
        (binary, "line 2 is not UTF-8"),
        (pipe, "is not a file"),
    ):
        with pytest.raises(SpecError, match=said):
            read_records(path, CODEC)


def test_a_seed_gives_the_same_records_again() -> None:
    def first(seed: int) -> list[bytes]:
        supply = supply_of(LoadSpec(scenario="worldcup", seed=seed, number=20))
        return [request[1] for request in iter(supply.take, None)]

    assert len(first(1)) == 20
    assert first(1) == first(1) != first(2)


def test_a_seed_orders_a_file_and_each_record_goes_once(tmp_path: Path) -> None:
    votes = [{**VOTE, "rank": n % 100, "year": 1900 + n % 150} for n in range(997)]
    path = written(tmp_path, json.dumps(votes))

    def sent(seed: int | None, parts: int = 1) -> list[dict[str, object]]:
        spec = LoadSpec(scenario="bands", file=str(path), seed=seed, users=7)
        supplies = [supply_of(spec, part=LoadPart(n, parts)) for n in range(parts)]
        return [json.loads(one[1]) for supply in supplies for one in iter(supply.take, None)]

    assert sent(None) == votes
    assert sent(1) == sent(1) != sent(2)
    for found in (sent(1), sent(2), sent(2, parts=3)):
        assert Counter(map(str, found)) == Counter(map(str, votes))
    assert "seed 2" in LoadSpec(seed=2).title


def test_generated_records_are_valid_events_of_every_scenario() -> None:
    for scenario in ("bands", "covid", "worldcup"):
        supply = supply_of(LoadSpec(scenario=scenario, number=50))
        for _, body in iter(supply.take, None):
            assert isinstance(codec_of(scenario).validate(json.loads(body)), dict)


def test_an_unknown_scenario_is_named() -> None:
    with pytest.raises(SpecError, match="bandz"):
        codec_of("bandz")
