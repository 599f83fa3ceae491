"""Bodies of any size: one grammar, bounded pieces, limits that are met on the way, places."""

from __future__ import annotations

import json
import tracemalloc
from random import Random
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bench.worst import HTTP
from scenarios import walk
from scenarios.bodies import (
    MAX_RECORD,
    SLICE,
    BodyError,
    BodyTooDeepError,
    BodyTooLargeError,
    Bounds,
    MalformedError,
    Stream,
    TooManyRecordsError,
    Unreadable,
    parse_records,
    read_records,
    slices_of,
)
from scenarios.events import EventCodec
from scenarios.loading import load

A, B = {"a": 1}, {"b": "},{"}
ALIKE = [
    ('{"a":1}{"b":"},{"}', [A, B]),
    ('{"a":1} {"b":"},{"}', [A, B]),
    ('{\n"a":1\n}\n{\n"b":"},{"}\n', [A, B]),
    ('[{"a":1}][{"b":"},{"}]', [A, B]),
    ('{"Lista":[{"a":1},{"b":"},{"}],"total":2}', [A, B]),
    ('{"total":2,"LISTA":[{"a":1}]}{"b":"},{"}', [A, B]),
    ('[{"lista":[{"a":1}],"n":1},{"b":"},{"}]', [A, B]),
]


@pytest.mark.parametrize(("text", "records"), ALIKE)
def test_every_shape_is_its_records_at_any_size_of_piece(
    text: str, records: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert parse_records(text.encode()) == records
    monkeypatch.setattr(walk, "SLICE", 4)
    made = walk.Walk(text.encode(), Bounds(record=30))
    assert [record for part in made.slices() for record in part] == records
    assert not made.single


_SCALARS = st.none() | st.integers(-3, 3000) | st.just(1.5) | st.sampled_from(["", "},{", "[\\"])
_RECORDS = st.dictionaries(st.sampled_from(["a", "b", "n"]), _SCALARS, max_size=3)
_WRAPPED = st.builds(lambda inner: {"Lista": inner, "n": 1}, st.lists(_RECORDS, max_size=4))
_VALUES = _RECORDS | _WRAPPED | st.lists(_RECORDS | _WRAPPED, max_size=6) | _SCALARS
_GAPS = st.sampled_from(["", "\n", " ", "\r\n", "\n\n"])


@st.composite
def texts(draw: st.DrawFn) -> bytes:
    """Values one after the other, of which a sign may have been changed."""
    indent = draw(st.sampled_from([None, 1]))
    raw = bytearray()
    for value in draw(st.lists(_VALUES, min_size=1, max_size=5)):
        raw += json.dumps(value, indent=indent).encode() + draw(_GAPS).encode()
    for place in draw(st.lists(st.integers(0, max(0, len(raw) - 1)), max_size=2)):
        raw[place : place + draw(st.integers(0, 1))] = draw(
            st.sampled_from([b"", b"{", b"]", b",", b'"', b"\n", b"\xe9", b"0"])
        )
    return bytes(raw)


def outcome(body: bytes, bounds: Bounds, *, placed: bool = False) -> Any:
    """The records, with a mark for each bad line; or the kind of refusal."""
    made = walk.Walk(body, bounds, placed=placed)
    try:
        found = [record for part in made.slices() for record in part]
    except BodyTooLargeError:
        return "too large"
    except BodyError:
        return "refused"
    bad = any(type(record) is Unreadable for record in found)
    return "bad lines" if bad else (found, made.single)


@settings(deadline=None, max_examples=150)
@given(texts())
def test_small_pieces_and_large_ones_find_the_same(text: bytes) -> None:
    try:
        whole = parse_records(text)
        bad = any(type(record) is Unreadable for record in whole)
        known: Any = "bad lines" if bad else (list(whole), whole.single)
    except BodyError:
        known = "refused"
    assert outcome(text, Bounds()) == known
    usual, walk.SLICE = walk.SLICE, 32
    try:
        cut = outcome(text, Bounds(record=120))
    finally:
        walk.SLICE = usual
    # a line whose first records were given out is no longer one bad record but a bad body
    assert cut in (known, "too large") or {str(cut), str(known)} == {"refused", "bad lines"}
    placed = outcome(text, Bounds(), placed=True)
    assert placed == known or (placed, known) == ("refused", "bad lines")


def refusal(body: bytes) -> type[BodyError] | None:
    """How a body is refused; None where it is taken."""
    try:
        for _ in slices_of(read_records(body, Bounds())):
            pass
    except BodyError as error:
        return type(error)
    return None


WORST = {
    "`1` a line, 8 MiB": TooManyRecordsError,
    "list of `{}`": TooManyRecordsError,
    "records of 32 KiB full of `{}`": None,
    "records of 2,900 fields": None,
    "nested without end": BodyTooDeepError,
    "one text of escapes": BodyTooLargeError,
    "records of escapes": None,
    "9,900 bad lines": None,
    "blanks": None,
}


@pytest.mark.long
@pytest.mark.parametrize("name", WORST)
def test_limits_are_met_while_decoding(name: str) -> None:
    body = HTTP[name]()
    tracemalloc.start()
    assert refusal(body) is WORST[name]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # the worst piece is 32 KiB of empty objects; the body itself is not counted
    assert peak < 12 << 20


@pytest.mark.parametrize("name", WORST)
def test_no_piece_is_longer_than_a_slice_and_a_record(name: str) -> None:
    made = walk.Walk(HTTP[name](), Bounds())
    longest = last = 0
    try:
        for part in made.slices():
            longest, last = max(longest, made.spent - last), made.spent
            assert len(part) <= SLICE
    except BodyError:
        pass
    assert max(longest, made.spent - last) <= SLICE + 2 * MAX_RECORD


def test_a_walk_that_is_refused_has_not_read_on() -> None:
    made = walk.Walk(b"1\n" * (4 << 20), Bounds())
    with pytest.raises(TooManyRecordsError):
        list(made.slices())
    assert made.spent < 200 << 10


def test_a_number_next_to_the_largest_is_read_like_any_other() -> None:
    assert parse_records(b'{"a":1e308,"b":4.9e-324}') == [{"a": 1e308, "b": 4.9e-324}]


VOTE = '{"name":"Héroes","album":"x","year":1990,"rank":%s}'
PLACES: list[tuple[bytes, str]] = [
    ('{"name":"Café","album":"Ré"}'.encode("latin-1"), r"in field name \(line 1, column 13\)"),
    (b'{"a":1,\n"note":"\\ud83d"}', r"in field note \(line 2, column 9\)"),
    (b'{"a":1,"note":"\\ud83d cut"}', r"surrogate pair in field note \(line 1, column 16\)"),
    ((VOTE % "1e400").encode(), r"out of range in field rank \(line 1, column 49\)"),
    ((VOTE % ("9" * 5000)).encode(), r"out of range in field rank \(line 1, column 49\)"),
    (b'{"a":1,"price":NaN}', r"in field price \(line 1, column 16\)"),
    (b'[{"a":1},\n {"b" 2}]', r"\(line 2, column 7\)"),
    ("{}".encode("utf-16"), r"line 1, column 1\); send UTF-8"),
    (b'{"a":"\\q"}', r"escape character in string in field a \(line 1, column 7\)"),
]


@pytest.mark.parametrize(("body", "words"), PLACES)
def test_an_error_has_its_line_column_and_field(body: bytes, words: str) -> None:
    with pytest.raises(MalformedError, match=words) as small:
        parse_records(body)
    assert small.value.coded == ("send UTF-8" in str(small.value))
    # the same far behind other records, where only pieces are looked at
    before = [{"z": number} for number in range(9_000)]
    long = json.dumps(before, indent=0).encode()[:-2] + b",\n" + body.lstrip(b"[")
    with pytest.raises(MalformedError) as large:
        list(slices_of(read_records(long, Bounds())))
    assert (large.value.reason, large.value.field) == (small.value.reason, small.value.field)
    assert large.value.line > 9_000


def test_a_bad_line_far_behind_is_one_bad_record() -> None:
    body = b'{"a":1}\n' * 5_000 + b'{"a":\xe9}\n' + b'{"a":2}\n' * 10
    found = [r for part in slices_of(read_records(body, Bounds())) for r in part]
    assert len(found) == 5_011
    assert found[5_000].text == b'{"a":\xe9}'
    assert "line 5001, column 6" in found[5_000].message


def test_a_large_body_is_handed_out_once_and_let_go() -> None:
    stream = read_records(json.dumps([A] * 2_000).encode(), Bounds())
    assert isinstance(stream, Stream)
    assert sum(map(len, stream.slices())) == 2_000
    assert not sum(map(len, stream.slices()))


def test_one_large_record_is_single_and_one_too_large_is_refused() -> None:
    record = {"a": 1, "more": "x" * 20_000}
    for body in (json.dumps(record), json.dumps(record) + "  \n"):
        stream = read_records(body.encode(), Bounds())
        assert [r for part in slices_of(stream) for r in part] == [record]
        assert isinstance(stream, Stream)
        assert stream.single
    with pytest.raises(BodyTooLargeError, match="record 3 has more than 32768 bytes"):
        parse_records(json.dumps([A, B, {"more": "x" * 70_000}]).encode())


@settings(deadline=None)
@given(st.integers(-(10**18), 10**18) | st.floats(-1e6, 1e6), st.integers(0, 3))
@example(8.0, 0)
@example(1e2, 0)
def test_a_number_is_the_same_as_a_text(number: float, blanks: int) -> None:
    codec = EventCodec(load("bands"))
    event: dict[str, Any] = codec.generate(Random(1))
    plain = codec.validate({**event, "rank": number})
    text = codec.validate({**event, "rank": " " * blanks + repr(number)})
    assert isinstance(plain, dict) == isinstance(text, dict)
    assert not isinstance(plain, dict) or plain == text


@pytest.mark.parametrize("text", ["8.5", "1e400", "8.", ".5", "0x8", "8.0.0", "nan", "1_0", "--8"])
def test_a_text_that_is_no_whole_number_stays_refused(text: str) -> None:
    codec = EventCodec(load("bands"))
    assert isinstance(codec.validate({**codec.generate(Random(1)), "rank": text}), list)
