"""Words of the command line are completed by real shells, and the manual page tells all of them."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from controlroom.commands.catalogue import VERBS
from controlroom.commands.completing import for_shell
from controlroom.commands.completion import SCRIPTS
from controlroom.commands.man import page
from controlroom.commands.parsers import overview
from tests.cli.running import controlroom, environment
from tests.commands.test_added import put

ASKS = {
    # what the shell would do at a tab: the words, which of them, then what it would offer
    "bash": """
eval "$(controlroom completion bash)"
COMP_WORDS=(controlroom "$@"); COMP_CWORD=$#
_controlroom controlroom
printf '%s\\n' "${COMPREPLY[@]}"
""",
    "zsh": """
compdef() { :; }
_describe() { local one; for one in $found; do print -r -- "${${one//\\\\:/;}%%:*}"; done; }
_files() { :; }
eval "$(controlroom completion zsh)"
words=(controlroom "$@"); CURRENT=$#words
_controlroom
""",
    "fish": """
controlroom completion fish | source
complete -C (string join -- ' ' controlroom $argv) | string split -f1 \\t
""",
}

pytestmark = pytest.mark.processes


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the program under its name, and one command of the user's own."""
    put(tmp_path / "config")
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "controlroom"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m controlroom "$@"\n')
    program.chmod(0o755)
    (tmp_path / "state" / "runs" / "r-0007").mkdir(parents=True)
    return folder


def offered(shell: str, programs: Path, *words: str) -> list[str]:
    """What a real shell offers for the last word."""
    program = shutil.which(shell)
    if program is None:
        pytest.skip(f"{shell} is not on this machine")
    found = environment(programs.parent)
    path = f"{programs}:{found['PATH']}"
    flags = {"bash": ["--norc"], "zsh": ["-f"], "fish": ["--no-config"]}[shell]
    name = "--" if shell == "fish" else shell
    done = subprocess.run(
        [program, *flags, "-c", ASKS[shell], name, *words],
        env=found | {"PATH": path, "XDG_CONFIG_HOME": str(programs.parent)},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout.split()


@pytest.mark.parametrize("shell", SCRIPTS)
def test_a_shell_offers_verbs_flags_and_values(shell: str, programs: Path) -> None:
    assert offered(shell, programs, "und") == ["undeploy"]
    assert offered(shell, programs, "gre") == ["greet"]
    assert offered(shell, programs, "run", "--rep") == ["--repeat"]
    assert set(offered(shell, programs, "run", "--path", "")) == {"http", "grpc", "wasm"}
    assert offered(shell, programs, "--scenario", "world") == ["worldcup"]


def test_a_shell_that_cuts_a_word_at_its_sign_gets_the_rest(programs: Path) -> None:
    assert offered("bash", programs, "--scenario", "=", "world") == ["worldcup"]
    assert offered("bash", programs, "--scenario", "=") == ["bands", "covid", "worldcup"]
    assert for_shell(["--scenario=world"]) == "--scenario=worldcup\t"


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["chaos", "run", "pod-kill-ka"], ["pod-kill-kafka"]),
        (["lab", "link", ""], ["cut", "mend"]),
        (["scale", "prod"], ["producer-grpc", "producer-http", "producer-wasm"]),
        (["--json", "books", "--settle", "b"], ["bands"]),
        (["deploy", "--overlay", "cluster-"], ["cluster-a", "cluster-b"]),
        (["books", "--max-f"], ["--max-fault-seconds"]),
        (["--color", "a"], ["auto", "always"]),
        (["help", "vers"], ["version"]),
        (["completion", ""], list(SCRIPTS)),
        (["nosuch", ""], []),
        (["run", "--file", ""], []),
    ],
)
def test_what_can_be_meant(words: list[str], found: list[str]) -> None:
    assert [line.split("\t")[0] for line in for_shell(words).splitlines()] == found


def test_an_error_is_no_candidate(tmp_path: Path) -> None:
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.toml").write_text("fps = [")
    done = controlroom(tmp_path, "--complete", "run", "stop", "")
    assert (done.returncode, done.stderr) == (0, "")
    assert controlroom(tmp_path, "version").returncode == 0
    assert controlroom(tmp_path, "help", "books").stdout.startswith("usage: controlroom books")
    assert controlroom(tmp_path, "books").returncode == 2


def test_help_and_version_are_verbs_and_flags(tmp_path: Path) -> None:
    assert controlroom(tmp_path, "help").stdout == overview() + "\n"
    version = controlroom(tmp_path, "version").stdout
    assert version.startswith("controlroom ")
    assert controlroom(tmp_path, "--version").stdout == version
    explained = controlroom(tmp_path, "help", "run").stdout
    assert explained == controlroom(tmp_path, "run", "--help").stdout
    wrong = controlroom(tmp_path, "help", "boks")
    assert (wrong.returncode, wrong.stdout) == (2, "")
    assert "controlroom books" in wrong.stderr


def test_the_page_has_every_verb_and_its_flags(tmp_path: Path) -> None:
    made = page()
    assert all("\n.SS {}\n".format(verb.name.replace("-", "\\-")) in made for verb in VERBS)
    assert "\\fB\\-\\-concurrence\\fR" in made
    put(tmp_path / "config")
    assert "\n.SS greet\n" in controlroom(tmp_path, "man").stdout


def test_the_page_can_be_read(tmp_path: Path) -> None:
    groff = shutil.which("groff")
    if groff is None:
        pytest.skip("groff is not on this machine")
    done = subprocess.run(
        [groff, "-man", "-Tutf8", "-ww"], input=page(), capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
