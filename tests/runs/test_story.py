"""The story of a run is read from its folder piece by piece; thousands of runs hold nothing up."""

from __future__ import annotations

import json
import os
import time
from dataclasses import replace
from typing import Any

import pytest

from controlroom.feeds.runs import RunsSource
from controlroom.model.run import RunState, RunView
from controlroom.model.story import Second, values
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import first_view
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore
from controlroom.runs.story import StoryReader
from host.liveness import proof_of

PLAN = {
    "title": "A killed consumer", "scenario": "bands", "load": {"rate": 100},
    "phases": {"warm_up": "1s", "baseline": "3s", "fault": "2s", "recovery": "0s"},
    "arms": [{"name": "none"}, {"name": "killed", "fault": "pod-kill-consumer"}],
    "compare": ["p95"],
}  # fmt: skip
LOAD = LoadSpec(url="http://127.0.0.1:1", scenario="bands", number=5)


def kept(store: RunStore, spec: Any = LOAD, state: RunState = "finished") -> RunFolder:
    """A run in that state."""
    folder = store.create()
    folder.write_spec(spec)
    view = first_view(folder.id, spec)
    over = None if state == "running" else view.started + 9
    folder.write_view(replace(view, state=state, ended=over))
    proof = proof_of()
    assert proof is not None
    folder.write_runner(proof)
    return folder


def add(folder: RunFolder, name: str, *lines: dict[str, Any] | str) -> None:
    """Appends lines to a file of the run."""
    path = folder.path / name
    path.parent.mkdir(exist_ok=True)
    with path.open("a") as file:
        for line in lines:
            file.write(line if isinstance(line, str) else json.dumps(line) + "\n")


def view_of(folder: RunFolder) -> RunView:
    """As it stands."""
    view = folder.read_view()
    assert view is not None
    return view


def sample(at: float, good: int = 10, bad: int = 0) -> dict[str, Any]:
    """A line of `samples.jsonl`."""
    return {"at": at, "good": good, "bad": bad, "p95": 8.0, "lag": 3, "lost": 0, "doubled": 1}


@pytest.fixture
def experiment(store: RunStore) -> RunFolder:
    """One that goes on, with the fault of its second block."""
    spec = ExperimentSpec(PLAN, "kill", rounds=1, order=("none", "killed"), scenario="bands")
    return kept(store, spec, "running")


def test_phases_blocks_faults_and_seconds_come_as_they_are_written(
    store: RunStore, experiment: RunFolder
) -> None:
    reader = StoryReader(experiment)
    empty = reader.read(view_of(experiment))
    assert empty.plan is not None
    assert (empty.plan.arms, empty.plan.compared_over) == (("none", "killed"), "fault")
    assert "recovery" not in empty.plan.phases
    add(
        experiment, "journal.jsonl", {"at": 10.0, "event": "block", "place": 0, "arm": "none"},
        {"at": 10.0, "event": "phase", "block": 0, "arm": "none", "phase": "baseline"},
        {"at": 13.0, "event": "phase", "block": 1, "arm": "killed", "phase": "fault"},
    )  # fmt: skip
    add(experiment, "samples.jsonl", sample(11.0), sample(12.0, 9, 1), '{"at": 13.0, "go')
    first = reader.read(view_of(experiment))
    assert first.seconds[1] == Second(12.0, 9, 0.9, 8.0, 3, None, None, None, 0, 1)
    assert len(first.seconds) == 2, "the line that is cut off is not there yet"
    assert [(one.name, one.since, one.until) for one in first.phases] == [
        ("baseline", 10.0, 13.0), ("fault", 13.0, None),
    ]  # fmt: skip
    assert reader.read(view_of(experiment)) is first, "nothing new, nothing made"
    fault = kept(store, state="running")
    add(experiment, "samples.jsonl", 'od": 4, "bad": 0, "p95": null}\n', "nonsense\n", "[1]\n")
    injected = {"at": 13.5, "event": "injected", "run": fault.id, "name": "pod-kill-consumer"}
    add(experiment, "journal.jsonl", injected)
    add(experiment, "blocks.jsonl", {
        "place": 0, "arm": "none", "whole": True, "phases": {"fault": {"p95": 8.5}},
        "damage": {"score": 1.5},
    })  # fmt: skip
    second = reader.read(view_of(experiment))
    assert [one.at for one in second.seconds] == [11.0, 12.0, 13.0]
    assert [(one.name, one.arm, one.until) for one in second.faults] == [
        ("pod-kill-consumer", "killed", None)
    ]
    assert values(second, "none", "fault", "p95") == [8.5]
    assert second.blocks[0].more["damage"] == {"score": 1.5}
    fault.write_view(replace(view_of(fault), state="finished", ended=17.0))
    assert reader.read(view_of(experiment)).faults[0].until == 17.0


def test_the_verdict_is_that_of_the_result(experiment: RunFolder) -> None:
    reader = StoryReader(experiment)
    assert reader.read(view_of(experiment)).verdicts == ()
    one = {"kind": "faster", "sentence": "p95: none is faster by 12 to 19 %"}
    experiment.write_result({"comparisons": [one], "arms": {}})
    found = reader.read(view_of(experiment)).verdicts
    assert [(each.kind, each.sentence) for each in found] == [(one["kind"], one["sentence"])]


@pytest.mark.parametrize("name", ["arrivals/seconds.jsonl", "seconds.jsonl"])
def test_a_load_tells_its_seconds(store: RunStore, name: str) -> None:
    folder = kept(store, state="running")
    add(folder, name, {"t": 7, "answered": 8, "failed": 1, "dropped": 1, "p95": 4.0})
    add(folder, name, {"t": 8, "answered": 0, "failed": 0, "dropped": 0, "p95": None})
    told = StoryReader(folder).read(view_of(folder))
    assert told.seconds == (Second(8.0, 8, 0.8, 4.0), Second(9.0, 0, None, None))
    assert told.command == folder.read_asked()["command"]


def test_a_run_that_is_over_is_read_once(store: RunStore) -> None:
    folder = kept(store)
    reader = StoryReader(folder)
    told = reader.read(view_of(folder))
    assert reader.read(view_of(folder)) is told
    add(folder, "seconds.jsonl", {"t": 7, "answered": 8, "failed": 1, "p95": 4.0})
    assert reader.read(view_of(folder)) is told


def test_a_plan_of_another_version_leaves_the_rest(store: RunStore) -> None:
    spec = ExperimentSpec({"arms": 5}, "odd", order=("a",), scenario="bands")
    folder = kept(store, spec)
    add(folder, "samples.jsonl", sample(11.0))
    told = StoryReader(folder).read(view_of(folder))
    assert told.plan is None
    assert len(told.seconds) == 1


@pytest.mark.parametrize("result", [{"comparisons": 5}, {"arms": {"a": 1}}, {"comparisons": [{}]}])
def test_a_result_that_nobody_can_read_leaves_the_rest(
    experiment: RunFolder, result: dict[str, Any]
) -> None:
    experiment.write_result(result)
    add(experiment, "samples.jsonl", sample(11.0))
    add(experiment, "journal.jsonl", {"event": "phase"}, {"at": "x", "event": 5}, {"at": 1})
    told = StoryReader(experiment).read(view_of(experiment))
    assert told.verdicts == ()
    assert len(told.seconds) == 1


def test_of_many_runs_only_new_and_active_ones_are_read(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(60):
        folder = kept(store)
        if n % 20 == 0:
            folder.write_owner("r-0001")
    going = kept(store, state="running")
    read: list[str] = []
    plain = RunFolder.read_view

    def counted(folder: RunFolder) -> RunView | None:
        read.append(folder.id)
        return plain(folder)

    monkeypatch.setattr(RunFolder, "read_view", counted)
    fresh = RunStore(store.root)
    first = fresh.look(5, 40, 25)
    assert len(read) == 26, "what goes on, and as many new ones as are wanted"
    assert (len(first.runs), len(first.earlier)) == (6, 20)
    for _ in range(3):
        last = fresh.look(5, 40, 25)
    assert (len(last.runs), len(last.earlier), last.more) == (6, 35, 21)
    assert last.active[0].id == going.id
    assert last.find("r-0041") is not None
    assert last.find("r-0041").owner == "r-0001"  # type: ignore[union-attr]
    read.clear()
    fresh.look(5, 40, 25)
    assert read == [going.id]


def test_the_folder_is_listed_again_only_when_a_run_has_come_or_gone(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folders = [kept(store) for _ in range(3)]
    fresh = RunStore(store.root)
    listed: list[int] = []
    plain = RunStore._numbers

    def counted(self: RunStore) -> list[int]:
        listed.append(1)
        return plain(self)

    monkeypatch.setattr(RunStore, "_numbers", counted)
    settled = time.time_ns() - 5_000_000_000
    os.utime(store.root, ns=(settled, settled))
    for _ in range(5):
        assert len(fresh.look(9, 9, 9).runs) == 3
    assert len(listed) == 1
    folders[0].path.rename(store.root / ".gone")
    assert len(fresh.look(9, 9, 9).runs) == 2
    fresh.look(9, 9, 9)
    assert len(listed) == 3, "a change of just now may be followed by one of the same moment"


def test_a_lost_run_is_looked_at_again_only_after_a_while(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = kept(store, state="running")
    me = proof_of()
    assert me is not None
    folder.write_runner(replace(me, started=me.started - 60))
    fresh, read = RunStore(store.root), list[str]()
    plain = RunFolder.read_view

    def counted(one: RunFolder) -> RunView | None:
        read.append(one.id)
        return plain(one)

    monkeypatch.setattr(RunFolder, "read_view", counted)
    for _ in range(4):
        assert fresh.look(9, 9, 9).runs[0].state == "lost"
    assert read == [folder.id]


async def test_frames_have_the_stories_that_somebody_looks_at(
    store: RunStore, experiment: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    add(experiment, "samples.jsonl", sample(11.0))
    source = RunsSource(store.root)
    await source.open()
    assert (await source.read()).stories == {}
    assert source.tell((experiment.id, "r-9999"))
    assert not source.tell((experiment.id, "r-9999")), "nothing new"
    told = await source.read()
    assert list(told.stories) == [experiment.id]
    assert len(told.stories[experiment.id].seconds) == 1
    add(experiment, "samples.jsonl", sample(12.0))
    again = await source.read()
    assert again.stories is told.stories, "at most once a second"
    monkeypatch.setattr("controlroom.feeds.runs.STORY_EVERY", 0.0)
    assert len((await source.read()).stories[experiment.id].seconds) == 2
    source.tell(())
    assert (await source.read()).stories == {}
    await source.close()
