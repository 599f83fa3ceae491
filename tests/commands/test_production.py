"""Acts on a target that is declared production: its name is typed, by every face."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.cli.entrance import enter
from controlroom.commands import line
from controlroom.commands.command import Command
from controlroom.commands.exits import Exit
from controlroom.commands.face import FACE
from controlroom.model.marking import Markings
from controlroom.runs.audit import entries
from controlroom.screens.confirm import Confirm
from controlroom.settings import Settings
from tests.commands.acting import CHANGING, WORDS, Acted, Asked, ids
from tests.commands.rooms import room_on
from tests.commands.test_walk import INSIDE, KEYS, Tty
from tests.room.rooms import screen_text
from tests.room.test_keys import opened
from tests.room.typing import burst, handled
from tests.waiting import until

pytestmark = [pytest.mark.long, pytest.mark.usefixtures("acted")]
LOCAL = Markings(("local *",))
NO_TARGET = {"note_run", "name_baseline", "remove_runs"}
"""What changes files of this machine, and no target."""
AT_LOCAL = [one for one in CHANGING if not one.id.startswith("lab_") and one.id not in NO_TARGET]
RAISED = [one for one in AT_LOCAL if not one.spared]
SPARED = {"stop_all", "stop", "stop_load", "stop_split", "stop_experiment", "pause_fault", "up"}


def here(command: Command) -> str:
    """Its command line, with the local stack as its target."""
    return WORDS[command.id].replace(" --context lab-a", "")


def written(state: Path, pattern: str) -> None:
    """A config file in which that is production."""
    folder = state / "config"
    folder.mkdir()
    (folder / "config.toml").write_text(f'[targets]\nproduction = ["{pattern}"]\n')


def test_what_ends_load_or_faults_is_spared() -> None:
    assert {one.id for one in CHANGING if one.spared} == SPARED


@pytest.mark.parametrize(
    "command", [one for one in RAISED if "deploy" not in one.id and one in INSIDE], ids=ids
)
async def test_every_other_act_asks_for_the_name(command: Command, state: Path) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    settings = Settings(state_dir=state, targets=LOCAL)
    assert await line.run(here(command), settings) == Exit.OK
    (question,) = face.questions
    assert (question.typed, question.by_hand, question.alone) == ("local stack", True, False)
    assert question.heading.startswith("PRODUCTION")
    assert ("PRODUCTION", "local stack") in question.facts
    assert question.command.count("--confirm") == 1
    assert question.command.endswith("--confirm 'local stack'")
    assert "--yes" not in question.command


@pytest.mark.parametrize("command", [one for one in RAISED if "deploy" in one.id], ids=ids)
async def test_of_a_cluster_by_its_context(command: Command, state: Path) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    settings = Settings(state_dir=state, targets=Markings(("lab-?",)))
    await line.run(WORDS[command.id], settings)
    assert [question.typed for question in face.questions] == ["lab-a"]


@pytest.mark.parametrize("command", [one for one in AT_LOCAL if one.spared], ids=ids)
async def test_what_is_spared_asks_as_elsewhere(command: Command, state: Path) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    await line.run(here(command), Settings(state_dir=state, targets=LOCAL))
    assert all(question.typed in ("", "stop") for question in face.questions)


@pytest.mark.parametrize("command", [one for one in CHANGING if one not in AT_LOCAL], ids=ids)
async def test_what_changes_no_target_asks_as_elsewhere(command: Command, state: Path) -> None:
    face = Asked(agrees=True)
    FACE.set(face)
    await line.run(WORDS[command.id], Settings(state_dir=state, targets=Markings(("*",))))
    assert all(not question.typed for question in face.questions)


@pytest.mark.parametrize(
    "words",
    [
        "scale consumer 3 --yes",
        "scale consumer 3 --confirm local",
        "logs --purge --confirm bands",
        "books --settle bands",
        "down",
    ],
)
def test_nothing_but_its_name_agrees_beforehand(
    words: str, acted: Acted, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    written(state, "local stack")
    assert enter(words.split()) == Exit.REFUSED
    assert "--confirm 'local stack'" in capsys.readouterr().err
    assert acted.acts == []
    (entry,) = entries(state)
    assert entry["result"] == "declined"


@pytest.mark.parametrize(
    "words", ["scale consumer 3", "logs --purge", "down", "books --settle bands"]
)
def test_its_name_agrees(words: str, acted: Acted, state: Path) -> None:
    written(state, "local stack")
    assert enter([*words.split(), "--confirm", "local stack"]) == Exit.OK
    assert len(acted.acts) == 1


@pytest.mark.parametrize(("typed", "code"), [("local stack\n", Exit.OK), ("y\n", Exit.REFUSED)])
def test_a_terminal_asks_for_it(
    typed: str, code: Exit, acted: Acted, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    written(state, "local*")
    said = Tty()
    monkeypatch.setattr("sys.stdin", Tty(typed))
    monkeypatch.setattr("sys.stderr", said)
    assert enter(["scale", "consumer", "3"]) == code
    assert "PRODUCTION local stack" in said.getvalue()
    assert "Type local stack to go on" in said.getvalue()


def test_another_target_is_none(acted: Acted, state: Path) -> None:
    written(state, "prod-*")
    assert enter(["scale", "consumer", "3", "--yes"]) == Exit.OK


@pytest.mark.parametrize("key", [one for one in KEYS if one != "stop_all"])
async def test_a_room_asks_for_it_by_every_key(key: str, acted: Acted, state: Path) -> None:
    room = room_on(state, targets=LOCAL)
    async with room.run_test(size=(120, 40), notifications=True) as pilot:
        opens, agrees, _ = KEYS[key]
        burst(room, [*opens, *(agrees if key == "load" else [])])
        await handled(room)
        await opened(room, Confirm)
        await until(lambda: "type local stack to confirm" in screen_text(room), "it asks")
        assert "PRODUCTION" in screen_text(room)
        await pilot.press("y", "enter")
        assert acted.acts == []
        await pilot.press("backspace", *"local stack", "enter")
        await until(lambda: entries(state), "it is in the audit", 30)
    (entry,) = entries(state)
    assert entry["result"] == "done"
    assert len(acted.acts) == 1
