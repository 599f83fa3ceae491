"""One child: its group, its end, its last words."""

from __future__ import annotations

import os
import signal
import sys
import textwrap
from pathlib import Path

import psutil
import pytest

from stack.spec import ProcessSpec
from stack.supervisor.backoff import FIRST, LONGEST, STABLE, Backoff
from stack.supervisor.child import Child, ending
from stack.supervisor.output import FILE_LIMIT, LINES, Output
from tests.waiting import until


def spec(folder: Path, code: str, **more: object) -> ProcessSpec:
    """A process that runs this Python code."""
    argv = (sys.executable, "-u", "-c", textwrap.dedent(code))
    return ProcessSpec("child", argv, folder, {"PATH": os.environ["PATH"]}, **more)  # type: ignore[arg-type]


@pytest.mark.processes
async def test_what_it_says_is_kept(tmp_path: Path) -> None:
    output = Output(tmp_path / "log")
    child = await Child.start(
        spec(tmp_path, "import sys; print(input()); print('b', file=sys.stderr)", stdin=b"a\n"),
        output,
    )
    assert await child.wait() == 0
    assert output.tail(10) == ["a", "b"]
    assert (tmp_path / "log").read_text() == "a\nb\n"


@pytest.mark.processes
async def test_a_polite_end_is_waited_for(tmp_path: Path) -> None:
    code = """
        import signal, sys
        signal.signal(signal.SIGTERM, lambda *_: (print("bye"), sys.exit(3)))
        print("up")
        signal.pause()
    """
    output = Output()
    child = await Child.start(spec(tmp_path, code), output)
    await until(lambda: output.tail(1) == ["up"], "it is up")
    assert await child.stop(10) == 3
    assert output.last() == "bye"


@pytest.mark.processes
async def test_a_deaf_child_is_killed_when_its_grace_is_over(tmp_path: Path) -> None:
    code = """
        import signal
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        print("up")
        while True: signal.pause()
    """
    output = Output()
    child = await Child.start(spec(tmp_path, code), output)
    await until(lambda: output.tail(1) == ["up"], "it is up")
    assert await child.stop(0.2) == -signal.SIGKILL


@pytest.mark.processes
async def test_grandchildren_end_with_the_child(tmp_path: Path) -> None:
    code = """
        import subprocess
        print(subprocess.Popen(["sleep", "600"]).pid)
        input()
    """
    output = Output()
    child = await Child.start(spec(tmp_path, code), output)
    assert await child.wait() == 1
    grandchild = int(output.tail(LINES)[0])
    await until(lambda: not _lives(grandchild), "the grandchild is gone")


@pytest.mark.processes
async def test_signals_are_not_ignored_by_inheritance(tmp_path: Path) -> None:
    output = Output()
    shell = ProcessSpec("x", ("cat", "/proc/self/status"), tmp_path, {"PATH": "/bin:/usr/bin"})
    child = await Child.start(shell, output)
    await child.wait()
    ignored = next(line for line in output.tail(LINES) if line.startswith("SigIgn"))
    assert not int(ignored.split()[1], 16) & (1 << (signal.SIGPIPE - 1))


@pytest.mark.processes
async def test_a_command_that_is_not_there_says_so(tmp_path: Path) -> None:
    output = Output()
    child = await Child.start(ProcessSpec("x", ("no-such-program",), tmp_path, {}), output)
    assert await child.wait() == 127
    assert "no-such-program cannot be run" in output.last()


def test_the_file_is_turned_over(tmp_path: Path) -> None:
    output = Output(tmp_path / "log")
    line = b"x" * 999 + b"\n"
    for _ in range(FILE_LIMIT // len(line) + 5):
        output.take(line)
    assert (tmp_path / "log").stat().st_size < FILE_LIMIT
    assert (tmp_path / "log.1").stat().st_size == FILE_LIMIT
    assert len(output.tail(10_000)) == LINES


def test_back_off_grows_to_its_bound_and_forgives_a_stable_life() -> None:
    backoff = Backoff()
    delays = [backoff.after(0.1) for _ in range(12)]
    assert delays[:3] == [FIRST, FIRST * 2, FIRST * 4]
    assert delays[-1] == LONGEST
    assert backoff.after(STABLE) == FIRST


def test_endings_are_words() -> None:
    assert ending(1) == "exit 1"
    assert ending(-9) == "killed by SIGKILL"


def _lives(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def test_the_life_before_is_told_apart_as_long_as_its_lines_are_kept() -> None:
    output = Output()
    output.begin_life()
    assert output.tail(10, previous=True) == []
    output.take(b"one\ntwo\n")
    output.begin_life()
    output.take(b"three\n")
    assert output.tail(10, previous=True) == ["one", "two"]
    assert output.tail(10) == ["one", "two", "three"]
    output.begin_life()
    assert output.tail(10, previous=True) == ["three"]
    output.take(b"more\n" * LINES)
    assert output.tail(10, previous=True) == []
    output.begin_life()
    assert output.tail(2, previous=True) == ["more", "more"]
