"""What is shown goes into a file: whole figures, in the form that its name ends in."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree

import pytest
from textual.pilot import Pilot
from textual.widgets import Input, Static

from controlroom.app import ControlRoom
from controlroom.model.frame import GOLDEN, LOG, TALLIES
from controlroom.panes.rows import as_csv, rows_of
from controlroom.screens.export import ExportDialog, proposed
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until

pytestmark = pytest.mark.long

FRAME = frames.loaded()


async def written(room: ControlRoom, pilot: Pilot[None], path: Path) -> str:
    """What `e` has written to that file."""
    await pilot.press("e")
    await until(lambda: isinstance(room.screen, ExportDialog), "the dialog", 30)
    room.screen.query_one(Input).value = str(path)
    await pilot.press("enter")
    await until(path.is_file, f"{path.name} is written", 30)
    await until(lambda: "written: " in screen_text(room), "it is said", 30)
    return path.read_text()


@pytest.fixture
def room(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ControlRoom:
    monkeypatch.chdir(tmp_path)
    return room_of(FRAME, read_only=True)


@pytest.mark.parametrize("panel", ["1", "2", "3", "4", "5", "6"])
async def test_a_panel_is_written_as_rows(room: ControlRoom, tmp_path: Path, panel: str) -> None:
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press(panel)
        told = json.loads(await written(room, pilot, tmp_path / "a.json"))
        table = list(csv.DictReader(io.StringIO(await written(room, pilot, tmp_path / "a.csv"))))
    assert (told["panel"], told["scenario"], told["at"]) == (room.room.current, "bands", frames.NOW)
    assert len(table) == len(told["rows"]) > 0
    for row, cells in zip(told["rows"], table, strict=True):
        for name, value in row.items():
            if isinstance(value, int | float) and not isinstance(value, bool):
                assert float(cells[name]) == value, "no figure is cut"
            elif value is None:
                assert cells[name] == ""


async def test_figures_are_those_of_the_frame(room: ControlRoom, tmp_path: Path) -> None:
    golden, tallies, log = FRAME[GOLDEN].value, FRAME[TALLIES].value, FRAME[LOG].value
    assert golden is not None
    assert tallies is not None
    assert log is not None
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("2")
        traffic = json.loads(await written(room, pilot, tmp_path / "2.json"))["rows"]
        await pilot.press("1")
        counted = json.loads(await written(room, pilot, tmp_path / "1.json"))["rows"]
        await pilot.press("6")
        lines = json.loads(await written(room, pilot, tmp_path / "6.json"))["rows"]
    assert [(one["deployment"], one["p99"]) for one in traffic] == [
        (one.deployment, one.p99) for one in golden.rows
    ]
    assert [one["count"] for one in counted] == [one.count for one in tallies.rows]
    assert [one["text"] for one in lines] == [one.text for one in log.lines]


async def test_of_the_time_panel_only_what_is_looked_at(room: ControlRoom, tmp_path: Path) -> None:
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("5", "{", "m", "{")
        span = room.room.time.cursor.span
        rows = json.loads(await written(room, pilot, tmp_path / "5.json"))["rows"]
    assert span is not None
    assert {one["curve"] for one in rows} == {"rps", "success", "p95", "lag"}
    assert all(span[0] <= one["at"] <= span[1] for one in rows)
    assert len(rows) == 4 * (int(span[1]) - int(span[0]) + (span[0] == int(span[0])))


async def test_all_of_the_screen_is_written_as_a_picture(room: ControlRoom, tmp_path: Path) -> None:
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        picture = await written(room, pilot, tmp_path / "room.svg")
    assert ElementTree.fromstring(picture).tag.endswith("svg")
    assert "tallies" in picture
    assert "ends in" not in picture, "the dialog is not in it"


async def test_a_page_is_written_as_text(room: ControlRoom, tmp_path: Path) -> None:
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        await pilot.press("3", "enter")
        words = await written(room, pilot, tmp_path / "books.txt")
    assert words.startswith("$ controlroom books")
    assert "acknowledged" in words


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("there.csv", "it is there already"),
        ("room.pdf", "it ends in .csv or .json or .svg"),
        ("nowhere/room.csv", "there is no folder"),
    ],
)
async def test_a_name_that_cannot_be_is_said_in_the_dialog(
    room: ControlRoom, tmp_path: Path, name: str, said: str
) -> None:
    (tmp_path / "there.csv").write_text("mine")
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("e")
        await until(lambda: isinstance(room.screen, ExportDialog), "the dialog", 30)
        room.screen.query_one(Input).value = str(tmp_path / name)
        await pilot.press("enter")
        problem = str(room.screen.query_one("#problem", Static).visual)
        assert said in problem
    assert (tmp_path / "there.csv").read_text() == "mine"


def test_a_text_that_looks_like_a_formula_is_none_in_a_spreadsheet() -> None:
    (row,) = csv.DictReader(io.StringIO(as_csv([{"name": "=1+1", "n": -1, "list": ["a"]}])))
    assert row == {"name": "'=1+1", "n": "-1", "list": '["a"]'}


def test_a_panel_of_ones_own_is_written_by_its_lines(room: ControlRoom) -> None:
    pane = room.room.log_pane
    pane.pane_id = "mine"  # type: ignore[misc]
    assert rows_of(pane, FRAME) == []


def test_a_folder_that_cannot_be_written_is_not_proposed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert proposed("bands-tallies", "csv").parent == tmp_path
    monkeypatch.setattr("os.access", lambda *_: False)
    monkeypatch.setenv("HOME", "/there")
    found = proposed("room › a/b", "csv")
    assert found.parent == Path("/there")
    assert found.name.startswith("room-a-b-")
