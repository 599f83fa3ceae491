"""The command bar: verbs that are typed in the room, their completion, history and answers."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.commands.completing import common, complete
from controlroom.commands.line import Known
from controlroom.commands.registry import verbs
from controlroom.runs.audit import entries
from controlroom.screens.bar import BarDialog
from controlroom.screens.confirm import Confirm
from tests.commands.acting import Acted
from tests.commands.rooms import Bar, room_on
from tests.room import frames
from tests.room.rooms import screen_text
from tests.room.test_keys import closed, opened
from tests.room.typing import burst, handled
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE = (120, 40)


async def test_the_answer_is_shown_in_the_room(tmp_path: Path) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE) as pilot:
        await Bar(room, pilot).open()
        await pilot.press(*"runs list", "enter")
        await until(lambda: "There are no runs yet" in screen_text(room), "the answer", 30)
        await pilot.press(*"chaos list", "enter")
        await until(lambda: "pod-kill-kafka" in screen_text(room), "another answer", 30)
        await pilot.press("escape")
        await closed(room)
    assert entries(tmp_path) == [], "reading leaves no line"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("launch", "'launch' is for a shell, not for the room."),
        ("boks", "Did you mean `controlroom books`?"),
        ("scale consumer", "wants a number of replicas"),
        ("logs --last many", "invalid int value: 'many'"),
        ("logs --follow", "--follow is for a shell"),
        ("run --help", "usage: controlroom run"),
        ("chaos 'run", "No closing quotation"),
        ("books --context nosuch", "Name one of your contexts by --context"),
    ],
)
async def test_what_cannot_be_meant_is_said(tmp_path: Path, text: str, said: str) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE) as pilot:
        await Bar(room, pilot).open()
        burst(room, [*text, "enter"])
        await until(lambda: said in " ".join(screen_text(room).split()), "it is said", 30)
        assert "Traceback" not in screen_text(room)


async def test_a_question_is_asked_in_the_room_also_ahead(tmp_path: Path, acted: Acted) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE):
        burst(room, [*":chaos stop --all\r", *"stop\r"])
        await handled(room)
        await until(lambda: "It is done." in screen_text(room), "it is done", 30)
        assert isinstance(room.screen, BarDialog)
    assert [(e["action"], e["result"]) for e in entries(tmp_path)] == [("stop all", "done")]


async def test_a_question_that_is_left_declines(tmp_path: Path, acted: Acted) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE) as pilot:
        await Bar(room, pilot).open()
        await pilot.press(*"scale consumer 3", "enter")
        await opened(room, Confirm)
        await pilot.press("escape")
        await until(lambda: "nothing was scaled" in screen_text(room), "it is said", 30)
    assert [e["result"] for e in entries(tmp_path)] == ["declined"]
    assert acted.acts == []


async def test_the_history_is_kept_over_the_session(tmp_path: Path) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE) as pilot:
        bar = await Bar(room, pilot).open()
        for text in ("runs list", "chaos list"):
            await pilot.press(*text, "enter")
        await pilot.press("escape")
        await closed(room)
        await bar.open()
        await pilot.press("up")
        assert bar.words == "chaos list"
        await pilot.press("up", "up")
        assert bar.words == "runs list"
        await pilot.press("down", "down")
        assert bar.words == ""


async def test_tab_completes_verbs_and_arguments(tmp_path: Path) -> None:
    room = room_on(tmp_path)
    async with room.run_test(size=WIDE) as pilot:
        bar = await Bar(room, pilot).open()
        await pilot.press(*"sc", "tab", *"consu", "tab")
        assert bar.words == "scale consumer "


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("und", ["undeploy"]),
        ("chaos st", ["status", "stop", "stuck"]),
        ("controlroom chaos run pod-kill-ka", ["pod-kill-kafka"]),
        ("chaos preview pod-kill-ka", ["pod-kill-kafka"]),
        ("run stop r-004", ["r-0042", "r-0043"]),
        ("runs show r-0042", ["r-0042"]),
        ("scale --re", ["--restart"]),
        ("scale --restart prod", ["producer-grpc", "producer-http"]),
        ("books --settle b", ["bands"]),
        ("nosuch x", []),
    ],
)
def test_what_can_be_meant(text: str, found: list[str]) -> None:
    assert sorted(complete(text, Known(frames.loaded()))) == found


def test_every_verb_that_makes_sense_here_is_offered() -> None:
    offered = complete("", Known(frames.calm()))
    assert offered == [verb.name for verb in verbs(inside=True)]
    assert not {"launch", "torture"} & set(offered)


@pytest.mark.parametrize(
    ("words", "begins"), [(["stop", "status"], "st"), (["one"], "one"), (["a", "b"], "")]
)
def test_words_are_completed_as_far_as_they_are_clear(words: list[str], begins: str) -> None:
    assert common(words) == begins
