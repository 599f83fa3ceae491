"""The entrance: help that fits, exit codes that hold, no traceback for anybody."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from controlroom.cli import entrance
from controlroom.commands.catalogue import VERBS
from controlroom.commands.command import Verb
from controlroom.commands.exits import Exit
from controlroom.commands.parsers import overview, verb_parser
from host.ending import EndedBySignal, cancelled_by
from tests.cli.running import controlroom, environment

LINES, COLUMNS = 24, 80


def fits(text: str) -> bool:
    lines = text.rstrip("\n").splitlines()
    return len(lines) <= LINES and max(map(len, lines)) <= COLUMNS


def test_the_overview_fits_a_screen_and_names_every_verb() -> None:
    assert fits(overview())
    for entry in VERBS:
        wanted = f" {entry.name}" if entry.itself or entry.seldom else f"\n  {entry.name} "
        assert wanted in overview()


@pytest.mark.parametrize("entry", VERBS, ids=lambda entry: entry.name)
def test_the_help_of_every_verb_fits_a_screen_and_has_examples(entry: Verb) -> None:
    verb = entry.load()
    text = verb_parser(entry, verb).format_help()
    assert fits(text), text
    assert 1 <= len(verb.EXAMPLES) <= 3
    assert all(example in text for example in verb.EXAMPLES)
    assert f"controlroom {entry.name}" in verb.EXAMPLES[0]


@pytest.mark.processes
def test_help_is_data_and_asks_for_nothing(tmp_path: Path) -> None:
    found = controlroom(tmp_path, "--help")
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout == overview() + "\n"
    assert controlroom(tmp_path, "books", "--help").returncode == 0
    assert controlroom(tmp_path).returncode == 2


@pytest.mark.processes
@pytest.mark.parametrize("words", [["--help"], ["--complete", "lo"]])
def test_help_and_completion_import_no_client_library(words: list[str]) -> None:
    code = (
        f"import sys, controlroom.__main__ as entrance; entrance.main({words!r});"
        "heavy = ('textual', 'redis', 'httpx', 'aiokafka', 'motor', 'asyncio', 'yaml');"
        "print([name for name in heavy if name in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.splitlines()[-1] == "[]"


@pytest.mark.processes
@pytest.mark.parametrize(
    "words",
    [
        ("--scenario", "nosuch", "status"),
        ("--scenario", "nosuch", "launch"),
        ("launch", "--scenario", "nosuch"),
        ("--scenario", "/tmp", "status"),
        ("--scenario", "nosuch", "tallies"),
        ("--scenario", "nosuch", "info"),
        ("--scenario", "nosuch", "status", "--context", "nobody"),
    ],
)
def test_a_scenario_that_is_not_there_is_refused_by_every_verb(
    tmp_path: Path, words: tuple[str, ...]
) -> None:
    found = controlroom(tmp_path, *words)
    assert (found.returncode, found.stdout) == (2, "")
    assert "nosuch" in found.stderr or "/tmp" in found.stderr
    assert ".toml file" in found.stderr


@pytest.mark.processes
@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("boks",), "Did you mean `controlroom books`?"),
        (("books", "--nonsense"), "unrecognized arguments: --nonsense"),
        (("logs", "--last", "many"), "invalid int value: 'many'"),
        (("logs", "--last", "0"), "--last 0 is not possible"),
        (("metrics", "--history", "soon"), "'soon' is not a duration"),
        (("--fps", "900", "info"), "--fps: fps = '900' is not possible"),
        (("books", "--scenario", "nosuch"), "no scenario is called 'nosuch'"),
    ],
)
def test_a_wrong_word_is_a_sentence_and_exit_code_2(
    tmp_path: Path, words: tuple[str, ...], said: str
) -> None:
    found = controlroom(tmp_path, *words)
    assert found.returncode == 2
    assert found.stdout == ""
    assert said in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.processes
@pytest.mark.parametrize("verb", ["status", "endpoints", "books", "tallies", "logs", "metrics"])
def test_without_a_stack_the_exit_code_is_3_and_the_fix_is_named(tmp_path: Path, verb: str) -> None:
    found = controlroom(tmp_path, verb, "--json")
    assert found.returncode == 3, found.stderr
    assert found.stdout == ""
    assert "controlroom up" in found.stderr
    assert "Traceback" not in found.stderr


@pytest.mark.processes
def test_an_unexpected_error_is_one_sentence_and_its_trace_a_private_file(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    code = (
        "import sys; from controlroom.cli import entrance\n"
        "from controlroom.commands import doctor\n"
        "def broken(args): raise ZeroDivisionError('one\\ntwo')\n"
        "doctor.main = broken\n"
        "sys.exit(entrance.enter(['doctor']))"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 1
    assert "Traceback" not in found.stderr
    assert "ZeroDivisionError: one two" in found.stderr
    (trace,) = (tmp_path / "state" / "log").iterdir()
    assert str(trace) in found.stderr
    assert "Traceback" in trace.read_text()
    assert trace.stat().st_mode & 0o077 == 0


@pytest.mark.processes
def test_a_reader_that_leaves_is_no_error(tmp_path: Path) -> None:
    code = (
        "import sys; from controlroom.cli import entrance\n"
        "from controlroom.commands import doctor, face\n"
        "def endless(args):\n"
        "    while True: face.emit('x' * 1000)\n"
        "doctor.main = endless\n"
        "sys.exit(entrance.enter(['doctor']))"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == ""
        assert process.wait(30) == 0


@pytest.mark.processes
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 143)])
def test_signals_end_it_quietly(tmp_path: Path, name: str, code: int) -> None:
    script = (
        "import asyncio, sys; from controlroom.cli import entrance\n"
        "from controlroom.commands import doctor, face\n"
        "async def waiting(args):\n"
        "    face.emit('here'); await asyncio.sleep(60)\n"
        "doctor.main = waiting\n"
        "sys.exit(entrance.enter(['doctor']))"
    )
    import signal

    with subprocess.Popen(
        [sys.executable, "-c", script],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # a shell has its background commands ignore SIGINT, and so would this one
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == "here\n"
        process.send_signal(getattr(signal, name))
        assert process.wait(30) == code
        assert process.stderr.read() == ""


@pytest.mark.processes
def test_settings_are_shown_with_their_origin(tmp_path: Path) -> None:
    import json

    environ = {"CONTROLROOM_WINDOW": "77"}
    found = controlroom(tmp_path, "--read-only", "info", "--json", environ=environ)
    facts = json.loads(found.stdout)
    assert facts["settings"]["read_only"] == {"value": True, "from": "--read-only"}
    assert facts["settings"]["window"] == {"value": 77, "from": "CONTROLROOM_WINDOW"}
    assert facts["stack"]["state"] == "away"
    assert facts["paths"]["state"] == str(tmp_path / "state")


@pytest.mark.processes
def test_doctor_prints_a_line_per_check(tmp_path: Path) -> None:
    started = time.monotonic()
    found = controlroom(tmp_path, "doctor", environ={"NO_COLOR": "1"})
    assert found.returncode in (0, 1)
    assert "state folder" in found.stdout
    assert "\x1b" not in found.stdout
    assert time.monotonic() - started < 30


def test_sigterm_ends_a_verb_in_order_and_comes_up_in_no_callback() -> None:
    met: list[BaseException] = []
    ended: list[str] = []

    def callback() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0)
        except BaseException as error:
            met.append(error)
            raise

    async def verb() -> Exit:
        asyncio.get_running_loop().call_soon(callback)
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("in order")
        return Exit.OK

    before = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, entrance._terminate)
    try:
        assert entrance._finished(verb()) == Exit.TERMINATED
    finally:
        signal.signal(signal.SIGTERM, before)
    assert met == []
    assert ended == ["in order"]


def test_a_terminal_that_is_lost_twice_disturbs_no_end() -> None:
    ended: list[str] = []

    async def work() -> None:
        with cancelled_by(signal.SIGHUP, signal.SIG_IGN):
            asyncio.get_running_loop().call_soon(os.kill, os.getpid(), signal.SIGHUP)
            try:
                await asyncio.Event().wait()
            finally:
                os.kill(os.getpid(), signal.SIGHUP)
                await asyncio.sleep(0.01)
                ended.append("in order")

    before = signal.getsignal(signal.SIGHUP)
    with pytest.raises(EndedBySignal) as told:
        asyncio.run(work())
    assert told.value.code == 129
    assert ended == ["in order"]
    assert signal.getsignal(signal.SIGHUP) is before
