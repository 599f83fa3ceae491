"""Patterns: each is told where the figures have it, and nothing is said where they do not."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.answers import patterns
from controlroom.answers.evidence import Evidence
from controlroom.answers.saying import Said
from tests.answers.making import Blocks, doors, every, keep, phase

EMPTY = {"phases": {name: phase(name, p99=6.0) for name in ("baseline", "fault", "recovery")}}
FLAT: dict[str, Blocks] = {
    "doors-equal": lambda *_: EMPTY,
    "doors-limit": lambda *_: EMPTY,
    "faults": lambda *_: {**EMPTY, "lost": 1},
}
"""Nothing differs from anything; one event was lost."""


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    return every(tmp_path_factory.mktemp("runs"), "covid")


@pytest.fixture(scope="module")
def producers(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    return every(tmp_path_factory.mktemp("runs"), "bands")


@pytest.fixture(scope="module")
def flat(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Evidence]:
    folder = tmp_path_factory.mktemp("flat")
    return {name: keep(folder, "covid", name, made) for name, made in FLAT.items()}


@pytest.mark.parametrize(
    ("look", "figure"),
    [
        (patterns.faulty_share, "test-4: 50 % -> 50 %"),
        (patterns.errors_are_quick, "p50 falls from 5 ms [5, 5] to 2 ms [2, 2]"),
        (patterns.same_volume, "p95 12.1 ms of pubsub against 36.4 ms of kafka"),
        (patterns.long_tail, "kafka 5 [5, 5]"),
        (patterns.queue_waits, "pubsub 7 ms [7, 7]"),
        (patterns.tail_at_limit, "kafka 7.5"),
        (patterns.behind_the_queue, "network (900)"),
        (patterns.whole_books, "pod-failure, pod-kill"),
        (patterns.kill_is_short, "pod-kill 3 s, pod-failure 8 s"),
    ],
)
def test_a_pattern_that_is_there_is_told(
    runs: dict[str, Evidence], look: patterns.Look, figure: str
) -> None:
    said = look(runs)
    assert said is not None
    assert figure in said.en
    assert "(runs" in said.en or "(run r-" in said.en


@pytest.mark.parametrize("look", patterns.PATTERNS)
def test_where_nothing_differs_nothing_is_told(
    flat: dict[str, Evidence], look: patterns.Look
) -> None:
    assert look(flat) is None
    assert look({}) is None


def test_the_hop_is_told_of_producers_that_have_one(producers: dict[str, Evidence]) -> None:
    said = patterns.hop_costs(producers)
    assert said is not None
    assert "grpc 1.5 ms [1.5, 1.5]" in said.en
    assert "wasm 1.5 ms [1.5, 1.5]" in said.en
    assert "http" not in said.en


def test_the_acknowledgement_is_told_where_it_is_most_at_every_door(
    producers: dict[str, Evidence],
) -> None:
    assert patterns.acknowledgement(producers) is None  # gRPC waits for it a third of its time


def test_the_steadier_door_is_told(tmp_path: Path) -> None:
    def wild(arm: str, turn: int) -> dict[str, object]:
        more = {"p50": 5.0, "p99": 9.0 if arm == "grpc" else 60.0 + turn}
        return {"phases": {"baseline": phase("baseline", **more)}}

    one = keep(tmp_path, "bands", "doors-equal", wild)
    said = patterns.steady_tail({"doors-equal": one})
    assert said is not None
    assert "grpc is steadier than" in said.en


def test_drift_is_told_in_both_languages(tmp_path: Path) -> None:
    def rising(_: str, turn: int) -> dict[str, object]:
        return {"phases": {"baseline": phase("baseline", p50=5.0 * 1.2**turn)}}

    said = patterns.drifts({"doors-equal": keep(tmp_path, "covid", "doors-equal", rising)})
    assert said is not None
    assert "values rose by about" in said.en
    assert "los valores subieron cerca de" in said.es


def test_at_least_three_are_found_or_it_is_said_how_many(
    runs: dict[str, Evidence], flat: dict[str, Evidence]
) -> None:
    assert len(patterns.patterns(runs)) >= patterns.WANTED
    (said,) = patterns.patterns(flat)
    assert isinstance(said, Said)
    assert "0 of the 3 patterns" in said.en


def test_doors_are_not_told_apart_by_one_block(tmp_path: Path) -> None:
    one = keep(tmp_path, "covid", "doors-equal", doors, rounds=1)
    assert patterns.same_volume({"doors-equal": one}) is None
    assert patterns.steady_tail({"doors-equal": one}) is None
