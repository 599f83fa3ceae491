"""What is asked of a run: limits, addresses, equal command lines."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from controlroom.runs.catalog import chaos_dir
from controlroom.runs.errors import SpecError
from controlroom.runs.manifest import bounded, chaos_spec, read_chaos
from controlroom.runs.spec import LoadSpec, check_load, check_url
from controlroom.runs.supply import Supply, ranges

GOOD = LoadSpec(url="http://127.0.0.1:8080", scenario="bands")


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:8080", "http://localhost:1/x", "http://[::1]:80", "http://127.9.9.9"]
)
def test_loopback_is_accepted(url: str) -> None:
    check_url(url)


@pytest.mark.parametrize(
    "url",
    [
        "http://192.168.0.1/",
        "http://example.org",
        "http://0.0.0.0:80",
        "https://127.0.0.1",
        "ftp://127.0.0.1",
        "127.0.0.1:80",
        "http://127.0.0.1:0",
        "http://127.0.0.1:99999",
        "http://me@127.0.0.1",
        "http://127.0.0.1/?a=b",
        "http://[::1",
        "",
    ],
)
def test_everything_else_is_refused_with_a_reason(url: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_url(url)
    assert "--url" in caught.value.message


@pytest.mark.parametrize(
    ("change", "flag"),
    [
        ({"users": 0}, "--concurrence 0"),
        ({"users": 10**6}, "--concurrence"),
        ({"number": 0}, "-n 0"),
        ({"number": -1}, "-n -1"),
        ({"rate": 0.0}, "--rate 0"),
        ({"rate": float("nan")}, "--rate nan"),
        ({"timeout": 0.0}, "--timeout 0s"),
        ({"timeout": 1e9}, "--timeout"),
        ({"batch": 0}, "--batch 0"),
        ({"path": "ftp"}, "--path ftp"),
        ({"repeat": True}, "--repeat"),
        ({"wait_least": 2.0, "wait_most": 1.0}, "--wait 2-1"),
        ({"wait_most": 1e6}, "--wait"),
        ({"wait_most": 1.0, "rate": 2.0}, "--wait and --rate"),
        ({"open": "constant"}, "--open"),
        ({"open": "poisson", "rate": 5.0, "in_cluster": 2, "context": "a"}, "--open"),
    ],
)
def test_a_limit_names_its_flag(change: dict[str, Any], flag: str) -> None:
    with pytest.raises(SpecError) as caught:
        check_load(replace(GOOD, **change))
    assert flag in caught.value.message
    assert caught.value.fix


def test_the_address_is_the_producers_route_or_the_given_one() -> None:
    assert GOOD.address == "http://127.0.0.1:8080/input"
    assert replace(GOOD, path="grpc").address == "http://127.0.0.1:8080/grpc"
    assert replace(GOOD, url="http://127.0.0.1:1/own").address == "http://127.0.0.1:1/own"


def test_the_equal_command_line() -> None:
    spec = replace(GOOD, file="my data.json", number=10000, timeout=180.0)
    wanted = "controlroom run -f 'my data.json' --concurrence 10 -n 10000 --timeout 3m"
    assert spec.command() == wanted
    apart = replace(GOOD, wait_least=0.1, wait_most=0.9, timeout=60.0)
    assert apart.command() == "controlroom run --concurrence 10 --timeout 1m --wait 0.1-0.9"
    more = replace(GOOD, path="grpc", rate=12.5, seed=3, batch=5, timeout=0.5)
    assert more.command() == (
        "controlroom run --concurrence 10 --timeout 500ms "
        "--path grpc --rate 12.5 --seed 3 --batch 5"
    )


@pytest.mark.parametrize(
    ("number", "in_file", "bound", "count"),
    [(3, None, "number", 3), (3, 5, "number", 3), (5, 5, "number", 5), (9, 5, "file", 5)],
)
def test_the_first_bound_that_is_met_counts(
    number: int, in_file: int | None, bound: str, count: int
) -> None:
    supply = Supply(iter([b""] * 9), number, in_file)
    assert len(list(iter(supply.take, None))) == count
    supply.close("timeout")
    assert supply.bound == bound


def test_ranges_of_numbers() -> None:
    assert ranges([5, 1, 2, 3, 7, 8]) == [[1, 3], [5, 5], [7, 8]]
    assert ranges([]) == []


def test_a_fault_must_end() -> None:
    spec = read_chaos(chaos_dir() / "network-delay-consumer-mongo.yaml")
    manifest: dict[str, Any] = {**spec.manifest, "spec": dict(spec.manifest["spec"])}
    del manifest["spec"]["duration"]
    endless = chaos_spec(manifest, "x.yaml")
    with pytest.raises(SpecError, match=r"spec\.duration is missing"):
        bounded(endless, 600)
    with pytest.raises(SpecError, match="at most 10s"):
        bounded(spec, 10)
    shorter = bounded(endless, 600, run_for=5)
    assert (shorter.duration, shorter.manifest["spec"]["duration"]) == (5, "5s")
    assert "--duration 5s" in shorter.command()
    assert "duration" not in endless.manifest["spec"]


def test_a_time_cannot_be_given_to_what_is_over_at_once() -> None:
    spec = read_chaos(chaos_dir() / "pod-kill-consumer.yaml")
    assert bounded(spec, 1).duration is None
    with pytest.raises(SpecError, match="over at once"):
        bounded(spec, 600, run_for=5)


@pytest.mark.parametrize(
    ("manifest", "field"),
    [
        ([], "does not hold an object"),
        ({"apiVersion": "v1"}, "apiVersion"),
        ({"apiVersion": "chaos-mesh.org/v1alpha1", "kind": 3}, "kind"),
        ({"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos"}, "metadata"),
        (
            {"apiVersion": "chaos-mesh.org/v1alpha1", "kind": "PodChaos", "metadata": {}},
            "metadata.name",
        ),
        (
            {
                "apiVersion": "chaos-mesh.org/v1alpha1",
                "kind": "PodChaos",
                "metadata": {"name": "x"},
                "spec": {"action": "pod-kill", "selector": {}, "duration": 30},
            },
            "spec.duration",
        ),
    ],
)
def test_a_manifest_that_cannot_be_used_names_the_field(manifest: object, field: str) -> None:
    with pytest.raises(SpecError) as caught:
        chaos_spec(manifest, "x.yaml")
    assert field in caught.value.message
    assert "x.yaml" in caught.value.message
