"""ctrl+z, fg and what a shell does to a terminal meanwhile."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest

from tests.room.test_manners import DEMO
from tests.terminal import Terminal

pytestmark = pytest.mark.processes

PANELS = ("1 tallies", "2 traffic", "3 books", "4 fleet", "5 time", "6 log")


@pytest.fixture
def shell() -> Iterator[Terminal]:
    """A shell with job control that has the room in its foreground."""
    shut_out = ("NO_COLOR", "SSH_CONNECTION", "SSH_TTY", "ENV")
    plain = {name: value for name, value in os.environ.items() if name not in shut_out}
    env = {**plain, "CONTROLROOM_PROBE": "1", "LANG": "C.UTF-8", "PS1": "shell> "}
    with Terminal(("sh", "-i"), env) as terminal:
        terminal.until("shell>", 60)
        terminal.send(" ".join(DEMO) + "\r")
        terminal.until("READY", 60)
        yield terminal


def the_room(shell: Terminal) -> psutil.Process:
    """The process in the foreground."""
    (child,) = psutil.Process(shell.pid).children()
    return child


def comes_back_whole(shell: Terminal) -> None:
    """All of the room's panels and edges, and nothing of the shell."""
    for panel in PANELS:
        shell.until(panel)
    shell.until_gone("shell>|marked|Stopped")
    assert all(line for line in shell.text().splitlines()), shell.text()


def test_ctrl_z_gives_the_terminal_to_the_shell_and_fg_paints_it_anew(shell: Terminal) -> None:
    room = the_room(shell)
    shell.send("\x1a")
    shell.until("shell>")
    assert room.status() == psutil.STATUS_STOPPED
    shell.send("echo marked-$((40 + 2)); stty -a | tr ';' '\\n' | grep icanon\r")
    shell.until("marked-42")
    shell.until(r"\bicanon")
    shell.send("fg\n")
    comes_back_whole(shell)
    shell.send("j")
    shell.until(r"K:\d+")
    shell.send("q")
    shell.until("shell>")


def test_a_room_that_was_stopped_by_force_paints_itself_anew(shell: Terminal) -> None:
    room = the_room(shell)
    for number in (signal.SIGTSTP, signal.SIGSTOP):
        room.send_signal(number)
        shell.until("shell>")
        shell.send("echo marked\n")
        shell.until("marked")
        shell.send("fg\n")
        comes_back_whole(shell)


def test_keys_are_read_once_after_each_return(shell: Terminal) -> None:
    room = the_room(shell)
    room.suspend()
    shell.until("shell>")
    shell.send("fg\n")
    comes_back_whole(shell)
    shell.send("jjjjjjjjjj")
    shell.until("K:0010")


def test_without_a_shell_there_is_nothing_to_go_to() -> None:
    env = {**os.environ, "CONTROLROOM_PROBE": "1", "LANG": "C.UTF-8"}
    with Terminal(DEMO, env) as room:
        room.until("READY", 60)
        room.send("\x1a")
        room.until("no shell here")
        assert psutil.Process(room.pid).status() != psutil.STATUS_STOPPED
