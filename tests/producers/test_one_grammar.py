"""What `run -f` takes is what a door takes, and the other way round."""

from __future__ import annotations

import asyncio
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from controlroom.runs.errors import SpecError
from controlroom.runs.records import codec_of, read_records
from controlroom.runs.supply import bodies_of
from scenarios.events import EventCodec
from scenarios.loading import load
from services.shared.golden import Traffic
from services.shared.ingest_app import IngestApp
from services.shared.intake import Intake
from tests.producers.test_properties import _Kept, post

SCENARIO = load("bands")
CODEC = codec_of("bands")
VOTE = '{"name":"Hunt","album":"x","year":1990,"rank":2%s}'


@pytest.fixture(scope="module")
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    made = asyncio.new_event_loop()
    yield made
    made.close()


def door(loop: asyncio.AbstractEventLoop, body: bytes) -> int:
    """The status that a body is answered with."""
    kept = cast(Any, _Kept())
    intake = Intake(EventCodec(SCENARIO), kept, kept, "test")
    app = IngestApp(SCENARIO.http, intake.accept, Traffic({}))
    return loop.run_until_complete(post(app, "/input", body))[0]


_ODD = st.sampled_from(
    [
        "1" * 400,
        "9" * 5_000,
        "1e400",
        "-1e400",
        "1e308",
        "NaN",
        "Infinity",
        '"\\ud83d cut"',
        '"\\ud83d"',
        '"\\ud83d\\ude00"',
        '"a\tb"',
        "[" * 12 + "]" * 12,
        '{"a":{"a":{"a":{"a":{"a":{"a":1}}}}}}',
        "true",
        '"8.0"',
    ]
)
_RECORDS = st.one_of(
    _ODD.map(lambda value: VOTE % f',"more":{value}'),
    _ODD.map(lambda value: f'{{"name":"Hunt","album":"x","year":"1967","rank":{value}}}'),
    st.just(VOTE % ""),
    st.sampled_from(["7", "null", '"x"', "{}", '{"lista":5}']),
)


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Records in some of the shapes, perhaps with one byte changed."""
    parts = []
    for _ in range(draw(st.integers(1, 3))):
        records = ",".join(draw(st.lists(_RECORDS, min_size=1, max_size=3)))
        shape = draw(
            st.sampled_from(
                ["%s", "[%s]", '{"Lista":[%s]}', '{"Lista":[%s],"total":1}', '[{"lista":[%s]}]']
            )
        )
        parts.append(shape % records)
    raw = bytearray(draw(st.sampled_from(["", "\n", " ", "\r\n"])).join(parts).encode())
    if draw(st.integers(0, 3)) == 0:
        raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return draw(st.sampled_from([b"", b"\xef\xbb\xbf"])) + bytes(raw)


def test_file_and_door_have_the_same_verdict(
    loop: asyncio.AbstractEventLoop, tmp_path: Path
) -> None:
    path = tmp_path / "records.json"

    @settings(
        max_examples=300,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(texts())
    @example((VOTE % "").encode() * 2)
    @example(f'{{"Lista":[{VOTE % ""}],"total":1}}'.encode())
    @example((VOTE % ',"x":1e400').encode())
    @example((VOTE % (',"x":' + "1" * 5_000)).encode())
    @example((VOTE % ',"note":"\\ud83d cut"').encode())
    @example((VOTE % ',"price":NaN').encode())
    @example((VOTE % (',"deep":' + '{"a":' * 12 + "1" + "}" * 12)).encode())
    @example((VOTE % "").replace("2}", '"8.0"}').encode())
    def check(text: bytes) -> None:
        path.write_bytes(text)
        try:
            records = read_records(path, CODEC)
        except SpecError:
            records = []
        assert (door(loop, text) == 201) is bool(records)
        for batch in (1, 2):
            assert all(door(loop, body) == 201 for body in bodies_of(records, batch))

    check()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (VOTE % (',"x":' + "1" * 5_000), "line 1, column 53 is not JSON: a number is out of range"),
        ("\n" + VOTE % ',"x":1e400', "line 2, column 53 is not JSON: a number is out of range in"),
        (VOTE % ',"note":"\\ud83d cut"', "half of a surrogate pair in field note"),
        (VOTE % ',"price":NaN', "in field price"),
        (VOTE % (',"deep":' + '{"a":' * 12 + "1" + "}" * 12), "is nested too deeply"),
        (VOTE % f',"more":"{"x" * 40_000}"', "more than 32768 bytes"),
    ],
    ids=lambda value: value[:20],
)
def test_what_a_door_refuses_is_refused_before_anything_is_sent(
    tmp_path: Path, text: str, words: str
) -> None:
    path = tmp_path / "records.json"
    path.write_text(text)
    with pytest.raises(SpecError) as caught:
        read_records(path, CODEC)
    assert words in caught.value.message


def test_text_that_is_not_utf_8_is_refused_with_line_field_and_column(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_bytes(f'\n[{VOTE % ""},\n{{"name":"Café"}}]'.encode("latin-1"))
    with pytest.raises(SpecError) as caught:
        read_records(path, CODEC)
    assert "line 3 is not UTF-8 text: the byte 0xe9 is not UTF-8 in field name, column 13" in (
        caught.value.message
    )
    assert caught.value.fix == "Save it as UTF-8."


def test_a_number_that_json_has_is_sent_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "records.json"
    path.write_text(VOTE % ',"x":1e308,"y":12345678901234567890123')
    ((sent,),) = [list(bodies_of(read_records(path, CODEC)))]
    assert math.isclose(json.loads(sent)["x"], 1e308)
    assert json.loads(sent)["y"] == 12345678901234567890123
