"""Whom the door of `controlroom serve` lets in."""

from __future__ import annotations

import pytest

from controlroom.web import guard


@pytest.mark.parametrize(
    ("host", "known"),
    [
        ("127.0.0.1:8642", True),
        ("[::1]:8642", True),
        ("10.1.2.3", True),
        ("localhost:8642", True),
        ("Room.Example:80", True),
        ("evil.example:8642", False),
        ("127.0.0.1.evil.example", False),
        ("localhost.evil.example", False),
        ("", False),
    ],
)
def test_a_name_that_was_bent_to_this_address_is_refused(host: str, known: bool) -> None:
    assert guard.knows_host(host, {"room.example"}) is known


@pytest.mark.parametrize(
    ("origin", "own"),
    [
        ("http://127.0.0.1:8642", True),
        ("https://127.0.0.1:8642", True),
        ("http://127.0.0.1:8643", False),
        ("http://evil.example", False),
        ("null", False),
        ("", False),
    ],
)
def test_only_the_door_s_own_page_opens_a_socket(origin: str, own: bool) -> None:
    assert guard.is_own_origin(origin, "127.0.0.1:8642") is own


def test_a_token_is_right_or_not() -> None:
    assert guard.is_right("abc", "abc")
    for wrong in ("", "ab", "abcd", "ábc", None, 7, ["abc"], True):
        assert not guard.is_right(wrong, "abc")


@pytest.mark.parametrize(
    ("name", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("host.example", False)],
)  # fmt: skip
def test_what_only_this_machine_reaches(name: str, loopback: bool) -> None:
    assert guard.is_loopback(name) is loopback
