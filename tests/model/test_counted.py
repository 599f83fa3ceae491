"""Counters of Prometheus, added up over looks."""

from __future__ import annotations

from typing import Any

from controlroom.model.counted import Answers, Counted


def series(value: int, pod: str = "a", classification: str = "success") -> dict[str, Any]:
    labels = {"deployment": "reader", "pod": pod, "classification": classification}
    return {"metric": labels, "value": [0.0, str(value)]}


def test_what_was_there_before_the_first_look_is_not_counted() -> None:
    counted = Counted()
    counted.see([series(500)])
    assert counted.of("reader") == Answers()
    counted.see([series(503), series(2, classification="failure")])
    assert (counted.of("reader"), counted.of("reader").total) == (Answers(3, 2), 5)


def test_a_pod_that_came_or_went_or_began_anew_loses_nothing() -> None:
    counted = Counted()
    counted.see([series(10)])
    counted.see([series(14)])
    counted.see([series(7, pod="b")])
    counted.see([series(3, pod="b")])
    assert counted.of("reader") == Answers(4 + 7 + 3)


def test_a_part_is_what_came_after_a_moment() -> None:
    counted = Counted()
    counted.see([])
    counted.see([series(4)])
    before = counted.of("reader")
    counted.see([series(9)])
    assert counted.of("reader").since(before) == Answers(5)
    assert counted.of("nobody") == Answers()
