"""The kill switch can hold all new runs, whatever is restarted, until it is released."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.commands.chaos import Release, StopAll
from controlroom.commands.errors import code_of
from controlroom.commands.exits import Exit
from controlroom.commands.here import Here
from controlroom.commands.performing import perform
from controlroom.runs.errors import HeldError
from controlroom.runs.experiment_files import asked, read_experiment
from controlroom.runs.hold import held
from controlroom.runs.kind import Spec
from controlroom.runs.launch import start
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore
from controlroom.settings import Settings
from tests.runs.fakes import FakeTarget
from tests.runs.test_experiment_ends import FAULT, FILE


async def test_held_nothing_starts_until_it_is_released(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Here, "target", property(lambda here: FakeTarget()))
    here = Here(Settings(state_dir=store.root.parent))
    answer = await perform(StopAll(hold="a real incident"), here)
    assert answer.code == Exit.OK
    again = RunStore(store.root)
    load = LoadSpec(url="http://127.0.0.1:9", scenario="bands", number=1)
    specs: list[Spec] = [load, FAULT, asked(*read_experiment(FILE), FILE, 60.0)]
    for spec in specs:
        with pytest.raises(HeldError, match="holds all new runs: a real incident") as error:
            start(again, spec)
        assert "`controlroom chaos release` ends that" in error.value.fix
        assert code_of(error.value) == Exit.REFUSED
    assert again.folders() == []
    assert (await perform(StopAll(), here)).code == Exit.OK
    assert held(again), "stopping once more without a word about it does not release it"
    assert (await perform(Release(), here)).code == Exit.OK
    assert held(again) == ""
    audit = (store.root.parent / "audit.jsonl").read_text()
    assert "a real incident" in audit
    assert '"release"' in audit


def test_a_hold_that_cannot_be_read_holds(store: RunStore, tmp_path: Path) -> None:
    store.root.parent.mkdir(parents=True, exist_ok=True)
    (store.root.parent / "hold.json").write_text("{")
    assert "cannot be read" in held(store)


async def test_stop_all_alone_holds_nothing(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Here, "target", property(lambda here: FakeTarget()))
    assert (await perform(StopAll(), Here(Settings(state_dir=store.root.parent)))).code == Exit.OK
    assert held(store) == ""
