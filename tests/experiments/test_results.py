"""What all blocks say together."""

from __future__ import annotations

import json
from typing import Any

from controlroom.experiments.format import Experiment, read
from controlroom.experiments.planning import ordered
from controlroom.experiments.results import lines, summary

PLAN: dict[str, Any] = {
    "scenario": "bands", "load": {"users": 4}, "compare": ["throughput", "p95"], "rounds": 10,
    "arms": [{"name": "http"}, {"name": "grpc"}],
}  # fmt: skip


def blocks(experiment: Experiment, pace: dict[str, float]) -> list[dict[str, Any]]:
    """Blocks as their lines have them; each round is a little faster than the one before."""
    made = []
    for place, arm in enumerate(ordered(experiment, experiment.rounds, 1)):
        rate = pace[arm] * (1 + 0.001 * (place % 5))
        phase = {"success": 1.0, "throughput": rate, "p50": 2.0, "p95": 1000 / rate, "p99": 9.0}
        told = {"baseline": {**phase, "p999": 12.0}}
        made.append({"place": place, "arm": arm, "phases": told, "lost": 0, "doubled": 0})
    return made


def test_a_difference_is_told_in_a_sentence_and_fits_json() -> None:
    experiment = read(PLAN)
    found = summary(experiment, blocks(experiment, {"http": 100.0, "grpc": 130.0}), 7)
    assert [one["kind"] for one in found["comparisons"]] == ["faster", "faster"]
    said = lines(found)
    assert said[0].startswith("http against grpc, throughput: grpc is faster by ")
    assert said[-1] == "books: 0 lost, 0 doubled; clocks are exact to 1 s"
    assert found["arms"]["grpc"]["blocks"] == 10
    json.loads(json.dumps(found, allow_nan=False))


def test_the_same_is_no_difference() -> None:
    experiment = read(PLAN)
    found = summary(experiment, blocks(experiment, {"http": 100.0, "grpc": 100.0}), 7)
    assert {one["kind"] for one in found["comparisons"]} == {"no difference"}


def test_what_is_not_known_is_not_told() -> None:
    experiment = read(PLAN)
    some = blocks(experiment, {"http": 100.0, "grpc": 130.0})
    few = summary(experiment, some[:2], 7)
    assert {one["kind"] for one in few["comparisons"]} == {"cannot tell"}
    json.loads(json.dumps(few, allow_nan=False))
    for one in some:
        one["phases"]["baseline"]["p95"] = None
    some[3]["lost"] = None
    found = summary(experiment, some, 7)
    assert found["comparisons"][1]["sentence"].endswith("cannot tell, too few blocks with data")
    assert found["arms"]["http"]["phases"]["baseline"]["p95"] is None
    assert found["lost"] is None
    assert "books: no data" in lines(found)[-1]
    assert summary(experiment, [], 7)["arms"]["http"]["blocks"] == 0
