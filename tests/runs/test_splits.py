"""Splits as files, as requests, and conducted on a target of the tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from controlroom.model.run import RunView
from controlroom.runs import fault
from controlroom.runs.branches import BranchMeter
from controlroom.runs.errors import SpecError
from controlroom.runs.folder import RunFolder
from controlroom.runs.kinds.split import branch_lines
from controlroom.runs.launch import first_view
from controlroom.runs.registry import kind_of
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.split_run import SplitRun
from controlroom.runs.split_spec import SplitSpec
from controlroom.runs.splits import changed_split, find_split, read_split, split_files, splits_dir
from controlroom.runs.stop import stop_all
from controlroom.runs.store import RunStore
from controlroom.targets.abilities import Endpoints, FaultStatus, TargetInfo
from host.liveness import proof_of
from scenarios.loading import load, names
from tests.runs.conftest import result_of
from tests.runs.fakes import FakeTarget

GOOD = """\
apiVersion: controlroom.io/v1
kind: TrafficSplit
metadata: {name: some}
spec:
  paths: [/]
  duration: 60s
  branches:
    - {service: one, weight: 50}
    - {name: faulty, service: two, weight: 50, success: 0}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file with a good split."""
    path = tmp_path / "some.yaml"
    path.write_text(GOOD)
    return path


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("weight: 50}", "weight: -1}", "line 8: spec.branches[0].weight: "),
        ("service: two,", "servise: two,", "line 9: spec.branches[1]: "),
        ("paths: [/]", "paths: [x]", "line 5: spec.paths[0]: "),
        ("  duration: 60s\n", "  duration: 60s\n  extra: 1\n", "line 5: spec: "),
        ("kind: TrafficSplit", "kind: Traffic", "line 2: kind: is 'Traffic'"),
        ("controlroom.io/v1", "controlroom.io/v9", "line 1: apiVersion: is 'controlroom.io/v9'"),
        ("{name: some}", "{}", "line 3: metadata.name: is not a text"),
        ("paths: [/]", "paths: [/", "line 6 is not YAML"),
        (GOOD, "- 1\n", "must be an object"),
    ],
)
def test_a_mistake_is_told_with_file_line_and_field(
    file: Path, old: str, new: str, said: str
) -> None:
    file.write_text(GOOD.replace(old, new, 1))
    with pytest.raises(SpecError) as caught:
        read_split(file)
    assert str(file) in caught.value.message
    assert said in caught.value.message
    assert caught.value.fix


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weights": {"three": 1.0}}, "--weight: there is no branch three."),
        ({"weights": {"one": 0.0, "faulty": 0.0}}, "--weight: no branch has a weight above 0."),
        ({"run_for": 0.0}, "--duration: must be above 0"),
        ({"run_for": 601.0}, "--duration: must be above 0 and at most 10m"),
        ({"run_for": 31.0}, "at most 30s are allowed"),
        ({}, "at most 30s are allowed"),
    ],
)
def test_what_cannot_be_asked_names_its_flag(file: Path, change: dict[str, Any], said: str) -> None:
    asked: dict[str, Any] = {"run_for": None, "weights": {}, **change}
    with pytest.raises(SpecError) as caught:
        changed_split(read_split(file), 30, **asked)
    assert said in caught.value.message


def test_the_request_has_its_command_and_comes_back_from_its_file(
    file: Path, store: RunStore
) -> None:
    spec = changed_split(read_split(file), 60, 7.0, {"faulty": 25.0})
    assert spec.shares == ("one 66.67 %", "faulty 33.33 %")
    assert spec.duration == 7
    flags = "--yes --duration 7s --weight faulty=25"
    assert spec.command() == f"controlroom split start {file} {flags}"
    folder = store.create()
    folder.write_spec(spec)
    again = folder.read_spec()
    assert again == spec
    assert isinstance(again, SplitSpec)


def test_splits_of_a_scenario_are_found_by_name_and_can_be_used() -> None:
    with pytest.raises(SpecError, match="No split is called nothing"):
        find_split("nothing", splits_dir(load("bands")))
    assert find_split("http-50-faulty-50", splits_dir(load("bands"))).split.predicted == 0.5
    for name in names():
        for one in split_files(splits_dir(load(name))):
            assert one.error == ""
            assert one.title


class Counting(FakeTarget):
    """Counts what branches get, and has no Prometheus."""

    def __init__(self) -> None:
        super().__init__()
        self.counts: Mapping[str, Any] = {}

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        spec = {**manifest["spec"], "action": "split"}
        return await super().inject({**manifest, "spec": spec}, run)

    async def faults(self) -> Sequence[FaultStatus]:
        return [replace(one, figures=self.counts) for one in await super().faults()]

    async def info(self) -> TargetInfo:
        return TargetInfo("here", "bands")

    async def endpoints(self) -> Endpoints:
        return Endpoints({})

    async def close(self) -> None:
        """There is nothing."""


@pytest.fixture
def _short_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fault, "POLL", 0.02)
    monkeypatch.setattr(fault, "OVERDUE", 0.3)


def asked(store: RunStore, spec: SplitSpec) -> RunFolder:
    """A run that this very process conducts."""
    folder = store.create()
    folder.write_spec(spec)
    folder.write_view(first_view(folder.id, spec))
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    return folder


async def conducted(folder: RunFolder, spec: SplitSpec, target: Counting) -> RunView:
    """Conducts the run to its end."""
    view = folder.read_view()
    assert view is not None
    async with BranchMeter(target, spec.split) as meter:
        await SplitRun(RunWriter(folder, view), spec, target, meter).run()
    last = folder.read_view()
    assert last is not None
    return last


@pytest.mark.usefixtures("_short_patience")
async def test_a_split_is_measured_and_its_result_is_kept(file: Path, store: RunStore) -> None:
    target = Counting()
    target.counts = {
        "one": {"requests": 60, "failed": 3},
        "faulty": {"requests": 40, "failed": 40},
    }
    spec = changed_split(read_split(file), 60, 0.3, {})
    folder = asked(store, spec)
    assert kind_of("split").injects
    view = await conducted(folder, spec, target)
    assert (view.state, view.bound) == ("finished", "fault over")
    assert view.chaos is not None
    assert view.chaos.recovered
    assert view.split is not None
    one, faulty = view.split.branches
    assert (one.asked, one.got, one.success) == (0.5, 0.6, 0.95)
    assert (faulty.asked, faulty.got, faulty.success) == (0.5, 0.4, 0.0)
    assert (view.split.success, view.split.predicted) == (0.57, 0.5)
    assert result_of(folder)["split"]["branches"][0]["requests"] == 60
    lines = branch_lines(view)
    assert "50.00 %   60.00 %        60         3   95.00 %" in lines[1]
    assert lines[-1].endswith(
        "57.00 % of 100 requests were answered well; the weights predict 50.00 %"
    )
    assert "got one 60.0 %, faulty 40.0 %" in kind_of("split").said(view)


@pytest.mark.usefixtures("_short_patience")
async def test_stop_all_ends_a_split_whose_runner_is_dead(file: Path, store: RunStore) -> None:
    target = Counting()
    spec = changed_split(read_split(file), 60, None, {})
    status = await target.inject(spec.manifest, "r-0001")
    assert (await stop_all(store, target)).faults == (status.id,)
    assert target.held[status.id].phase == "finished"
