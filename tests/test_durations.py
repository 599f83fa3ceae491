"""Durations are read and written as Go does."""

from __future__ import annotations

import pytest

from host.durations import format_duration, parse_duration


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("3m", 180),
        ("1h30m", 5400),
        ("500ms", 0.5),
        ("1.5h", 5400),
        ("2h3m4.5s", 7384.5),
        ("0", 0),
        (".5s", 0.5),
        ("1.s", 1),
    ],
)  # fmt: skip
def test_go_durations_are_read(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    ("text", "word"),
    [("", "missing"), ("10", "no unit"), ("-3m", "negative"), ("3 m", "not a duration"),
     ("3d", "not a duration"), ("m", "not a duration"),
     ("1h 3m", "not a duration"), ("٣s", "not a duration"), ("99999h", "longer than a year")],
)  # fmt: skip
def test_a_bad_duration_is_refused_with_a_reason(text: str, word: str) -> None:
    with pytest.raises(ValueError, match=word):
        parse_duration(text)


@pytest.mark.parametrize("text", ["3m", "1h30m", "500ms", "1h0.25s", "45s", "1m30s", "0s", "1h"])
def test_what_is_written_reads_the_same(text: str) -> None:
    assert format_duration(parse_duration(text)) == text
