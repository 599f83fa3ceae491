"""Events: every accepted form, every refusal, tallies and generated data."""

from __future__ import annotations

import json
from collections import Counter
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scenarios.bodies import BodyTooDeepError
from scenarios.events import (
    BodyError,
    BodyTooLargeError,
    EventCodec,
    parse_records,
    render,
    split_member,
)
from scenarios.loading import load, names
from scenarios.templates import escape

VOTE: dict[str, str | int] = {"name": "Soda Stereo", "album": "Signos", "year": 1986, "rank": 4}
SCORE: dict[str, str | int] = {
    "team1": "Guatemala",
    "team2": "Argentina",
    "score": "2-5",
    "phase": 1,
}
GOOD: dict[str, Any] = {"bands": VOTE, "worldcup": SCORE}
CODECS = {name: EventCodec(load(name)) for name in names()}


def both(cases: dict[str, Any]) -> list[Any]:
    return [
        pytest.param(name, case, id=f"{name}-{i}")
        for name in cases
        for i, case in enumerate(cases[name])
    ]


TOLERANT = {
    "bands": [
        VOTE,
        {**VOTE, "year": "1986", "rank": " 4 "},
        {"Name": "Soda Stereo", "Album": "Signos", "Year": "1986", "Rank": "4"},
        {"artist": "Soda Stereo", "ALBUM": "Signos", "year": 1986.0, "rank": "+4"},
        {**VOTE, "unknown": {"deep": [1]}},
        {**VOTE, "name": "  Soda Stereo  ", "Name": "another"},
    ],
    "worldcup": [SCORE, {**SCORE, "phase": "1"}, {k.upper(): v for k, v in SCORE.items()}],
}


@pytest.mark.parametrize(("name", "raw"), both(TOLERANT))
def test_tolerant_forms_are_one_event(name: str, raw: dict[str, Any]) -> None:
    event = CODECS[name].validate(raw)
    assert event == GOOD[name]
    assert list(event) == [field.name for field in CODECS[name].scenario.fields]


BAD = {
    "bands": [
        ({**VOTE, "name": ""}, {"name": "empty"}),
        ({**VOTE, "name": 5}, {"name": "must be a text, is a number"}),
        ({**VOTE, "name": None}, {"name": "is null"}),
        ({**VOTE, "name": "a\x1b[31mb"}, {"name": "control characters"}),
        ({**VOTE, "name": "a\u202eb"}, {"name": "control characters"}),
        ({**VOTE, "name": "x" * 121}, {"name": "at most 120 characters, has 121"}),
        ({**VOTE, "rank": 101}, {"rank": "from 0 to 100, is 101"}),
        ({**VOTE, "rank": "high"}, {"rank": "is 'high'"}),
        ({**VOTE, "rank": True}, {"rank": "whole number"}),
        ({**VOTE, "rank": 3.5}, {"rank": "is 3.5"}),
        ({**VOTE, "rank": "9" * 500}, {"rank": "whole number"}),
        ({**VOTE, "rank": "٣"}, {"rank": "whole number"}),
        ({**VOTE, "rank": [4]}, {"rank": "is a list"}),
        ({"name": "a"}, {"album": "missing", "year": "missing", "rank": "missing"}),
        ({"name": 1, "album": 2, "year": 1, "rank": "x"}, dict.fromkeys(VOTE, "must be")),
        ([1], {"": "must be an object, is a list"}),
        ("text", {"": "is a text"}),
    ],
    "worldcup": [
        ({**SCORE, "phase": 5}, {"phase": "from 1 to 4, is 5"}),
        ({**SCORE, "score": "2:5"}, {"score": "must match"}),
        ({**SCORE, "score": "2-5\n"}, None),
        ({**SCORE, "score": "x2-5"}, {"score": "must match"}),
        ({**SCORE, "team2": "Guatemala"}, {"team2": "must differ from team1"}),
    ],
}


@pytest.mark.parametrize(("name", "case"), both(BAD))
def test_every_wrong_field_has_its_own_error(name: str, case: tuple[Any, Any]) -> None:
    raw, expected = case
    outcome = CODECS[name].validate(raw)
    if expected is None:
        assert isinstance(outcome, dict)
        return
    assert isinstance(outcome, list)
    assert [error.field for error in outcome] == list(expected)
    for error in outcome:
        assert expected[error.field] in error.message


def test_a_message_shows_no_control_characters_and_stays_short() -> None:
    outcome = CODECS["bands"].validate({**VOTE, "rank": "\x1b]0;owned\x07" + "z" * 1000})
    assert isinstance(outcome, list)
    assert "\x1b" not in outcome[0].message
    assert len(outcome[0].message) < 120


A, B, C = ({"n": n} for n in "abc")
SHAPES = [
    (json.dumps(A), [A], True),
    (json.dumps(A) + "\n", [A], True),
    ("\ufeff" + json.dumps(A), [A], True),
    (json.dumps([A, B]), [A, B], False),
    (json.dumps({"Lista": [A, B]}), [A, B], False),
    (json.dumps({"lista": [A]}) + "\n", [A], False),
    (json.dumps([{"Lista": [A, B]}, {"Lista": [C]}]), [A, B, C], False),
    (f"{json.dumps(A)}\n{json.dumps(B)}\n\n", [A, B], False),
    (f"{json.dumps(A)}\r\n{json.dumps({'lista': [B, C]})}", [A, B, C], False),
    ("[]", [], False),
    (json.dumps({"lista": "a word"}), [{"lista": "a word"}], True),
]


@pytest.mark.parametrize(("text", "records", "single"), SHAPES)
def test_every_shape_of_a_body_is_its_records(text: str, records: list[Any], single: bool) -> None:
    parsed = parse_records(text.encode())
    assert parsed == records
    assert parsed.single is single


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b"{", "not JSON"),
        (b'{"a":1,\n  "b":x}', "line 2, column 7"),
        (b"\xff\xfe\x00", "not JSON"),
        (b"[" * 100_000, "nested"),
        (b'{"a":' * 20 + b"1" + b"}" * 20, "nested deeper than 8"),
    ],
)
def test_what_is_no_body_is_refused_with_its_place(body: bytes, words: str) -> None:
    with pytest.raises(BodyError, match=words):
        parse_records(body)


def test_bodies_are_bounded() -> None:
    with pytest.raises(BodyTooLargeError, match="101 bytes"):
        parse_records(b" " * 101, max_bytes=100)
    with pytest.raises(BodyTooLargeError, match="4 records, at most 3"):
        parse_records(b'[{"Lista":[1,2]},3,4]', max_records=3)


NESTED = st.recursive(
    st.integers(0, 3) | st.text("[{", max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text("ab", max_size=2), inner, max_size=3)
    ),
    max_leaves=12,
)


def levels(value: object) -> int:
    """Lists and objects on the longest way down."""
    inner = list(value.values()) if isinstance(value, dict) else value
    return 1 + max(map(levels, inner), default=0) if isinstance(inner, list) else 0


@settings(deadline=None)
@given(st.lists(NESTED, max_size=12), st.integers(2, 5))
def test_a_body_is_refused_by_its_deepest_record(value: list[object], most: int) -> None:
    body = json.dumps(value).encode()
    records = parse_records(body, max_depth=100)
    brackets = body.count(b"[") + body.count(b"{")
    if brackets > most and max(map(levels, records), default=0) >= most:
        with pytest.raises(BodyTooDeepError):
            parse_records(body, max_depth=most)
    else:
        assert parse_records(body, max_depth=most) == records


def test_a_bad_line_is_one_bad_record() -> None:
    body = f"{json.dumps(VOTE)}\nnot json\n{json.dumps(VOTE)}".encode()
    good, bad, other = (CODECS["bands"].validate(raw) for raw in parse_records(body))
    assert good == other == VOTE
    assert isinstance(bad, list)
    assert "not JSON" in bad[0].message


KAFKA = {
    "bands": [
        json.dumps(VOTE),
        json.dumps({key.capitalize(): str(value) for key, value in VOTE.items()}),
        json.dumps({"lista": [VOTE]}) + "\n",
        "Name:Soda Stereo,Album:Signos,Year:1986,Rank:4",
        " name: Soda Stereo , album: Signos ,year:1986, rank:4\n",
    ],
    "worldcup": [json.dumps(SCORE) + "\n", json.dumps({"Lista": [SCORE]})],
}


@pytest.mark.parametrize(("name", "value"), both(KAFKA))
def test_values_of_other_producers_are_decoded(name: str, value: str) -> None:
    assert CODECS[name].decode_value(value.encode()) == [GOOD[name]]


@pytest.mark.parametrize("value", [b"", b"garbage", b"\xff", b"[]", b"Name:only", b"null", b"{}"])
def test_poison_is_an_outcome_and_never_an_exception(value: bytes) -> None:
    (outcome,) = CODECS["bands"].decode_value(value)
    assert isinstance(outcome, list)
    assert outcome


def test_commas_and_colons_stay_in_the_text_form() -> None:
    value = b"Name:Earth, Wind: and Fire,Album:I Am,Year:1979,Rank:5"
    (event,) = CODECS["bands"].decode_value(value)
    assert event == {"name": "Earth, Wind: and Fire", "album": "I Am", "year": 1979, "rank": 5}


def test_votes_add_count_and_rank() -> None:
    assert CODECS["bands"].tally_writes(VOTE) == (
        ("hash", "votes", "Soda Stereo:Signos", 1),
        ("hash", "rank", "Soda Stereo:Signos", 4),
    )


def test_a_pair_and_its_mirror_are_one_prediction() -> None:
    mirror: dict[str, str | int] = {
        "team1": "Argentina",
        "team2": "Guatemala",
        "score": "5-2",
        "phase": 1,
    }
    writes = CODECS["worldcup"].tally_writes(SCORE)
    assert writes == CODECS["worldcup"].tally_writes(mirror)
    assert writes == (
        ("hash", "Argentina:Guatemala:1", "5-2", 1),
        ("counter", "Argentina:Guatemala:1:total", "", 1),
        ("set", "Fase:1", "Argentina:Guatemala", 1),
    )


@pytest.mark.parametrize("name", ["plain", "a:b", "50%", "%3A", ":%:", "%25", "{rank}"])
def test_members_can_be_split_whatever_the_values_hold(name: str) -> None:
    codec = CODECS["bands"]
    member = codec.tally_writes({**VOTE, "name": name})[0].member
    assert split_member(member) == (name, "Signos")
    assert member == f"{escape(name)}:Signos"


def test_render_fills_a_template_with_plain_values() -> None:
    assert render("{name} · {album} {rank}{none}", VOTE) == "Soda Stereo · Signos 4"
    assert render("{name}", {"name": "{album}", "album": "x"}) == "{album}"


@pytest.mark.parametrize("name", names())
def test_generated_events_are_valid_and_follow_the_weights(name: str) -> None:
    codec = CODECS[name]
    rng = Random(7)
    events = [codec.generate(rng) for _ in range(4000)]
    made = [codec.validate(event) for event in events]
    assert all(
        isinstance(one, dict) and one == one | event
        for event, one in zip(events, made, strict=True)
    )
    samples = codec.scenario.samples
    key = codec.scenario.fields[0].name
    seen = Counter(event[key] for event in events)
    total = sum(row.weight for row in samples)
    for value in {row.values[key] for row in samples}:
        share = sum(row.weight for row in samples if row.values[key] == value) / total
        assert abs(sum(seen[v] for v in value) / len(events) - share) < 0.05
    assert [codec.generate(Random(3)) for _ in range(3)] == [
        codec.generate(Random(3)) for _ in range(3)
    ]
