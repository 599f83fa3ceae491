"""Every act that changes anything, by every face, in every way it can end: one audit line."""

from __future__ import annotations

import contextlib
import io
from pathlib import Path

import pytest

from controlroom.cli.entrance import enter
from controlroom.commands import line
from controlroom.commands.chaos import StopAll
from controlroom.commands.command import Command
from controlroom.commands.exits import Exit, ReadOnlyError
from controlroom.commands.face import FACE
from controlroom.commands.performing import Answer
from controlroom.commands.registry import named, verbs
from controlroom.commands.scale import Scale
from controlroom.opening import Opening
from controlroom.runs.audit import entries
from controlroom.runs.stop import Stopped
from controlroom.screens.confirm import Confirm
from controlroom.settings import Settings
from controlroom.targets.abilities import Refused, TargetError, Unreachable, WrongConfig
from controlroom.targets.local import LocalTarget
from host.errors import StackError
from scenarios.errors import ScenarioError
from tests.commands.acting import CHANGING, WORDS, Acted, Asked, Target, asks, ids
from tests.commands.rooms import room_on
from tests.room.rooms import screen_text
from tests.room.typing import burst, handled
from tests.waiting import until

SAID = {
    TargetError("no"): Exit.FAILED,
    Unreachable("away"): Exit.UNREACHABLE,
    Refused("never"): Exit.REFUSED,
    WrongConfig("wrong"): Exit.USAGE,
    ScenarioError("wrong", "fix"): Exit.USAGE,
    StackError("no", kind="refused"): Exit.REFUSED,
}
KEYS = {
    "load": (["l"], ["enter"], ["escape"]),
    "chaos": (["c", "enter"], ["y"], ["n"]),
    "split": (["t", "enter"], ["y"], ["n"]),
    "scale": (["s", "backspace", "3", "enter"], ["y"], ["escape"]),
    "restart": (["R"], ["y"], ["enter"]),
    "purge": (["P"], [*"bands", "enter"], ["escape"]),
    "stop_all": (["exclamation_mark"], [*"stop", "enter"], [*"sto", "escape"]),
}
"""Id of a command with a key -> what leads to its question, what agrees and what does not."""


class Tty(io.StringIO):
    """A person at a terminal who types one line."""

    def isatty(self) -> bool:
        return True


def result(state: Path, command: Command) -> str:
    """What the one line of the audit says of it."""
    (entry,) = entries(state)
    assert entry["action"] == command.id.replace("_", " ")
    assert entry["uid"] >= 0
    assert ("reason" in entry) == (entry["result"] != "done")
    return str(entry["result"])


def typed(command: Command) -> list[str]:
    """A command line that is agreed to beforehand, where something is asked."""
    words = WORDS[command.id].split()
    if command.id in ("purge", "rebuild_tallies"):
        return [*words, "--confirm", "bands"]
    verb = command.verb.split()[0]
    asked = ("chaos", "run", "scale", "split", "experiment", "runs", "answer")
    takes_yes = verb in asked and asks(command)
    return [*words, "--yes"] if takes_yes else words


def test_the_walk_knows_every_act() -> None:
    assert set(WORDS) == {command.id for command in CHANGING}
    assert set(KEYS) == {command.id for command in CHANGING if command.key}
    verb_names = {verb.name for verb in verbs()}
    assert all(command.verb.split()[0] in verb_names for command in CHANGING)


@pytest.mark.parametrize("command", [c for c in CHANGING if c.id != "force"], ids=ids)
def test_done_by_the_command_line(command: Command, acted: Acted, state: Path) -> None:
    assert enter(typed(command)) == Exit.OK
    assert [act.command for act in acted.acts] == [command.id]
    assert result(state, command) == "done"


@pytest.mark.parametrize("command", CHANGING, ids=ids)
def test_refused_when_read_only_by_the_command_line(
    command: Command, acted: Acted, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter(["--read-only", *typed(command)]) == Exit.REFUSED
    assert f"This is read-only: {command.refusal}." in capsys.readouterr().err
    assert acted.acts == []
    assert result(state, command) == "refused"


@pytest.mark.parametrize("name", ["pause_fault", "resume_fault"])
def test_what_the_local_stack_does_not_pause_is_refused_before_it_is_asked(
    name: str, acted: Acted, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Target, "check_pause", LocalTarget.check_pause)
    person, told = Tty("yes\n"), Tty()
    monkeypatch.setattr("sys.stdin", person)
    monkeypatch.setattr("sys.stderr", told)
    assert enter(WORDS[name].split()) == Exit.REFUSED
    assert person.tell() == 0, "nobody is asked"
    assert "The local stack does not pause faults." in told.getvalue()
    assert acted.acts == []
    assert result(state, named(name)) == "failed"


@pytest.mark.parametrize("command", [c for c in CHANGING if asks(c)], ids=ids)
def test_declined_on_a_terminal(
    command: Command, acted: Acted, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sys.stdin", Tty("no\n"))
    monkeypatch.setattr("sys.stderr", Tty())
    words = WORDS[command.id].split()
    if command.id == "settle_books":
        words = ["books", "--settle", "worldcup"]
    assert enter(words) == Exit.REFUSED
    assert acted.acts == []
    assert result(state, command) == "declined"


@pytest.mark.parametrize("command", [c for c in CHANGING if c.id != "force"], ids=ids)
def test_failed_by_the_command_line(command: Command, acted: Acted, state: Path) -> None:
    acted.error = TargetError("It is broken.", "Fix it.")
    assert enter(typed(command)) == Exit.FAILED
    assert result(state, command) == "failed"


@pytest.mark.parametrize("verb", [verb.name for verb in verbs()])
def test_every_verb_explains_itself_and_refuses_what_cannot_be_meant(
    verb: str, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert enter([verb, "--help"]) == Exit.OK
    assert f"usage: controlroom {verb}" in capsys.readouterr().out
    words = ["tallies", "rebuild", "again"] if verb == "tallies" else [verb, "--nonsense"]
    assert enter(words) == Exit.USAGE
    assert capsys.readouterr().out == ""
    assert entries(state) == []


@pytest.mark.parametrize("words", [("chaos", "stop", "--all"), ("run", "stop", "--all")])
def test_what_is_left_behind_is_the_loudest_exit_code(
    words: tuple[str, ...], state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def stopped(*_: object) -> Stopped:
        return Stopped(("r-0001",), (), ("Run r-0001 did not end.",))

    monkeypatch.setattr("controlroom.commands.chaos.stop_all", stopped)
    monkeypatch.setattr("controlroom.commands.run.stop_loads", stopped)
    assert enter(words) == Exit.UNCLEAN
    (entry,) = entries(state)
    assert (entry["result"], entry["left"]) == ("failed", ["Run r-0001 did not end."])
    assert "r-0001 did not end" in entry["reason"]


def test_force_is_by_hand_and_says_that_something_may_be_left(
    acted: Acted, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = WORDS["force"].split()
    assert enter([*words, "--yes"]) == Exit.REFUSED
    monkeypatch.setattr("sys.stdin", Tty("podchaos/one\n"))
    monkeypatch.setattr("sys.stderr", Tty())
    acted.answer = Answer("It is removed.", code=Exit.UNCLEAN)
    assert enter(words) == Exit.UNCLEAN
    assert [entry["result"] for entry in entries(state)] == ["declined", "done"]


def test_a_room_to_look_at_only_brings_no_stack_up(state: Path) -> None:
    assert enter(["launch", "--read-only"]) == Exit.REFUSED
    (entry,) = entries(state)
    assert (entry["action"], entry["by"], entry["result"]) == ("up", "launch", "refused")


INSIDE = [c for c in CHANGING if c.verb.split()[0] not in ("torture", "answer")]


@pytest.mark.parametrize("ending", ["done", "refused", "declined", "failed"])
@pytest.mark.parametrize("command", INSIDE, ids=ids)
async def test_by_the_command_bar(command: Command, ending: str, acted: Acted, state: Path) -> None:
    face = Asked(agrees=ending != "declined")
    FACE.set(face)
    if ending == "failed":
        acted.error = TargetError("It is broken.", "Fix it.")
    settings = Settings(state_dir=state, read_only=ending == "refused")
    code = await line.run(WORDS[command.id], settings)
    settles = command.id == "settle_books"  # its flag is the answer already
    if ending == "declined" and (settles or not asks(command)):
        ending = "done"
    wanted = {"done": Exit.OK, "failed": Exit.FAILED}.get(ending, Exit.REFUSED)
    assert (code, result(state, command)) == (wanted, ending), face.lines
    assert len(face.questions) == (asks(command) and not settles and ending != "refused")
    assert len(acted.acts) == (ending == "done")


@pytest.mark.parametrize("ending", ["done", "refused", "declined", "failed"])
@pytest.mark.parametrize("command", [c for c in CHANGING if c.key], ids=ids)
async def test_by_key(command: Command, ending: str, acted: Acted, state: Path) -> None:
    if ending == "failed":
        acted.error = TargetError("It is broken.", "Fix it.")
    read_only = ending == "refused"
    room = room_on(state, read_only=read_only)
    async with room.run_test(size=(120, 40), notifications=True):
        if ending == "refused":
            await room.action_do(command.id)
        else:
            opens, agrees, leaves = KEYS[command.id]
            burst(room, [*opens, *(leaves if ending == "declined" else agrees)])
            await handled(room)
        form = command.id == "load" and ending == "declined"  # it was never asked for
        if not form:
            await until(lambda: entries(state), "it is in the audit", 30)
            assert result(state, command) == ending
        if ending == "failed":
            await until(lambda: "It is broken. Fix it." in screen_text(room), "it is said", 30)
    assert len(acted.acts) == (ending == "done")


@pytest.mark.parametrize("command", [c for c in CHANGING if c.key and c.id != "load"], ids=ids)
async def test_the_question_is_the_same_by_key_and_by_words(
    command: Command, acted: Acted, state: Path
) -> None:
    face = Asked(agrees=False)
    FACE.set(face)
    await line.run(WORDS[command.id], Settings(state_dir=state))
    (question,) = face.questions
    room = room_on(state)
    async with room.run_test(size=(120, 40)):
        burst(room, KEYS[command.id][0])
        await handled(room)
        asked = room.screen
        assert isinstance(asked, Confirm)
        assert asked.heading.split(" · ")[0] == question.heading.split(" · ")[0]
        assert (asked.verb, asked.typed or "") == (question.verb, question.typed)
        assert asked.command().split()[:2] == question.command.split()[:2]


@pytest.mark.parametrize("command", [c for c in INSIDE if asks(c)], ids=ids)
async def test_the_equal_command_line_means_the_same_cluster(
    command: Command, acted: Acted, state: Path
) -> None:
    face = Asked(agrees=False)
    FACE.set(face)
    await line.run(
        WORDS[command.id], Settings(state_dir=state, context=("lab-a",), namespace="own")
    )
    assert face.questions or command.id == "settle_books"  # its flag is the answer already
    own = {"stop_all", "up", "down", "torture", "remove_runs"}
    anywhere = command.id in own or command.id.startswith("lab")
    for question in face.questions:
        named_there = "--context lab-a" in question.command
        assert named_there is not anywhere, question.command


@pytest.mark.parametrize("fails", [False, True])
async def test_stop_all_is_asked_once_and_done_on_every_target(
    fails: bool, acted: Acted, state: Path
) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    acted.error = Unreachable("away") if fails else None
    opening = Opening(Settings(state_dir=state, context=("a", "b")))
    with pytest.raises(Unreachable) if fails else contextlib.nullcontext():
        await opening.perform(StopAll())
    assert len(face.questions) == 1
    ending = "failed" if fails else "done"
    noted = [(entry["context"], entry["action"], entry["result"]) for entry in entries(state)]
    assert noted == [("a", "stop all", ending), ("b", "stop all", ending)]


async def test_a_room_that_is_still_opening_acts_and_refuses(acted: Acted, state: Path) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    opening = Opening(Settings(state_dir=state))
    assert (await opening.perform(Scale("consumer", 3))).code is Exit.OK
    await opening.line("scale consumer 4")
    with pytest.raises(ReadOnlyError):
        opening.refuse("scale")
    assert [entry["result"] for entry in entries(state)] == ["done", "done", "refused"]
