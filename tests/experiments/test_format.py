"""Files of experiments: what is wrong is told with file, line, field and how to mend it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from controlroom.experiments.format import read, schema
from controlroom.experiments.planning import lasting, ordered
from controlroom.runs.errors import SpecError
from controlroom.runs.experiment_files import asked, read_experiment
from controlroom.runs.kinds.experiment import KIND

ROOT = Path(__file__).resolve().parents[2]
SHIPPED = sorted(ROOT.glob("scenarios/*/experiments/*.yaml"))
TEXT = """\
scenario: bands
load: {users: 4}
phases:
  baseline: 5s
  fault: 4s
rounds: 6
arms:
  - name: none
  - name: killed
    fault: pod-kill-consumer
steady_state:
  - {measure: success, at_least: 0.99}
guards:
  - measure: lag
    above: 1000
"""
WRONG = [
    ("scenario: bands\n", "", "1: scenario is missing.", "Add scenario: there."),
    ("rounds: 6", "rounds: six", "6: rounds cannot be used: Expected `int`", "from 1 to 200"),
    ("rounds: 6", "rounds: 0", "6: rounds cannot be used", "from 1 to 200"),
    ("rounds: 6", "round: 6", "6: round is not known.", "known here: scenario, load"),
    ("users: 4", "user: 4", "2: load.user is not known.", "known here: users, rate"),
    ("{users: 4}", "{}", "2: load has no users and no rate, or both.", "users: 4"),
    ("baseline: 5s", "baseline: 5", "4: phases.baseline cannot be used", "such as 10s"),
    ("baseline: 5s", "baseline: 500ms", "4: phases.baseline is shorter than 1 s.", "5s or more"),
    ("baseline: 5s", "baseline: soon", "4: phases.baseline cannot be used: 'soon'", "such as 10s"),
    ("fault: 4s", "fault: 0s", "5: phases.fault is 0, and there are faults.", "fault: 10s"),
    ("name: none", "name: killed", "9: arms[1].name killed is there twice.", "its own name"),
    ("name: none", "name: No", "8: arms[0].name cannot be used", "a name such as grpc"),
    ("- name: none", "- path: smtp\n    name: none", "8: arms[0].path cannot be used", "grpc,"),
    ("measure: success", "measure: luck", "12: steady_state[0].measure cannot be used", "success"),
    (", at_least: 0.99", "", "12: steady_state[0] wants one of at_least and at_most.", "at_least"),
    ("    above: 1000\n", "", "14: guards[0] wants one of below and above.", "below"),
    ("above: 1000", "above: 1\n    for: ever", "16: guards[0].for cannot be used", "such as 10s"),
    (
        "- name: none", "- name: none\n    settings: {reader: {REDIS_PASSWORD: x}}",
        "9: arms[0].settings.reader.REDIS_PASSWORD is a secret, which no experiment sets.", "out",
    ),
    (
        "- name: none", "- name: none\n    settings:\n      reader:\n        MONGO_URL: x",
        "11: arms[0].settings.reader.MONGO_URL is an address or a place, which no", "Leave it out",
    ),
    (
        "- name: none", "- name: none\n    settings: {reader: {streams: 1}}",
        "9: arms[0].settings.reader.streams is no variable.", "MAX_RECORDS",
    ),
    (
        "- name: none", "- name: none\n    settings: {reader: {}}",
        "9: arms[0].settings.reader names no setting.", "DRAIN_SECONDS",
    ),
    ("rounds: 6", "rounds: 200\ncompare: [p95, p95]", "7: compare names a figure twice.", "once"),
    ("baseline: 5s", "baseline: 50m", "6: rounds make it longer than six hours.", "fewer rounds"),
]  # fmt: skip


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.yaml"
    path.write_text(text)
    return path


def parsed(**changes: Any) -> dict[str, Any]:
    return {**yaml.safe_load(TEXT), **changes}


@pytest.mark.parametrize(("old", "new", "said", "fix"), WRONG, ids=lambda one: str(one)[:24])
def test_what_is_wrong_is_told(old: str, new: str, said: str, fix: str, tmp_path: Path) -> None:
    assert old in TEXT
    path = written(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(SpecError) as error:
        read_experiment(path)
    assert error.value.message.startswith(f"{path}, line {said}"), error.value.message
    assert fix in error.value.fix


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: [", "line 1 is not YAML"),
        ("- one", "cannot be used: Expected `object`"),
        ("", "Expected `object`, got `null`"),
    ],
)
def test_what_is_no_experiment_is_told(text: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, text)
    with pytest.raises(SpecError, match=re.escape(said)) as error:
        read_experiment(path)
    assert error.value.message.startswith(str(path))
    with pytest.raises(SpecError, match="cannot be read"):
        read_experiment(tmp_path / "none.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("fault: pod-kill-consumer", "fault: nosuch", "nosuch cannot be read"),
        ("fault: pod-kill-consumer", "split: nosuch", "No split is called nosuch"),
        ("scenario: bands", "scenario: nosuch", "scenario:"),
    ],
)
def test_what_it_names_has_to_be_there(old: str, new: str, said: str, tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace(old, new, 1))
    with pytest.raises(SpecError, match=said) as error:
        asked(*read_experiment(path), path, 600.0)
    assert error.value.message.startswith(str(path))


def test_a_fault_ends_with_its_phase_at_the_latest(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT.replace("pod-kill-consumer", "pod-failure-consumer"))
    spec = asked(*read_experiment(path), path, 600.0)
    assert spec.faults["pod-failure-consumer"].manifest["spec"]["duration"] == "4s"
    late = TEXT.replace("arms:", "faults: [{file: pod-failure-consumer, at: 3s}]\narms:")
    path = written(tmp_path, late)
    spec = asked(*read_experiment(path), path, 600.0)
    assert spec.faults["pod-failure-consumer"].manifest["spec"]["duration"] == "1s"


def test_what_is_asked_comes_back_from_its_file(tmp_path: Path) -> None:
    path = written(tmp_path, TEXT)
    spec = asked(*read_experiment(path), path, 600.0, rounds=2, seed=5)
    assert f"{path} --yes --seed 5 --repeat 2" in spec.command()
    told = json.loads(json.dumps({"plan": spec.plan, "name": spec.name, "order": spec.order}))
    assert KIND.read(told).experiment == spec.experiment  # type: ignore[attr-defined]


def test_each_round_has_every_arm_once_and_the_seed_says_in_which_order() -> None:
    experiment = read(parsed())
    order = ordered(experiment, 20, 3)
    rounds = [order[at : at + 2] for at in range(0, 40, 2)]
    assert all(sorted(one) == ["killed", "none"] for one in rounds)
    assert len({tuple(one) for one in rounds}) == 2
    assert order == ordered(experiment, 20, 3) != ordered(experiment, 20, 4)
    alone = read(parsed(arms=[{"name": "one"}]))
    assert ordered(alone, 3, 0) == ["one"] * 3


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.stem)
def test_the_shipped_ones_are_good_and_as_long_as_is_said(path: Path) -> None:
    plan, experiment = read_experiment(path)
    spec = asked(plan, experiment, path, 600.0)
    assert experiment.title
    assert 120 <= spec.lasts == lasting(experiment, experiment.rounds) <= 900
    jsonschema.Draft202012Validator(schema()).validate(plan)


def test_the_schema_knows_what_is_wrong() -> None:
    check = jsonschema.Draft202012Validator(schema())
    check.check_schema(schema())
    assert check.is_valid(parsed())
    wrong: list[dict[str, Any]] = [{"rounds": 0}, {"arms": []}, {"more": 1}, {"load": {"user": 4}}]
    for changes in wrong:
        assert not check.is_valid(parsed(**changes)), changes


def test_an_open_load_has_phases_with_a_whole_second(tmp_path: Path) -> None:
    short = TEXT.replace("users: 4", "rate: 50").replace("fault: 4s", "fault: 1500ms")
    with pytest.raises(SpecError, match=r"line 5: phases.fault is shorter than 2 s"):
        read_experiment(written(tmp_path, short))


def test_settings_are_texts_as_a_service_reads_them() -> None:
    arms = [{"name": "few", "settings": {"reader": {"MAX_STREAMS": 10, "DRAIN_SECONDS": 0.5}}}]
    plan = read({"scenario": "bands", "load": {"users": 1}, "arms": arms})
    assert plan.arm("few").variables == {"reader": {"MAX_STREAMS": "10", "DRAIN_SECONDS": "0.5"}}
    assert lasting(plan, 1) > lasting(read({**PLAIN, "arms": [{"name": "few"}]}), 1)


PLAIN = {"scenario": "bands", "load": {"users": 1}}
