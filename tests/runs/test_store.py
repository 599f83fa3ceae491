"""Runs on disk: ids, views, journals, and who is alive."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.runs.catalog import chaos_dir
from controlroom.runs.errors import NoSuchRunError
from controlroom.runs.launch import first_view
from controlroom.runs.manifest import read_chaos
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore
from host.liveness import Proof, proof_of

SPEC = LoadSpec(url="http://127.0.0.1:1", scenario="bands", number=5)


def test_ids_count_and_nobody_gets_the_same(store: RunStore) -> None:
    with ThreadPoolExecutor(8) as pool:
        folders = list(pool.map(lambda _: RunStore(store.root).create(), range(40)))
    assert sorted(f.id for f in folders) == [f"r-{n:04d}" for n in range(1, 41)]
    assert store.root.stat().st_mode & 0o777 == 0o700


def test_specs_and_views_come_back_as_they_were(store: RunStore) -> None:
    for spec in (SPEC, read_chaos(chaos_dir() / "pod-kill-kafka.yaml")):
        folder = store.create()
        folder.write_spec(spec)
        view = first_view(folder.id, spec)
        folder.write_view(view)
        assert folder.read_spec() == spec
        assert folder.read_view() == view


def test_a_run_without_its_runner_is_lost(store: RunStore) -> None:
    folder = store.create()
    view = first_view(folder.id, SPEC)
    folder.write_view(view)
    me = proof_of()
    assert me is not None
    folder.write_runner(me)
    assert folder.read_view() == view
    folder.write_runner(replace(me, started=me.started - 60))
    lost = folder.read_view()
    assert lost is not None
    assert (lost.state, lost.active) == ("lost", False)


@pytest.mark.processes
def test_a_process_that_waits_to_be_reaped_is_not_alive() -> None:
    child = os.fork()
    if child == 0:
        os._exit(0)
    os.waitid(os.P_PID, child, os.WEXITED | os.WNOWAIT)
    proof = proof_of(child)
    assert proof is not None
    assert not proof.alive
    os.waitpid(child, 0)
    assert not proof.alive
    assert proof_of(child) is None


def test_active_runs_come_first_then_the_newest(store: RunStore) -> None:
    me = proof_of()
    assert me is not None
    for state in ("running", "finished", "finished", "stopped"):
        folder = store.create()
        folder.write_runner(me)
        folder.write_view(replace(first_view(folder.id, SPEC), state=state))
    assert [view.id for view in store.runs(2).runs] == ["r-0001", "r-0004", "r-0003"]
    assert [folder.id for folder in store.active()] == ["r-0001"]


def test_rubbish_in_the_folder_is_passed_over(store: RunStore) -> None:
    store.create()
    (store.root / "r-0001" / "view.json").write_text("{half")
    (store.root / "notes").mkdir()
    (store.root / "r-x").touch()
    assert store.runs().runs == ()
    assert store.create().id == "r-0002"


@pytest.mark.parametrize("run", ["r-0009", "../x", "r-1/..", ""])
def test_an_unknown_run_is_named(store: RunStore, run: str) -> None:
    with pytest.raises(NoSuchRunError):
        store.folder(run)


def test_no_runs_at_all_is_an_empty_list(tmp_path: Path) -> None:
    assert RunStore(tmp_path / "none").runs().runs == ()


def test_a_journal_cut_in_a_line_keeps_the_others(store: RunStore) -> None:
    journal = store.create().journal
    journal.note("one", n=1)
    journal.note("two")
    path = store.root / "r-0001" / "journal.jsonl"
    path.write_bytes(path.read_bytes()[:-5])
    assert [entry["event"] for entry in journal.entries()] == ["one"]


def test_a_proof_of_another_time_is_another_process() -> None:
    me = proof_of()
    assert me is not None
    assert me.alive
    assert not Proof(me.pid, me.started + 10).alive


def test_the_oldest_ended_runs_go_and_never_one_that_runs(store: RunStore) -> None:
    me = proof_of()
    assert me is not None
    kept = RunStore(store.root, keep=2)
    for state in ("running", "finished", "running", "stopped", "finished", "finished"):
        folder = store.create()
        folder.write_runner(me)
        folder.write_view(replace(first_view(folder.id, SPEC), state=state))
    dead = replace(me, started=me.started - 60)
    store.folder("r-0003").write_runner(dead)
    assert kept.trim() == ["r-0004", "r-0003", "r-0002"]
    assert [folder.id for folder in kept.folders()] == ["r-0006", "r-0005", "r-0001"]
    assert sorted(path.name for path in store.root.iterdir()) == ["r-0001", "r-0005", "r-0006"]
    assert kept.create().id == "r-0007"
    assert kept.trim() == ["r-0005"]


def test_a_run_that_is_just_being_made_stays(store: RunStore) -> None:
    for _ in range(3):
        store.create()
    assert RunStore(store.root, keep=1).trim() == []


def test_a_folder_of_rubbish_goes_when_it_is_old(store: RunStore) -> None:
    old = store.create()
    os.utime(old.path, (1, 1))
    store.create()
    assert RunStore(store.root, keep=1).trim() == [old.id]
