"""Layouts: where their panels stand, taken by key, by words and by flag, saved and read again."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Input

from controlroom import layouts
from controlroom.app import ControlRoom
from controlroom.commands.catalogue import PANES
from controlroom.layouts import DEFAULT, SHIPPED, Layout
from controlroom.model.frame import Frame
from controlroom.model.tallies import Chosen
from controlroom.panes.layout import MINIMUM, kind_of, plan
from controlroom.screens import room
from controlroom.settings import SettingsError
from tests.commands.rooms import Bar, room_on
from tests.own_stack import OwnStack
from tests.room import frames, pages
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import room_of, screen_text
from tests.room.test_keys import closed
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.long

SIZES = {"least": (60, 15), "small": (80, 24), "usual": (120, 40), "large": (200, 60)}
WIDE = (120, 40)
EVERY = (
    *SHIPPED.values(),
    Layout("one", ("log",)),
    Layout("all", PANES, {"log": 20, "time": 3}),
    Layout("column", PANES, columns=1),
    Layout("three", ("books", "time", "log"), zoom=True),
)
Compare = Callable[..., bool]


@pytest.fixture(autouse=True)
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A config folder of its own."""
    folder = tmp_path / "config"
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(folder))
    return folder


@pytest.fixture
def environ(config: Path) -> dict[str, str]:
    return {"CONTROLROOM_CONFIG_DIR": str(config)}


def of(layout: Layout, scenario: str = "bands") -> ControlRoom:
    """A room under load that opens with this layout."""
    whole = room_of(frames.loaded(scenario))
    return ControlRoom(whole.source, whole.commands, clock=whole.clock, layout=layout)


@pytest.mark.parametrize("layout", EVERY, ids=lambda one: one.name)
@pytest.mark.parametrize("current", PANES)
@pytest.mark.parametrize(
    "size", [MINIMUM, (80, 24), (110, 24), (110, 34), (120, 40), (200, 24), (200, 60), (400, 120)]
)
def test_parts_fill_the_terminal_and_do_not_overlap(
    size: tuple[int, int], current: str, layout: Layout
) -> None:
    planned = plan(room.PANES, *size, current, False, layout)
    places = planned.places
    assert current in places
    assert sum(region.area for region in places.values()) == size[0] * size[1]
    for one, other in combinations(places.values(), 2):
        assert not one.overlaps(other)
    if kind_of(*size) != "tabs" and layout.panels and current not in layout.panels:
        assert planned.alone


def test_weights_are_shares_of_a_column_and_of_all_columns() -> None:
    heavy = Layout("x", ("log", "time", "books"), {"log": 2}, columns=2)
    places = plan(room.PANES, *WIDE, "log", False, heavy).places
    assert places["time"].x == places["books"].x > places["log"].x == 0
    assert places["time"].height == pytest.approx(places["books"].height, abs=1)
    column = plan(room.PANES, *WIDE, "log", False, replace(heavy, columns=1)).places
    assert column["log"].y < column["time"].y < column["books"].y
    assert column["log"].height > column["time"].height


async def test_the_key_goes_through_those_that_are_shipped_and_saved(
    environ: dict[str, str],
) -> None:
    layouts.save(Layout("night", ("log", "fleet"), focus="fleet", zoom=True), environ)
    opened = room_of(frames.calm())
    async with opened.run_test(size=WIDE, notifications=True) as pilot:
        seen = []
        for _ in range(4):
            await pilot.press("o")
            shown = {name for name in PANES if opened.room.parts[name].display}
            seen.append((opened.room.current, shown))
        assert "layout default" in screen_text(opened)
    traffic = {"traffic", "time", "tallies", "books"}
    assert seen == [
        ("traffic", traffic), ("log", {"log", "traffic"}), ("fleet", {"fleet"}),
        ("tallies", set(PANES)),
    ]  # fmt: skip


async def test_tab_goes_through_the_shown_panels_and_a_number_to_any() -> None:
    opened = of(SHIPPED["log"])
    async with opened.run_test(size=WIDE) as pilot:
        seen = []
        for key in ("tab", "tab", "4", "shift+tab", "tab"):
            await pilot.press(key)
            seen.append(opened.room.current)
        assert seen == ["traffic", "log", "fleet", "traffic", "log"]
        await pilot.press("3")
        assert opened.room.alone, "one that the layout does not show has all the room"


async def test_what_is_arranged_by_words_is_saved_and_taken_again(
    tmp_path: Path, environ: dict[str, str]
) -> None:
    opened = room_on(tmp_path)
    async with opened.run_test(size=WIDE, notifications=True) as pilot:
        await _typed(opened, pilot, "layout panels log=3 traffic", "Arranged.")
        await pilot.press("2", "z", "plus")
        await _typed(opened, pilot, "layout save night", "Saved as ")
        saved = layouts.read("night", environ, PANES)
        wanted = Layout(
            "night", ("log", "traffic"), {"log": 3}, focus="traffic", zoom=True, window=120
        )
        assert saved == wanted
        await _typed(opened, pilot, "layout default", "Layout default.")
        assert (opened.room.current, opened.room.time.window) == ("tallies", 300)
        assert opened.room.parts["books"].display
        await _typed(opened, pilot, "layout night", "Layout night.")
        assert (opened.room.current, opened.room.time.window) == ("traffic", 120)
        assert not opened.room.parts["log"].display, "zoomed"
        await _typed(opened, pilot, "layout nihgt", "Did you mean 'night'?")
        await _typed(opened, pilot, "layout save default", "is shipped")
        await _typed(opened, pilot, "layout panels logs", "Did you mean 'log'?")
        await _typed(opened, pilot, "layout rm night", "is removed")
    assert layouts.names(environ) == [*SHIPPED]


async def _typed(opened: ControlRoom, pilot: Pilot[None], words: str, said: str) -> None:
    await Bar(opened, pilot).open()
    opened.screen.query_one(Input).value = words
    await pilot.press("enter")
    await until(lambda: said in " ".join(screen_text(opened).split()), f"{said!r} is said", 30)
    await pilot.press("escape")
    await closed(opened)


class Asked(FixedSource):
    """Keeps what each frame was asked to show of the tallies."""

    def __init__(self) -> None:
        super().__init__(pages.frame("top"))
        self.views: list[str] = []

    def frame(self, now: float, chosen: Chosen | None = None) -> Frame:
        self.views.append(chosen[0] if chosen else "")
        return super().frame(now, chosen)


def with_view(view: str) -> tuple[ControlRoom, Asked]:
    """A room that opens with that view, and its source."""
    source = Asked()
    layout = Layout("x", view=view)
    room = ControlRoom(source, RecordedCommands(), clock=lambda: frames.NOW, layout=layout)
    source.views.clear()  # nothing is shown of the frame that a room is made with
    return room, source


async def test_a_view_of_the_tallies_is_asked_for_from_the_first_frame_on() -> None:
    opened, source = with_view("gender")
    async with opened.run_test(size=WIDE):
        await until(lambda: len(source.views) > 2, "frames are asked for")
        assert opened.room.layout_now.view == "gender"
    assert set(source.views) == {"gender"}


async def test_a_view_that_the_scenario_does_not_have_gives_way_to_the_one_that_is_shown() -> None:
    opened, source = with_view("by_day")
    async with opened.run_test(size=WIDE):
        await until(lambda: source.views[-1:] == ["top"], "the view that is there is asked for")
        assert opened.room.layout_now.view == "top"
    assert set(source.views) == {"by_day", "top"}


@pytest.mark.parametrize(
    ("text", "line", "said", "fix"),
    [
        ('panels = ["log", "trafic"]', 1, "panels: there is no panel 'trafic'", "'traffic'"),
        ('panels = ["log", "log"]', 1, "log is named twice", "once"),
        ("panels = 3", 1, "panels is no list", "Write"),
        ('zoom = false\nfocus = "boks"', 2, "focus: there is no panel 'boks'", "'books'"),
        ('panels = ["log"]\n[weights]\nlog = 0', 3, "log = 0", "1 to 20"),
        ('panels = ["log"]\n[weights]\ntime = 2', 3, "time is not shown", "panels"),
        ("window = 10", 1, "window = 10", "60 to 21600"),
        ("zoom = 1", 1, "zoom = 1 is neither", "true or false"),
        ("view = 1", 1, "view = 1 is no text", "quotes"),
        ("\npanel = []", 2, "unknown key 'panel'", "'panels'"),
        ("zoom = false\npanels = x", 2, "line 2", "Fix that line"),
    ],
)
def test_a_mistake_is_told_with_file_line_key_and_fix(
    environ: dict[str, str], text: str, line: int, said: str, fix: str
) -> None:
    path = layouts.file_of("mine", environ)
    path.parent.mkdir(parents=True)
    path.write_text(text)
    with pytest.raises(SettingsError) as error:
        layouts.read("mine", environ, PANES)
    assert str(path) in str(error.value)
    assert f"line {line}" in str(error.value)
    assert said in str(error.value)
    assert fix in error.value.fix


@pytest.mark.parametrize("name", ["", "a b", "../x", "List", "save", "x" * 40])
def test_what_is_no_name_is_refused(environ: dict[str, str], name: str) -> None:
    with pytest.raises(SettingsError, match="no name"):
        layouts.save(Layout(name), environ)


def test_what_is_written_is_read_as_it_was(environ: dict[str, str]) -> None:
    for layout in EVERY[len(SHIPPED) :]:
        layouts.save(layout, environ)
        wanted = replace(layout, focus=layout.focus or layout.panels[0])
        assert layouts.read(layout.name, environ, PANES) == wanted
    assert layouts.read("", environ, PANES) is DEFAULT


async def test_a_broken_file_is_said_at_the_key_and_passed_over(environ: dict[str, str]) -> None:
    path = layouts.file_of("broken", environ)
    path.parent.mkdir(parents=True)
    path.write_text('panels = ["lgo"]')
    opened = of(SHIPPED["log"])
    async with opened.run_test(size=(200, 60), notifications=True) as pilot:
        await pilot.press("o")
        await until(lambda: "Did you mean 'log'?" in screen_text(opened), "it is said")
        await pilot.press("o")
        assert opened.room.current == "tallies"


@pytest.fixture
def cli(tmp_path: Path) -> OwnStack:
    return OwnStack(tmp_path / "state")


@pytest.mark.processes
def test_the_command_line_lists_removes_and_opens(cli: OwnStack) -> None:
    environ = {"CONTROLROOM_CONFIG_DIR": cli.env["CONTROLROOM_CONFIG_DIR"]}
    layouts.save(Layout("night", ("log",)), environ)
    told = {one["name"]: one for one in cli.run("layout", "--json").json()}
    assert list(told) == [*SHIPPED, "night"]
    assert told["night"]["panels"] == ["log"]
    refused = cli.run("layout", "save", "x", check=False)
    assert refused.code == 2
    assert "for a room that is open" in refused.err
    argv = (sys.executable, "-m", "controlroom", "--layout", "night", "demo")
    with Terminal(argv, {**cli.env, "LANG": "C.UTF-8"}) as demo:
        demo.until("6 log", 60)
        assert "1 tallies" not in demo.text()
        demo.send("q")
        assert demo.ended() == 0
    cli.run("layout", "rm", "night")
    wrong = cli.run("layout", "rm", "night", check=False)
    assert "There is no layout 'night'" in wrong.err
    argv = (sys.executable, "-m", "controlroom", "--layout", "lgo", "demo")
    with Terminal(argv, cli.env) as demo:
        assert demo.ended() == 2
        demo.until("Did you mean 'log'")


@pytest.mark.parametrize(
    ("name", "size"),
    [*((name, size) for name in SHIPPED for size in ("small", "large")), ("default", "least")],
)
def test_how_each_looks(snap_compare: Compare, name: str, size: str) -> None:
    assert snap_compare(of(SHIPPED[name]), terminal_size=SIZES[size])
