"""A plan that cannot be used is refused with a sentence that names the field."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controlroom.arrivals.__main__ import main
from controlroom.arrivals.plan import Plan, PlanError, check, read_plan
from controlroom.arrivals.requests import bodies
from controlroom.arrivals.results import read_result
from tests.ports import free_port

GOOD: dict[str, Any] = {
    "url": "http://127.0.0.1:8080", "path": "wasm", "rate": 500, "seconds": 60, "seed": 3,
    "scenario": "bands", "batch": 2, "timeout": 5.0, "most_waiting": 100,
}  # fmt: skip


def written(folder: Path, plan: object) -> Path:
    """The plan as a file."""
    path = folder / "plan.json"
    path.write_text(plan if isinstance(plan, str) else json.dumps(plan))
    return path


def test_a_good_plan_is_read(tmp_path: Path) -> None:
    plan = read_plan(written(tmp_path, GOOD))
    assert plan.address == "http://127.0.0.1:8080/wasm"
    assert (plan.rate, plan.seconds, plan.arrivals, plan.number) == (500.0, 60.0, "constant", None)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"url": "http://192.168.0.1"}, "url: goes to 192.168.0.1"),
        ({"url": "https://127.0.0.1"}, "url: "),
        ({"url": "grpc://127.0.0.1:50051"}, "path wasm: "),
        ({"rate": 0}, "rate 0 "),
        ({"rate": 1e9}, "rate 1e+09 "),
        ({"rate": "fast"}, "rate: Expected `float`"),
        ({"seconds": -1}, "seconds -1 "),
        ({"seconds": 1e9}, "seconds 1e+09 "),
        ({"timeout": 0}, "timeout 0 "),
        ({"batch": 0}, "batch 0 "),
        ({"batch": 1.5}, "batch: Expected `int`"),
        ({"most_waiting": 0}, "most_waiting 0 "),
        ({"most_waiting": 10**9}, "most_waiting 1e+09 "),
        ({"number": 0}, "number 0 "),
        ({"path": "ftp"}, "path: Invalid enum value 'ftp'"),
        ({"arrivals": "sometimes"}, "arrivals: Invalid enum value"),
        ({"ratte": 5}, "unknown field `ratte`"),
    ],
)
def test_a_bad_field_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    with pytest.raises(PlanError) as caught:
        read_plan(written(tmp_path, {**GOOD, **change}))
    assert said in caught.value.message
    assert caught.value.fix


def test_a_missing_field_no_json_and_no_file_are_named(tmp_path: Path) -> None:
    for plan, said in (
        ({name: GOOD[name] for name in GOOD if name != "rate"}, "required field `rate`"),
        ("{", "is not JSON"),
        ("[]", "Expected `object`"),
    ):
        with pytest.raises(PlanError, match=said):
            read_plan(written(tmp_path, plan))
    with pytest.raises(PlanError, match="cannot be read: No such file"):
        read_plan(tmp_path / "none.json")


def test_a_scenario_and_a_file_of_bodies_are_named(tmp_path: Path) -> None:
    for change, said in (
        ({"scenario": "nosuch"}, "scenario: "),
        ({"bodies": str(tmp_path / "none")}, "bodies: "),
        ({"bodies": str(written(tmp_path, ""))}, "bodies: "),
    ):
        with pytest.raises(PlanError, match=said):
            bodies(check(Plan(**{**GOOD, **change})))


def test_the_process_says_it_in_a_sentence_and_in_its_result(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = {**GOOD, "url": f"http://127.0.0.1:{free_port()}"}
    assert main([str(written(tmp_path, plan)), str(tmp_path / "out")]) == 2
    said = capsys.readouterr().err
    assert "url: nothing answers at http://127.0.0.1:" in said
    result = read_result(tmp_path / "out")
    assert result is not None
    assert (result["state"], result["error"]) == ("failed", said.strip())
    # what was measured is never written over
    assert main([str(written(tmp_path, plan)), str(tmp_path / "out")]) == 2
    assert "holds a result already" in capsys.readouterr().err
    assert main([str(written(tmp_path, plan)), "/proc/none/out"]) == 2
    assert "/proc/none" in capsys.readouterr().err
