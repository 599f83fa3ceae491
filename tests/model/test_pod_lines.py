"""Lines of several pods in one: each once, by their time, and no more than are kept."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime
from itertools import chain

import pytest

from controlroom.model.pod_lines import PodLines, Said, body_of, short_names, time_of

NOW = 1_795_275_188.0
EIGHT = datetime(2026, 11, 21, 15, 0, 8, tzinfo=UTC).timestamp()


def line(second: float, message: str) -> str:
    """As a service writes it."""
    stamp = f"2026-11-21T15:{int(second) // 60:02d}:{second % 60:06.3f}Z"
    return json.dumps(
        {"at": stamp, "level": "info", "service": "s", "pod": "p", "message": message}
    )


def words(said: list[Said]) -> list[str]:
    return [body_of(one) for one in said]


def test_lines_of_two_pods_are_put_by_their_time_and_each_is_new_once() -> None:
    both = PodLines()
    assert words(both.take("a-1", [line(1, "one"), line(4, "four")], NOW)) == ["one", "four"]
    assert words(both.take("b-2", [line(2, "two"), line(3, "three")], NOW)) == ["two", "three"]
    assert words(both.lines) == ["one", "two", "three", "four"]
    assert both.take("a-1", [line(1, "one"), line(4, "four")], NOW) == []
    assert words(both.take("a-1", [line(4, "four"), line(5, "five")], NOW)) == ["five"]
    assert [one.pod for one in both.lines] == ["a-1", "b-2", "b-2", "a-1", "a-1"]


def test_whatever_windows_are_read_nothing_is_lost_or_doubled() -> None:
    rng = random.Random(7)
    written = {pod: [line(rng.uniform(0, 900), f"{pod} {n}") for n in range(300)] for pod in "abc"}
    both, read = PodLines(), dict.fromkeys(written, 0)
    while any(read[pod] < 300 for pod in written):
        pod = rng.choice("abc")
        read[pod] = min(300, read[pod] + rng.randrange(0, 20))
        both.take(pod, written[pod][max(0, read[pod] - 25) : read[pod]], NOW)
    assert sorted(one.line for one in both.lines) == sorted(chain.from_iterable(written.values()))
    assert [one.at for one in both.lines] == sorted(one.at for one in both.lines)


def test_containers_of_one_pod_are_followed_apart() -> None:
    both = PodLines()
    both.take("a", ["[app] x", "[app] y", "[proxy] z"], NOW)
    fresh = both.take("a", ["[app] y", "[app] w", "[proxy] z", "[proxy] v"], NOW)
    assert words(fresh) == ["[app] w", "[proxy] v"]


def test_a_line_without_a_time_stays_after_the_one_before_it() -> None:
    both = PodLines()
    both.take("a", [line(1, "one"), "Traceback", line(9, "nine")], NOW)
    both.take("b", [line(5, "five")], NOW)
    assert words(both.lines) == ["one", "Traceback", "five", "nine"]


@pytest.mark.parametrize(("full", "told"), [(True, "some lines are not shown"), (False, "anew")])
def test_what_was_not_seen_between_two_looks_is_told(full: bool, told: str) -> None:
    both = PodLines()
    both.take("a", [line(1, "one")], NOW)
    fresh = both.take("a", [line(8, "eight")], NOW, full)
    assert [(one.told, told in one.line) for one in fresh if one.told] == [(True, True)]
    assert "eight" in words(fresh)


def test_a_pod_that_goes_and_its_successor_are_told_and_its_lines_stay() -> None:
    both = PodLines()
    assert both.settle(["c-old", "c-two"], NOW) == []
    both.take("c-old", [line(1, "one")], NOW)
    assert words(both.settle(["c-two", "c-new"], NOW)) == ["c-old is gone", "c-new is there now"]
    assert both.settle(["c-two", "c-new"], NOW) == []
    assert words(both.lines)[0] == "one"
    assert both.pods == ("c-two", "c-new")


def test_only_the_newest_are_kept_and_the_others_counted() -> None:
    both = PodLines(most=10)
    both.take("a", [line(n, str(n)) for n in range(25)], NOW)
    assert words(both.lines) == [str(n) for n in range(15, 25)]
    assert both.dropped == 15


@pytest.mark.parametrize(
    ("said", "at"),
    [
        (line(8, "x"), EIGHT),
        ("[app] " + line(8, "x"), EIGHT),
        ("2026-11-21 15:00:08,250+00:00 text", EIGHT + 0.25),
        ('{"at": 3}', None),
        ("{broken", None),
        ("2026-99-21T15:00:08Z", None),
        ("", None),
    ],
)
def test_the_time_of_a_line(said: str, at: float | None) -> None:
    assert time_of(said) == at


def test_names_are_as_short_as_tells_them_apart() -> None:
    names = short_names(["c-7f9-2x2", "c-7f9-8ab", "x-8ab"])
    assert names == {"c-7f9-2x2": "2x2", "c-7f9-8ab": "c-7f9-8ab", "x-8ab": "x-8ab"}
