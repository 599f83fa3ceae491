"""The ledger as a user types it: list, show, compare, rank, export, note, baseline, rm, report."""

from __future__ import annotations

import csv
import json
import os
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest

from controlroom.cli.entrance import enter
from controlroom.commands.exits import Exit
from controlroom.ledger.listing import Wanted, listed
from controlroom.model.run import RunView
from controlroom.runs.audit import entries
from controlroom.runs.launch import first_view
from controlroom.runs.pinning import BASELINES
from controlroom.runs.store import RunStore
from host.liveness import proof_of
from tests.ledger.runs import BEGUN, LOAD, experiment_run, fault_run, load_run

Say = Callable[..., str]


@pytest.fixture
def say(capsys: pytest.CaptureFixture[str]) -> Say:
    """What a command line prints, both streams; it has to end as is wanted."""

    def run(*words: str, code: Exit = Exit.OK) -> str:
        assert enter(words) == code
        found = capsys.readouterr()
        return found.out + found.err

    return run


def active(store: RunStore) -> str:
    """A run that goes on."""
    folder = store.create()
    folder.write_spec(LOAD)
    folder.write_view(replace(first_view(folder.id, LOAD), state="running"))
    me = proof_of()
    assert me is not None
    folder.write_runner(me)
    return folder.id


def test_a_list_has_every_kind_and_hides_what_experiments_began(store: RunStore, say: Say) -> None:
    load_run(store)
    fault_run(store)
    experiment_run(store)
    load_run(store, owner="r-0003")
    text = say("runs", "list")
    assert [word for word in ("load", "chaos", "experiment") if word in text] == [
        "load", "chaos", "experiment",
    ]  # fmt: skip
    assert "r-0004" not in text
    assert "r-0004" in say("runs", "list", "--all")
    rows = json.loads(say("runs", "list", "--kind", "load,chaos", "--sort", "lasted", "--json"))
    assert [row["id"] for row in rows] == ["r-0001", "r-0002"]
    assert say("runs", "list", "--state", "lost").startswith("There are no runs")
    assert "r-0003" not in say("runs", "list", "--text", "USERS")


def test_a_list_reads_no_more_than_it_shows(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = load_run(store)
    for _ in range(60):
        path = store.create().path
        for name in ("spec.json", "view.json", "result.json", "runner.json"):
            source = first.path / name
            if source.exists():
                text = source.read_text().replace(first.id, path.name)
                (path / name).write_text(text)
    read: list[str] = []
    view = RunStore.view

    def counted(self: RunStore, run: str) -> RunView | None:
        read.append(run)
        return view(self, run)

    monkeypatch.setattr(RunStore, "view", counted)
    rows, more = listed(store, Wanted(limit=5))
    assert [row.view.id for row in rows] == [f"r-{n:04d}" for n in range(61, 56, -1)]
    assert more
    assert len(read) == 6


def test_since_leaves_out_what_is_older(store: RunStore, say: Say) -> None:
    load_run(store)
    load_run(store, at=BEGUN + 86400 * 30)
    assert json.loads(say("runs", "list", "--json", "--since", "2023-12-01"))[0]["id"] == "r-0002"
    assert "--since" in say("runs", "list", "--since", "soon", code=Exit.USAGE)


def test_a_story_names_what_a_load_met_and_old_words_still_work(store: RunStore, say: Say) -> None:
    load_run(store)
    fault_run(store)
    text = say("runs", "show", "1")
    assert "met pod-kill-consumer (r-0002)" in text
    assert "controlroom run --concurrence 4" in text
    assert say("run", "show", "r-0001") == text
    assert "r-0002" in say("run", "list")
    assert "no run r-0009" in say("runs", "show", "r-0009", code=Exit.USAGE)


def test_one_run_each_tells_nothing_and_turns_do(store: RunStore, say: Say) -> None:
    for turn in range(12):
        # a, b, b, a: each side comes first as often
        slow = turn % 4 in (1, 2)
        load_run(store, p95=(6.0 if slow else 5.0) * (1 + turn % 3 / 500), at=BEGUN + 60 * turn)
    text = say("runs", "compare", "1", "2")
    assert "cannot tell chance from effect" in text
    assert "1.2 x" in text
    fast = ",".join(f"r-{n:04d}" for n in (1, 4, 5, 8, 9, 12))
    slow_ones = ",".join(f"r-{n:04d}" for n in (2, 3, 6, 7, 10, 11))
    flat = " ".join(say("runs", "compare", fast, slow_ones).split())
    assert "p95: [r-0001 r-0004 r-0005 r-0008 r-0009 r-0012] is faster by 1" in flat
    assert "throughput: no difference larger than" in flat
    flat = " ".join(say("runs", "compare", "1,2,3", "4,5,6").split())
    assert "The sides did not take turns" in flat
    assert "is faster" not in flat
    assert "twice" in say("runs", "compare", "1", "r-0001", code=Exit.USAGE)


def test_faults_are_ranked_by_harm_with_weights(store: RunStore, say: Say) -> None:
    load_run(store, good=[10] * 6 + [2] * 3 + [10] * 6)
    fault_run(store)
    experiment_run(store)
    rank = json.loads(say("runs", "rank", "--json"))
    (place,) = rank["places"]
    assert (place["name"], place["repetitions"]) == ("pod-kill-consumer", 3)
    parts = next(one["parts"] for one in rank["scores"] if one["run"] == "r-0002")
    # three seconds with 8 of 10 requests missing; the second of the injection counts too
    assert parts["lost"] == pytest.approx(2.4)
    one = json.loads(say("runs", "rank", "2", "--weights", "lost=10,recovery=0,slow=0", "--json"))
    assert one["scores"][0]["score"] == pytest.approx(24 + 0.1 * parts["lag"])
    assert "same load" in say("runs", "rank")
    assert "lost=1,slow=1" in say("runs", "rank", "--weights", "loss=1", code=Exit.USAGE)


def test_a_run_leaves_as_an_archive_as_json_as_csv(
    store: RunStore, say: Say, tmp_path: Path
) -> None:
    experiment_run(store)
    load_run(store, owner="r-0001")
    say("runs", "export", "1")
    with tarfile.open(tmp_path / "r-0001.tar.gz") as archive:
        names = archive.getnames()
    assert {"r-0001/blocks.jsonl", "r-0002/histogram.hlog"} <= set(names)
    assert (tmp_path / "r-0001.tar.gz").stat().st_mode & 0o777 == 0o600
    assert "is there already" in say("runs", "export", "1", code=Exit.USAGE)
    rows = list(csv.DictReader(say("runs", "export", "1", "--format", "csv").splitlines()))
    assert len(rows) == 40
    assert {row["arm"] for row in rows} == {"none", "killed"}
    story = json.loads(say("runs", "export", "1", "--format", "json"))
    assert story["measured"]["killed"]["fault"]["p95"] == 8.0


def test_a_note_says_who_and_when_and_is_only_added_to(store: RunStore, say: Say) -> None:
    folder = load_run(store)
    say("runs", "note", "1", "after", "the update")
    (folder.path / "notes.jsonl").open("a").write('{"text": "cut')
    say("runs", "note", "1", "again")
    text = say("runs", "show", "1")
    assert text.index("after the update") < text.index("again")
    assert f"(uid {os.getuid()})" in text
    assert "cut" not in text
    assert "This is read-only" in say("--read-only", "runs", "note", "1", "x", code=Exit.REFUSED)


def test_what_is_removed_is_asked_audited_and_never_goes_on(
    store: RunStore, say: Say, tmp_path: Path
) -> None:
    experiment_run(store)
    load_run(store, owner="r-0001")
    load_run(store)
    going_on = active(store)
    say("runs", "baseline", "main", "r-0001")
    assert "confirm" in say("runs", "rm", "1", code=Exit.REFUSED)
    refused = say("runs", "rm", "3", going_on, "--yes", code=Exit.USAGE)
    assert f"{going_on} goes on" in refused
    assert len(store.folders()) == 4
    assert "r-0001, r-0002" in say("runs", "rm", "1", "--yes")
    assert [one.id for one in store.folders()] == [going_on, "r-0003"]
    assert json.loads((store.root / BASELINES).read_text()) == {}
    last = entries(tmp_path / "state")[-1]
    assert (last["action"], last["result"]) == ("remove runs", "done")
    assert last["removed"] == ["r-0001", "r-0002"]


def test_the_oldest_go_by_size_and_the_named_and_noted_stay(store: RunStore) -> None:
    for _ in range(6):
        folder = load_run(store)
        (folder.path / "log.txt").write_bytes(b"x" * (1 << 19))
    load_run(store, owner="r-0001")
    enter(["runs", "note", "1", "keep"])
    enter(["runs", "baseline", "main", "r-0002"])
    assert RunStore(store.root, keep_mib=1).trim() == ["r-0005", "r-0004", "r-0003"]
    # what belongs to a noted one stays with it
    assert [one.id for one in store.folders()] == ["r-0007", "r-0006", "r-0002", "r-0001"]
    assert RunStore(store.root, keep=1).trim() == []


def test_what_a_running_experiment_began_stays(store: RunStore) -> None:
    owner = active(store)
    for _ in range(3):
        load_run(store, owner=owner)
    assert RunStore(store.root, keep=1).trim() == []


def test_a_report_is_a_gate(store: RunStore, say: Say, tmp_path: Path) -> None:
    load_run(store, p95=5.0)
    load_run(store, p95=10.0, at=BEGUN + 600)
    say("runs", "baseline", "main", "1")
    gate = ("report", "last", "--baseline", "main", "--fail-if")
    text = say(*gate, "p99 > 1.2 x baseline", code=Exit.FAILED)
    assert "fails: p99 > 1.2 x baseline: 10" in text
    assert "The baseline is r-0001" in text
    say(*gate, "p99 > 3 x baseline", "--fail-if", "success < 99 %")
    unknown = say(*gate, "late > 5 ms", code=Exit.USAGE)
    assert "this run has no figure late" in unknown
    say(*gate, "p95 > 7ms", "--format", "junit", "-o", "r.xml", code=Exit.FAILED)
    suite = ElementTree.parse(tmp_path / "r.xml").getroot()[0]
    assert (suite.attrib["tests"], suite.attrib["failures"]) == ("2", "1")
    assert json.loads(say("report", "2", "--json"))["gate"] == []


def test_a_figure_that_is_not_known_fails_the_gate(store: RunStore, say: Say) -> None:
    fault_run(store)
    assert "lost is not known" in say("report", "1", "--fail-if", "lost > 0", code=Exit.FAILED)


def test_a_gate_on_an_experiment_names_arms(store: RunStore, say: Say) -> None:
    experiment_run(store)
    say("report", "1", "--fail-if", "lost > 0", "--fail-if", "none.p95 > 5 ms")
    say("report", "1", "--fail-if", "killed.success < 80 %", code=Exit.FAILED)
    say("report", "1", "--fail-if", "killed.baseline.success < 80 %")
    arms = say("report", "1", "--fail-if", "p95 > 5 ms", code=Exit.USAGE)
    assert "none.p95 or killed.p95" in arms


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("p99", "cannot be read"),
        ("p99 > fast", "cannot be read"),
        ("p99 == 3", "cannot be read"),
        ("p99 > 3 %", "p99 is in ms, not in %"),
        ("p98 > 3 ms", "Did you mean p9"),
        ("p99 > 2 x baseline", "needs a baseline"),
        ("p99 > 2 x", "cannot be read"),
    ],
)
def test_a_condition_that_is_wrong_is_told(store: RunStore, say: Say, text: str, said: str) -> None:
    load_run(store)
    answer = say("report", "1", "--fail-if", text, code=Exit.USAGE)
    assert said in answer
    assert "--fail-if" in answer


def test_a_fault_is_told_by_the_load_that_met_it(store: RunStore, say: Say) -> None:
    load_run(store, good=[10] * 6 + [2] * 3 + [10] * 6)
    fault_run(store)
    text = say("report", "2", "--format", "markdown")
    assert "| before the fault | 6 s | 100 % | 10/s |" in text
    assert "those of the load r-0001" in text
    assert "pod-kill-consumer begins" in text
    assert "pod-kill-consumer has ended" in text


def test_a_closed_load_keeps_its_seconds(tmp_path: Path) -> None:
    from controlroom.arrivals.histogram import Histogram
    from controlroom.arrivals.results import read_seconds
    from controlroom.runs.report import LoadProgress
    from controlroom.runs.seconds import SecondsKept

    now = [100.2]
    kept = SecondsKept(tmp_path, lambda: now[0])
    for at, took in ((100.2, [1000]), (100.9, [2000]), (101.1, [50_000])):
        now[0] = at
        kept.take(LoadProgress(took=took, failures={"HTTP 500": 1}))
    kept.close()
    first, second = read_seconds(tmp_path)
    assert (first["t"], first["answered"], first["failed"]) == (100, 2, 2)
    assert second["p95"] == pytest.approx(50, rel=0.001)
    assert Histogram.read(tmp_path / "histogram.hlog").total == 3
