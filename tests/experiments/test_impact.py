"""What a block did, from samples with known parts; what is not known is not told as nothing."""

from __future__ import annotations

from typing import Any

import pytest

from controlroom.experiments.format import Experiment, read
from controlroom.experiments.harm import ranking
from controlroom.experiments.impact import budget, impact
from controlroom.experiments.results import lines, summary
from tests.experiments.samples import calm, sample

PLAN: dict[str, Any] = {
    "scenario": "bands", "load": {"rate": 100}, "rounds": 3,
    "phases": {"baseline": "10s", "fault": "4s", "recovery": "6s"},
    "arms": [{"name": "none"}, {"name": "cut", "fault": "x"}, {"name": "slow", "fault": "y"}],
    "guards": [{"measure": "success", "below": 0.9, "for": "10s"}],
    "steady_state": [{"measure": "success", "at_least": 0.99}],
}  # fmt: skip
BEFORE = calm(1, 10, "baseline")
HALF: dict[str, Any] = {"good": 50, "bad": 50}
FAULT = [sample(float(at), **(HALF if at > 11 else {})) for at in range(11, 15)]
AFTER = calm(15, 20, "recovery")


def plan(**more: Any) -> Experiment:
    return read({**PLAN, **more})


def test_a_known_harm_is_told_as_it_was() -> None:
    told = impact(plan(), [*BEFORE, *FAULT, *AFTER], 10.0, 14.0)
    assert told["detect"] == 2.0, "the second second was the first bad one"
    assert told["lost_good"] == 150
    assert told["budget"] == {"slo": 0.99, "bad": 150, "good": 850, "burn_rate": 15.0}
    damage = told["damage"]
    assert (damage["lost"], damage["slow"], damage["lag"]) == (1.5, 0.0, 0.0)
    assert (damage["recovery"], damage["recovered"]) == (4.0, True)
    assert damage["score"] == pytest.approx(1.5 + 0.1 * 4)
    assert impact(plan(weights={"recovery": 0}), [*BEFORE, *FAULT, *AFTER], 10.0, 14.0)["damage"][
        "score"
    ] == pytest.approx(1.5)


def test_without_a_fault_nothing_is_detected_and_the_noise_is_measured() -> None:
    told = impact(plan(), [*BEFORE, *calm(11, 20)], None, None)
    assert (told["detect"], told["lost_good"], told["damage"]["score"]) == (None, 0, 0.0)


def test_no_data_is_a_breach_and_a_short_baseline_gives_no_damage() -> None:
    silent = [sample(float(at), good=0, bad=0, p95=None) for at in range(11, 15)]
    assert impact(plan(), [*BEFORE, *silent], 10.0, None)["detect"] == 1.0
    told = impact(plan(), [*BEFORE[:3], *FAULT], 10.0, None)
    assert (told["damage"], told["lost_good"]) == (None, None)
    assert "5 are needed" in told["damage_unknown"]


def test_a_budget_wants_a_goal() -> None:
    assert budget(None, 5, 5) is None
    assert budget(0.99, 0, 0) == {"slo": 0.99, "bad": 0, "good": 0, "burn_rate": None}
    assert plan(slo=0.95).goal == 0.95
    assert plan(steady_state=[]).goal is None


def block(place: int, arm: str, score: float | None, recovered: bool = True) -> dict[str, Any]:
    damage = {"score": score, "lost": score, "slow": 0.0, "recovery": 0.0, "lag": 0.0}
    kept = None if score is None else {**damage, "recovered": recovered}
    clocks = {
        "disturbed": True, "first_error": 1.0, "from_injection": 4.0, "from_removal": None,
        "lag_peak": 3, "lag_drain": None,
    }  # fmt: skip
    faulty = {"clocks": clocks, "detect": 2.0, "lost_good": 9} if arm != "none" else {}
    return {"place": place, "arm": arm, "phases": {}, "damage": kept, **faulty}


def test_faults_are_ranked_and_what_nobody_can_tell_is_said() -> None:
    scores = {"none": (0.1, 0.2, 0.1), "cut": (20.0, 21.0, 20.5), "slow": (0.2, 0.1, 0.15)}
    blocks = [
        block(at, arm, value, arm != "cut" or at < 2)
        for arm, values in scores.items()
        for at, value in enumerate(values)
    ]
    first, second = ranking(plan(), blocks)
    assert (first["arm"], first["place"], first["seen"], first["bound"]) == ("cut", 1, True, 1)
    assert first["ties"] == []
    assert first["low"] < 20.5 < first["high"]
    assert (second["arm"], second["place"], second["seen"]) == ("slow", 2, False)
    assert "not told from none, which has no fault" in second["sentence"]
    said = lines(summary(plan(), blocks, 1))
    assert "harm, worst first (score = 1 x lost + 0.5 x slow + 0.1 x recovery" in "\n".join(said)
    assert any("detected after 2 s, 9 good requests lost" in one for one in said)
    assert ranking(plan(), [block(0, "cut", None)]) == []
