"""The pages of runs: the list, one run by itself, two side by side; pictures and keys."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from controlroom.app import ControlRoom
from controlroom.commands.exits import CommandError
from controlroom.commands.experiment import StartExperiment, StopExperiment
from controlroom.commands.face import FACE
from controlroom.commands.performing import Act, Answer
from controlroom.commands.question import Fact, Question
from controlroom.model.frame import RUNS, Frame
from controlroom.model.run import Runs
from controlroom.reports import Document, Heading, Paragraph, Plot, Table
from controlroom.runs.experiment_files import ExperimentFile
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import store_of
from controlroom.screens.confirm import Confirm
from controlroom.screens.experiment import ExperimentDialog
from controlroom.screens.load import LoadDialog
from controlroom.screens.page import Many
from controlroom.screens.prompt import FilterDialog
from controlroom.screens.run import ComparePage, RunPage
from controlroom.screens.runs import RunsPage
from controlroom.settings import Settings
from tests.room import frames, stories
from tests.room.fakes import FixedSource, RecordedCommands
from tests.room.rooms import calls_of, room_of, screen_text, source_of
from tests.room.test_keys import typed
from tests.waiting import until

pytestmark = pytest.mark.long

SIZES = {"small": (80, 24), "usual": (120, 40)}
Compare = Callable[..., bool]
SAME = ExperimentFile("same.yaml", "same", "HTTP against itself", ("one", "other"), 6, 144.0)
FOREIGN = ExperimentFile("no.yaml", "no", error="no.yaml, line 3: load: cannot be used.")


class Telling(FixedSource):
    """Remembers whose stories were wanted, change by change."""

    def __init__(self, frame: Frame) -> None:
        super().__init__(frame)
        self.log: list[tuple[str, ...]] = []

    def tell(self, runs: tuple[str, ...]) -> None:
        if self.log[-1:] != [runs]:
            self.log.append(runs)


class Experiments(RecordedCommands):
    """Has experiments to choose, and starts none."""

    async def experiment_files(self) -> Sequence[ExperimentFile]:
        return (SAME, FOREIGN)

    async def plan_experiment(self, act: StartExperiment) -> Sequence[Fact]:
        if act.what == "gone.yaml":
            raise CommandError("There is no file gone.yaml.", "Give one that is there.")
        return [("takes", f"about 2m24s, {2 * (act.rounds or 6)} blocks"), ("hits", "1 of 3")]

    async def compare_runs(self, runs: Sequence[str]) -> Document:
        table = Table(("figure", *runs), (("p95, ms", "14.4", "20.4"), ("success", "1", "1")))
        curve = {"p95": [(0.0, 1.0)]}
        said = Paragraph("One run each: " * 12)
        heads = (Heading("What can be said"), Heading("Figures"))
        return Document("beside", [heads[0], said, heads[1], table, Plot("p95", "ms", curve)])

    async def perform(self, act: Act) -> Answer:
        if isinstance(act, StartExperiment):
            await FACE.get().ask(Question("experiment", "Start", "started", act.line()))
            act.run = RunFolder(Path(stories.ID))
            self.calls.append(("experiment", act.what, act.rounds))
            return Answer("started")
        if isinstance(act, StopExperiment):
            await FACE.get().ask(Question("end", "End", "ended", act.line()))
            self.calls.append((act.command, act.wanted))
            return Answer("ended")
        return await super().perform(act)


async def opened(room: ControlRoom, screen: type) -> None:
    """Waits for a screen; also beside a busy machine."""
    await until(lambda: isinstance(room.screen, screen), f"{screen.__name__} opens", 30)


async def seen(room: ControlRoom, words: str) -> None:
    """Waits for words, wherever lines are broken."""
    await until(lambda: words in _flat(room), f"{words!r} is shown", 30)


def _flat(room: ControlRoom) -> str:
    """The screen's words, without the frames of dialogs."""
    return " ".join(screen_text(room).replace("│", " ").split())


def room_with(over: bool = True, read_only: bool = False) -> tuple[ControlRoom, Telling]:
    """A room whose source tells stories."""
    source = Telling(replace(stories.frame(over), read_only=read_only))
    room = room_of(source.now, read_only=read_only)
    room.source, room.commands = source, Experiments()
    return room, source


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(
    ("over", "keys"),
    [(False, ["E"]), (False, ["E", "enter"]), (True, ["E", "enter"])],
    ids=["runs", "running", "done"],
)
def test_pictures(snap_compare: Compare, over: bool, keys: list[str], size: str) -> None:
    room = room_of(stories.frame(over))
    assert snap_compare(room, press=keys, terminal_size=SIZES[size])


def test_a_block_by_itself_in_ascii_without_colour(
    snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "")
    room = room_of(stories.frame(True), ascii_only=True)
    keys = ["E", "enter", "right", "right"]
    assert snap_compare(room, press=keys, terminal_size=SIZES["small"])


def test_two_loads_side_by_side(snap_compare: Compare) -> None:
    room, _ = room_with()
    keys = ["E", "slash", *"load", "enter", "space", "G", "space", "c"]
    assert snap_compare(room, press=keys, terminal_size=SIZES["usual"])


def test_the_load_form_with_a_schedule(snap_compare: Compare) -> None:
    keys = ["l", "shift+tab", "shift+tab", "right", "space"]
    assert snap_compare(room_of(frames.calm()), press=keys, terminal_size=SIZES["small"])


@pytest.mark.parametrize("size", [*SIZES.values(), (200, 60), (60, 16)], ids=str)
async def test_pages_of_an_ascii_room_draw_ascii_only(size: tuple[int, int]) -> None:
    room = room_of(stories.frame(False), ascii_only=True)
    async with room.run_test(size=size) as pilot:
        for keys in (["E"], ["enter"], ["right"], ["escape", "space", "j", "space", "c"]):
            await pilot.press(*keys)
            shown = screen_text(room)
            assert shown.isascii(), {c for c in shown if not c.isascii()}
            assert "r-0062" in shown


async def test_the_cursor_stays_on_its_run_while_others_come_and_go() -> None:
    room, source = room_with()
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "j", "j")
        page = room.screen
        assert isinstance(page, RunsPage)
        assert page.list.at == "r-0011"
        more = stories.runs()
        new = (stories.load(63, 2), *more.runs)
        source.now = source.now.having(RUNS, frames.live(replace(more, runs=new)))
        page.draw()
        assert page.list.at == "r-0011"
        assert "▶ – r-0011" in screen_text(room)
        await pilot.press("y")
        assert room.clipboard == "r-0011"


async def test_filter_sort_and_the_parts_of_an_experiment() -> None:
    room, _ = room_with()
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("E")
        assert "r-0061" not in screen_text(room), "a part of the experiment"
        await pilot.press("a")
        assert "of r-0062" in screen_text(room)
        await pilot.press("a", "slash")
        await opened(room, FilterDialog)
        await typed(pilot, "needle", "load !finished")
        await pilot.press("enter")
        await opened(room, RunsPage)
        assert _ids(room) == ["r-0011", "r-0008", "r-0007"]
        await pilot.press("S")
        assert _ids(room) == ["r-0007", "r-0008", "r-0011"]
        await pilot.press("s", "s", "S")
        assert _ids(room) == ["r-0007", "r-0008", "r-0011"], "failed, lost, stopped"
        await pilot.press("slash")
        await opened(room, FilterDialog)
        await typed(pilot, "needle", "nothing like it")
        await pilot.press("enter")
        await seen(room, "/ changes that")


def _ids(room: ControlRoom) -> list[str]:
    """Runs on the screen, in their order."""
    words = (word for line in screen_text(room).splitlines()[2:] for word in line.split())
    return [word for word in words if word.startswith("r-0")]


async def test_a_story_is_asked_for_while_it_is_looked_at_and_no_longer() -> None:
    room, source = room_with(over=False)
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("E")
        assert source.log == [()]
        await pilot.press("enter")
        assert source.log[1:] == [(stories.ID,)]
        assert "block 4 of 6 · none · fault 1 s of 2 s" in screen_text(room)
        assert "about 0:49 left" in screen_text(room)
        await pilot.press("escape")
        await opened(room, RunsPage)
        assert source.log[2:] == [()]
        await pilot.press("space", "space", "c")
        await opened(room, ComparePage)
        assert source.log[3:] == [(stories.ID, "r-0012")]
        await seen(room, "One run each")
        assert "what both measured second by second is not kept" not in screen_text(room)


async def test_the_verdict_stands_in_its_words_with_signs() -> None:
    room, _ = room_with()
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "enter")
        shown = screen_text(room)
        assert f"= {stories.SENTENCES[0]}" in shown
        assert f"≠ {stories.SENTENCES[1]}" in shown
        await pilot.press("y")
        assert room.clipboard == stories.COMMAND


async def test_a_run_that_measures_nothing_has_the_curves_of_the_room_of_its_time() -> None:
    room, source = room_with()
    both = Runs((stories.fault(4, 20), stories.fault(3, 90_000)))
    source.now = frames.loaded().having(RUNS, frames.live(both))
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "enter")
        lanes = {line.split()[0] for line in screen_text(room).splitlines() if "┤" in line}
        assert {"rps", "success", "p95", "lag"} <= lanes
        await pilot.press("escape", "j", "enter")
        assert "no figures second by second were kept" in screen_text(room)


async def test_one_block_alone_and_all_again() -> None:
    room, _ = room_with()
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("E", "enter", "right", "right")
        shown = screen_text(room)
        assert "2 killed" in shown
        assert "1 none" not in shown
        assert "baseline" in shown
        assert "✗ pod-kill-consumer" in shown
        await pilot.press("0")
        assert "1 none" in screen_text(room)


@pytest.mark.parametrize(
    ("over", "keys", "call"),
    [
        (False, ["x"], ("stop_experiment", stories.ID)),
        (False, ["enter", "x"], ("stop_experiment", stories.ID)),
    ],
    ids=["list", "run"],
)
async def test_a_run_is_ended_after_a_question(
    over: bool, keys: list[str], call: tuple[object, ...]
) -> None:
    room, _ = room_with(over)
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", *keys)
        await opened(room, Confirm)
        await pilot.press("escape")
        await until(lambda: not isinstance(room.screen, Confirm), "it is left", 30)
        assert calls_of(room) == []
        await pilot.press("x", "y")
        await until(lambda: calls_of(room) == [call], "it is ended", 30)


@pytest.mark.parametrize(
    ("run", "call"),
    [
        (stories.load(5, 0, state="running", ended=None, bound=""), ("stop_load", "r-0005")),
        (replace(stories.fault(4, 0), state="running", ended=None), ("stop", "r-0004")),
    ],
    ids=["load", "fault"],
)
async def test_each_kind_is_ended_by_its_own_command(run: object, call: object) -> None:
    room, source = room_with()
    source.now = source.now.having(RUNS, frames.live(Runs((run,))))  # type: ignore[arg-type]
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "x", "y")
        await until(lambda: calls_of(room) == [call], "it is ended", 30)


async def test_what_is_over_is_not_ended_and_a_read_only_room_ends_and_starts_nothing() -> None:
    room, _ = room_with()
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "x")
        await pilot.pause()
        assert isinstance(room.screen, RunsPage)
        assert calls_of(room) == []
    room, _ = room_with(over=False, read_only=True)
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "x", "E")
        await pilot.pause()
        assert isinstance(room.screen, RunsPage)
        assert "E experiment" not in screen_text(room)
        assert calls_of(room) == []


@pytest.mark.parametrize(
    ("keys", "removed"),
    [(["j"], [1]), (["space", "j", "space", "k"], [0, 2])],
    ids=["cursor", "marked"],
)
async def test_runs_are_removed_after_one_question(
    tmp_path: Path, keys: Sequence[str], removed: Sequence[int]
) -> None:
    room, source = room_with()
    settings = Settings(state_dir=tmp_path)
    folders = [store_of(settings).create() for _ in range(3)]
    runs = tuple(stories.load(n, 0) for n in (3, 2, 1))
    assert [one.id for one in runs] == [one.id for one in reversed(folders)]
    source.now = source.now.having(RUNS, frames.live(Runs(runs)))
    room.commands.settings = settings  # type: ignore[attr-defined]
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", *keys, "D")
        await opened(room, Confirm)
        wanted = tuple(runs[n].id for n in removed)
        assert f"controlroom runs rm {' '.join(wanted)}" in screen_text(room)
        await pilot.press("y")
        await until(lambda: calls_of(room) == [("remove_runs", wanted)], "they are removed")
        source.now = source.now.having(RUNS, frames.live(Runs(runs[1:2])))
        await until(lambda: isinstance(room.screen, RunsPage) and not room.screen.list.marked, "")


async def test_an_experiment_is_chosen_planned_confirmed_and_watched() -> None:
    room, source = room_with(over=False)
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "E")
        await opened(room, ExperimentDialog)
        await seen(room, "12 blocks")
        assert "one, other, 2m24s: HTTP against itself" in _flat(room)
        assert "no.yaml, line 3: load: cannot be used." in _flat(room)
        await typed(pilot, "repeat", "3")
        await seen(room, "6 blocks")
        assert "controlroom experiment run same --repeat 3" in screen_text(room)
        await pilot.press("enter", "y")
        await opened(room, RunPage)
        assert calls_of(room) == [("experiment", "same", 3)]
        await until(lambda: source.log[-1] == (stories.ID,), "it is watched", 30)
        await pilot.press("escape")
        assert isinstance(room.screen, RunsPage)


@pytest.mark.parametrize(
    ("field", "words", "said"),
    [
        ("repeat", "0", "repeat: '0' is no whole number"),
        ("seed", "x", "seed: 'x' is no whole number"),
        ("file", "gone.yaml", "There is no file gone.yaml."),
    ],
)
async def test_a_mistake_in_the_experiment_form_is_said_and_starts_nothing(
    field: str, words: str, said: str
) -> None:
    room, _ = room_with()
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "E")
        await opened(room, ExperimentDialog)
        await typed(pilot, field, words)
        await pilot.press("enter")
        await seen(room, said)
        assert isinstance(room.screen, ExperimentDialog)
    assert calls_of(room) == []


async def test_thousands_of_runs_are_a_screen_of_rows() -> None:
    room, source = room_with()
    many = tuple(stories.load(n, 10.0 * (9000 - n)) for n in range(8999, 4000, -1))
    source.now = source.now.having(RUNS, frames.live(Runs(many[:20], earlier=many[20:])))
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("E", "G")
        assert "r-4001" in screen_text(room)
        assert "4,999 runs" in screen_text(room)
        page = room.screen
        assert isinstance(page, RunsPage)
        assert isinstance(page._shown, Many), "only what is on the screen is made"


async def test_a_load_on_a_schedule_has_a_rate_and_room_to_wait() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(80, 24)) as pilot:
        await pilot.press("l")
        await opened(room, LoadDialog)
        await pilot.press("shift+tab", "shift+tab", "right", "space")
        await seen(room, "a schedule needs one")
        await typed(pilot, "rate", "200")
        await seen(room, "--rate 200 --open")
        assert "may wait; more are dropped" in screen_text(room)
        await pilot.click("#agree")
        await until(lambda: bool(calls_of(room)), "it is started", 30)
    name, spec = calls_of(room)[0]
    assert (name, spec.open, spec.rate) == ("load", "constant", 200.0)  # type: ignore[attr-defined]
    assert spec.users > 100  # type: ignore[attr-defined]


async def test_the_help_names_the_keys_of_the_pages() -> None:
    room = room_of(frames.calm())
    async with room.run_test(size=(120, 60)) as pilot:
        await pilot.press("question_mark")
        await asyncio.sleep(0)
        from controlroom.screens.help import HelpDialog

        await opened(room, HelpDialog)
        dialog = room.screen
        assert isinstance(dialog, HelpDialog)
        assert "runs: mark runs; compare two of them side by side" in dialog.text().plain
    assert source_of(room)
