"""A kind of run that is added from a folder of its own: conducted, shown, stopped, and kept."""

from __future__ import annotations

import json
import os
import re
import sys
from pathlib import Path

import pytest

from controlroom.feeds.runs import RunsSource
from controlroom.model.frame import RUNS
from controlroom.model.run import RunView
from controlroom.runs.errors import SpecError
from controlroom.runs.folder import RunFolder
from controlroom.runs.kind import Spec
from controlroom.runs.launch import first_view, start
from controlroom.runs.registry import FOLDERS, kind_of
from controlroom.runs.stop import stop_all, stop_loads, stop_run
from controlroom.runs.store import RunStore
from controlroom.targets.local import LocalTarget
from stack.client import StackClient
from stack.faults import registry
from tests.own_stack import OwnStack
from tests.room.frames import calm, live
from tests.room.rooms import room_of, screen_text
from tests.runs.conftest import ended, result_of
from tests.waiting import until

ADDED = Path(__file__).parent / "added"
LONG = 100_000
"""Beats that are not over before a test is."""


@pytest.fixture(autouse=True)
def _added(monkeypatch: pytest.MonkeyPatch) -> None:
    # a runner works in another folder than who starts it
    monkeypatch.setenv(FOLDERS, os.path.relpath(ADDED))


def pulse(beats: int, every: float = 0.02) -> Spec:
    """A wish for that many beats."""
    return kind_of("pulse").read({"beats": beats, "every": every})


async def beating(folder: RunFolder) -> RunView:
    """The view of the run once its first beat is counted."""
    return await until(
        lambda: (
            view if (view := folder.read_view()) and (view.figures or {}).get("beats") else None
        ),
        f"{folder.id} beats",
        60,
    )


async def shown(store: RunStore) -> str:
    """What the room has on its screen, with the runs as its feed reads them."""
    feed = RunsSource(store.root)
    await feed.open()
    room = room_of(calm().having(RUNS, live(await feed.read())))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        return screen_text(room)


@pytest.mark.processes
async def test_it_is_conducted_listed_shown_and_kept(store: RunStore) -> None:
    folder = start(store, pulse(3))
    view = await ended(folder, 60)
    assert (view.kind, view.state, view.bound) == ("pulse", "finished", "number")
    assert (folder.path / "beats").read_text() == "beat\n" * 3
    assert result_of(folder)["beats"] == 3
    assert folder.read_spec() == pulse(3)
    cli = OwnStack(store.root.parent)
    cli.env[FOLDERS] = str(ADDED)
    row = cli.run("run", "list").out.splitlines()[1]
    assert row.split()[:3] == [folder.id, "pulse", "finished"]
    assert row.endswith("3 beats, one each 0.02 s")
    story = cli.run("run", "show", folder.id).out.splitlines()
    assert story[0].endswith("finished, ended by number: it has done all its beats")
    assert story[1:] == ["3 beats", "controlroom pulse 3 0.02", str(folder.path)]
    told = cli.run("run", "show", folder.id, "--json").json()
    assert (told["figures"], told["result"]["bound"]) == ({"beats": 3}, "number")


@pytest.mark.processes
async def test_it_is_in_the_strip_and_ends_when_it_is_stopped(store: RunStore) -> None:
    folder = start(store, pulse(LONG))
    await beating(folder)
    line = next(line for line in (await shown(store)).splitlines() if folder.id in line)
    assert re.search(rf"▶ {folder.id}  pulse {LONG} beats, .* · running · \d+ beats ", line), line
    OwnStack(store.root.parent).run("run", "stop", folder.id, "--yes")
    view = await ended(folder)
    assert (view.state, view.bound) == ("stopped", "stopped")
    assert result_of(folder)["beats"] == len((folder.path / "beats").read_text().splitlines())


@pytest.mark.processes
async def test_the_kill_switch_ends_it(store: RunStore) -> None:
    folder = start(store, pulse(LONG))
    await beating(folder)
    target = LocalTarget(StackClient(store.root.parent / "none.sock"))
    done = await stop_all(store, target, drain=30)
    assert done.runs == (folder.id,)
    assert done.clean, done.sentence()
    assert (await ended(folder)).state == "stopped"


@pytest.mark.processes
async def test_stopping_all_loads_stops_it_too(store: RunStore) -> None:
    folder = start(store, pulse(LONG))
    await beating(folder)
    assert (await stop_loads(store, drain=30)).runs == (folder.id,)
    assert (await ended(folder)).state == "stopped"


def test_what_cannot_be_started_leaves_no_folder(store: RunStore) -> None:
    with pytest.raises(SpecError, match="last 2e"):
        start(store, pulse(LONG, 20.0))
    assert store.folders() == []


@pytest.mark.processes
@pytest.mark.parametrize("bad", ["", "raise OSError('broken')"], ids=["absent", "broken"])
async def test_without_its_file_it_is_still_shown_and_stopped(
    store: RunStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bad: str
) -> None:
    folder = start(store, pulse(LONG))
    await beating(folder)
    other = tmp_path / "other"
    other.mkdir()
    if bad:
        (other / "bad.py").write_text(bad)
    monkeypatch.setenv(FOLDERS, str(other))
    with pytest.raises(SpecError, match="called pulse.*broken" if bad else r"called pulse\."):
        folder.read_spec()
    assert re.search(rf"{folder.id}  pulse .* · running · \d+ beats ", await shown(store))
    cli = OwnStack(store.root.parent)
    cli.env[FOLDERS] = str(other)
    assert "controlroom pulse" in cli.run("run", "show", folder.id).out
    assert await stop_run(folder, 30)


def test_the_files_of_load_and_chaos_are_as_they_were(store: RunStore) -> None:
    for name in ("load", "chaos"):
        asked = json.loads((Path(__file__).parent / "kept" / f"{name}.json").read_text())
        folder = store.create()
        (folder.path / "spec.json").write_text(json.dumps(asked))
        spec = folder.read_spec()
        folder.write_spec(spec)
        folder.write_view(first_view(folder.id, spec))
        kept = folder.read_asked()
        assert asked.items() <= kept.items()
        # what was not asked for then is nothing
        assert not any(kept[name] for name in kept.keys() - asked.keys())
        view = json.loads((folder.path / "view.json").read_text())
        assert list(view)[-2:] == ["load", "chaos"]


def test_a_kind_of_fault_in_a_file_of_the_same_name_takes_nothing_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pulse_spec = kind_of("pulse").spec
    mark = "from stack.faults.kind import Kind\n\nKIND = Kind()\nKIND.name = 'MarkChaos'\n"
    (tmp_path / "pulse.py").write_text(mark)
    monkeypatch.setenv(registry.FOLDERS, str(tmp_path))
    assert "MarkChaos" in registry.kinds()
    assert vars(sys.modules[pulse_spec.__module__])["PulseSpec"] is pulse_spec
