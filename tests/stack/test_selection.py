"""Selectors, modes and manifests of faults, with the meaning that Chaos Mesh gives them."""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pytest

from host.durations import format_duration, seconds_of
from host.errors import StackError
from stack.faults import reading
from stack.faults.kinds.network import LinkFault
from stack.faults.model import Mode, Selector, VictimChoice
from stack.faults.selection import chosen, most, selected


@dataclass(frozen=True)
class Thing:
    name: str
    labels: Mapping[str, str]
    phase: str = "Running"


THINGS = [
    Thing("a-1", {"app": "a", "tier": "front"}),
    Thing("a-2", {"app": "a", "tier": "back"}, "Pending"),
    Thing("b-1", {"app": "b"}),
]
POD_KILL = {"action": "pod-kill", "mode": "all"}


def pod_chaos(**spec: Any) -> dict[str, Any]:
    return manifest("PodChaos", **{"selector": {"labelSelectors": {"app": "a"}}, **spec})


def manifest(kind: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "chaos-mesh.org/v1alpha1",
        "kind": kind,
        "metadata": {"name": "test"},
        "spec": spec,
    }


@pytest.mark.parametrize(
    ("selector", "names"),
    [
        ({}, "a-1 a-2 b-1"),
        ({"namespaces": ["here"]}, "a-1 a-2 b-1"),
        ({"namespaces": ["there"]}, ""),
        ({"namespaces": ["there", "here"], "labelSelectors": {"app": "b"}}, "b-1"),
        ({"labelSelectors": {"app": "a"}}, "a-1 a-2"),
        ({"labelSelectors": {"app": "a", "tier": "back"}}, "a-2"),
        ({"labelSelectors": {"app": "a"}, "podPhaseSelectors": ["Running"]}, "a-1"),
        ({"expressionSelectors": [{"key": "app", "operator": "In", "values": ["b"]}]}, "b-1"),
        (
            {"expressionSelectors": [{"key": "tier", "operator": "NotIn", "values": ["front"]}]},
            "a-2 b-1",
        ),
        ({"expressionSelectors": [{"key": "tier", "operator": "Exists"}]}, "a-1 a-2"),
        ({"expressionSelectors": [{"key": "tier", "operator": "DoesNotExist"}]}, "b-1"),
        ({"pods": {"here": ["b-1", "gone"]}, "labelSelectors": {"app": "a"}}, "b-1"),
        ({"pods": {"there": ["b-1"]}}, ""),
    ],
)
def test_selectors(selector: dict[str, Any], names: str) -> None:
    fault = reading.fault(pod_chaos(**POD_KILL, selector=selector), "here")
    assert fault.choice is not None
    found = selected(fault.choice.selector, THINGS, "here")
    assert [thing.name for thing in found] == names.split()


@pytest.mark.parametrize(
    ("mode", "value", "count", "hits"),
    [
        ("one", 0, 3, 1),
        ("one", 0, 0, 0),
        ("all", 0, 3, 3),
        ("fixed", 2, 3, 2),
        ("fixed", 9, 3, 3),
        ("fixed-percent", 50, 3, 2),
        ("fixed-percent", 1, 5, 1),
        ("fixed-percent", 100, 5, 5),
        ("random-max-percent", 50, 5, 2),
        ("random-max-percent", 100, 5, 5),
        ("random-max-percent", 10, 5, 0),
    ],
)
def test_modes(mode: Mode, value: int, count: int, hits: int) -> None:
    choice = VictimChoice(Selector(("here",)), mode, value)
    things = [Thing(str(number), {}) for number in range(count)]
    assert most(choice, count) == hits
    drawn = [len(chosen(choice, things, random.Random(seed))) for seed in range(200)]
    if mode == "random-max-percent":
        assert (min(drawn), max(drawn)) == (0, hits)
    else:
        assert set(drawn) == {hits}


def test_every_pod_is_drawn_sooner_or_later() -> None:
    choice = VictimChoice(Selector(("here",)), "one")
    drawn = {chosen(choice, THINGS, random.Random(seed))[0].name for seed in range(100)}
    assert drawn == {thing.name for thing in THINGS}


DELAY = {"action": "delay", "mode": "all", "duration": "5s", "delay": {"latency": "1ms"}}


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        (manifest("TimeChaos"), "kind"),
        (manifest("Schedule"), "type"),
        (manifest("Workflow"), "entry"),
        (pod_chaos(action="pod-kill", mode="most"), "mode"),
        (pod_chaos(action="pod-kill", mode="fixed"), "value"),
        (pod_chaos(action="pod-kill", mode="fixed", value=2), "value"),
        (pod_chaos(action="pod-kill", mode="fixed", value="0"), "value"),
        (pod_chaos(action="pod-kill", mode="fixed-percent", value="101"), "value"),
        (pod_chaos(action="pod-melt", mode="one"), "action"),
        (pod_chaos(action="pod-failure", mode="one"), "duration"),
        (pod_chaos(action="pod-failure", mode="one", duration="11m"), "duration"),
        (pod_chaos(action="pod-failure", mode="one", duration="soon"), "duration"),
        (pod_chaos(action="container-kill", mode="one"), "containerNames"),
        (pod_chaos(action="pod-kill", mode="one", force=True), "force"),
        (pod_chaos(**POD_KILL, selector={"nodes": ["x"]}), "selector.nodes"),
        (pod_chaos(**POD_KILL, selector={"label": {}}), "selector.label"),
        (manifest("NetworkChaos", action="corrupt", mode="all", selector={}), "action"),
        (
            manifest(
                "NetworkChaos",
                action="bandwidth",
                mode="all",
                selector={},
                bandwidth={"rate": "fast", "limit": 1, "buffer": 1},
            ),
            "rate",
        ),
        (manifest("NetworkChaos", **{**DELAY, "duration": None}, selector={}), "duration"),
        (manifest("NetworkChaos", **{**DELAY, "delay": {}}, selector={}), "delay.latency"),
        (manifest("NetworkChaos", **DELAY, direction="both", selector={}), "direction"),
        (manifest("NetworkChaos", **DELAY, externalTargets=["x"], selector={}), "externalTargets"),
    ],
)
def test_what_cannot_be_done_is_refused_by_field(bad: dict[str, Any], field: str) -> None:
    with pytest.raises(StackError) as caught:
        reading.fault(bad, "here")
    assert caught.value.kind == "refused"
    assert field in caught.value.message
    assert caught.value.fix


def test_a_loss_says_how_it_is_carried_out() -> None:
    loss = manifest(
        "NetworkChaos", action="loss", mode="all", duration="5s", selector={}, loss={"loss": "10"}
    )
    what = reading.fault(loss, "here").what
    assert isinstance(what, LinkFault)
    assert "reset" in what.remarks(1)[0]


def test_durations_read_as_go_writes_them() -> None:
    assert seconds_of("1m30s") == 90
    assert seconds_of("1.5h") == 5400
    assert seconds_of("200ms") == pytest.approx(0.2)
    assert [seconds_of(bad) for bad in ("", "5", "s", "5 s", "-5s", "5x")] == [None] * 6
    assert [format_duration(value) for value in (90.0, 60.0, 0.5)] == ["1m30s", "1m", "500ms"]
