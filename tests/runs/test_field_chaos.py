"""Chaos Mesh objects from the field: read without an action, or refused with a reason."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.runs.errors import SpecError
from controlroom.runs.manifest import bounded, changed, read_chaos, stamped
from controlroom.runs.spec import ChaosSpec
from host.errors import StackError
from stack.faults import reading
from stack.faults.registry import kind_of
from tests.runs.test_chaos_files import problems

FIELD = Path(__file__).with_name("field")


def field(name: str) -> ChaosSpec:
    """One of the field's objects."""
    return read_chaos(FIELD / f"{name}.yaml")


@pytest.mark.parametrize(
    ("name", "words"),
    [("stress", "StressChaos memory"), ("http", "HTTPChaos delay"), ("time", "TimeChaos")],
)
def test_a_kind_without_an_action_goes_to_chaos_mesh_as_it_is(name: str, words: str) -> None:
    spec = bounded(field(name), 600)
    assert (spec.words, spec.duration, spec.one_shot) == (words, 20.0, False)
    sent = stamped(spec, "r-0001")
    assert problems(sent) == []
    assert sent["spec"] == spec.manifest["spec"]


@pytest.mark.parametrize("name", ["time"])
def test_what_the_local_stack_does_not_do_is_refused_by_name(name: str) -> None:
    manifest = field(name).manifest
    with pytest.raises(StackError, match=f"does not do {manifest['kind']}: ") as caught:
        reading.fault(manifest, "controlroom")
    assert caught.value.kind == "refused"
    assert caught.value.fix.startswith(("Use", "Run"))


def test_stress_is_carried_out_by_the_local_stack() -> None:
    fault = reading.fault(field("stress").manifest, "controlroom")
    assert (fault.kind, fault.what.action, fault.duration) == ("StressChaos", "memory", 20.0)


def test_a_schedule_needs_an_end_and_keeps_the_one_of_the_flag() -> None:
    with pytest.raises(SpecError, match="Schedule has no end") as caught:
        bounded(field("schedule"), 600)
    assert "--duration" in caught.value.fix
    spec = bounded(field("schedule"), 600, 90.0)
    assert (spec.words, spec.duration) == ("Schedule PodChaos", 90.0)
    assert problems(stamped(spec, "r-0001")) == []
    assert spec.manifest["spec"] == field("schedule").manifest["spec"]
    with pytest.raises(SpecError, match="at most 1m are allowed"):
        bounded(field("schedule"), 60, 90.0)


def test_a_workflow_lasts_as_its_deadlines_say_and_a_flag_cuts_it_off() -> None:
    spec = bounded(field("workflow"), 600)
    assert (spec.words, spec.duration) == ("Workflow", 10.0)
    assert bounded(field("workflow"), 600, 4.0).duration == 4.0
    assert problems(stamped(spec, "r-0001")) == []


def test_duration_mode_value_and_target_are_changed_and_told_in_the_command() -> None:
    spec = bounded(changed(field("stress"), "fixed", "2", "reader"), 600, 5.0)
    body = spec.manifest["spec"]
    assert (body["duration"], body["mode"], body["value"]) == ("5s", "fixed", "2")
    assert body["selector"]["labelSelectors"] == {"app.kubernetes.io/name": "reader"}
    assert "--duration 5s --mode fixed --value 2 --target reader" in spec.command()
    assert spec.title == "StressChaos memory on reader"
    assert problems(stamped(spec, "r-0001")) == []
    assert "value" not in field("stress").manifest["spec"], "the file's own object stays"
    assert changed(field("stress")) == field("stress")
    narrowed = changed(spec, "all").manifest["spec"]
    assert "value" not in narrowed


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"mode": "most"}, "--mode most"),
        ({"mode": "fixed"}, "--value"),
        ({"mode": "fixed-percent", "value": "101"}, "--value 101"),
        ({"mode": "fixed", "value": "0"}, "--value 0"),
        ({"value": "3"}, "--value 3"),
    ],
)
def test_a_change_that_cannot_be_used_names_its_flag(change: dict[str, str], flag: str) -> None:
    with pytest.raises(SpecError, match=flag) as caught:
        changed(field("stress"), **change)
    assert caught.value.fix


def test_a_target_needs_a_selector_by_name() -> None:
    spec = field("stress")
    bare = {**spec.manifest, "spec": {**spec.manifest["spec"], "selector": {}}}
    with pytest.raises(SpecError, match="--target"):
        changed(ChaosSpec(bare, "x"), target="reader")


@pytest.mark.parametrize("name", ["schedule", "workflow"])
def test_of_what_holds_others_all_are_changed(name: str) -> None:
    before = field(name)
    spec = bounded(changed(before, "fixed", "2", "reader"), 600, 5.0)
    held = [body for _, body in kind_of(spec.kind).parts(spec.manifest["spec"])]
    assert held
    assert [(one["mode"], one["value"]) for one in held] == [("fixed", "2")] * len(held)
    labels = {one["selector"]["labelSelectors"]["app.kubernetes.io/name"] for one in held}
    assert labels == {"reader"}
    assert before.manifest == field(name).manifest
    assert problems(stamped(spec, "r-0001")) == []
    assert "--duration 5s --mode fixed --value 2 --target reader" in spec.command()
    assert reading.fault(spec.manifest, "controlroom").duration == 5.0


def test_a_value_that_no_held_fault_can_take_names_the_flag() -> None:
    with pytest.raises(SpecError, match="--value 2 means nothing with mode"):
        changed(field("workflow"), "all", "2")
