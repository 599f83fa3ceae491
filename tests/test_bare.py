"""A program that somebody installed by hand hides no missing step: tests do not find it."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests import bare

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(shutil.which("dpkg-query") is None, reason="this is no Debian"),
]

PROBE = """\
import shutil

from host.install.commands import find_program


def test_the_path():
    assert shutil.which("planted") is None
    assert find_program("planted") is None
    assert find_program("haproxy").resolve().is_relative_to("/usr/sbin")
    for name in ("sh", "apt-get", "redis-server", "java", "sshd", "ssh", "openssl", "git"):
        assert find_program(name), name
"""


def planted(folder: Path, *names: str) -> Path:
    """A folder of programs that a person made."""
    folder.mkdir()
    for name in names:
        program = folder / name
        program.write_text("#!/bin/sh\nexit 0\n")
        program.chmod(0o755)
    return folder


@pytest.mark.timeout(600)
def test_make_test_finds_no_program_that_was_installed_by_hand(tmp_path: Path) -> None:
    by_hand = planted(tmp_path / "bin", "planted", "haproxy")
    probe = tmp_path / "test_probe.py"
    probe.write_text(PROBE)
    words = f"-q -p no:cacheprovider --rootdir={tmp_path} -c /dev/null {probe}"
    done = subprocess.run(
        ["make", "test", f"ARGS={words}"],
        cwd=bare.ROOT,
        env={**os.environ, "PATH": f"{by_hand}:{os.environ['PATH']}:/usr/sbin:/usr/bin"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "1 passed" in done.stdout
    assert "apt:" not in done.stderr, "bin/bootstrap installs what is here"


def test_what_no_package_brought_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    local = planted(tmp_path / "local", "planted")
    monkeypatch.setattr(bare, "PLACES", (local, *bare.PLACES))
    found = bare.programs(bare.named("dev"))
    assert "planted" not in found
    assert {"sh", "redis-server", "java", "sshd", "apt-get"} <= found.keys()
    # an alternative is a link that no package owns, to a program that one does
    assert os.path.islink("/usr/bin/java")


def test_without_dpkg_the_path_stays_and_that_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert bare.main("dev") == str(tmp_path)
    assert capsys.readouterr().err.count("\n") == 1


def test_the_folder_is_named_by_what_is_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bare, "FOLDER", tmp_path)
    first = bare.linked({"sh": Path("/bin/sh")})
    assert bare.linked({"sh": Path("/bin/sh")}) == first
    assert bare.linked({"sh": Path("/bin/bash")}) != first
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        {first.name, bare.linked({"sh": Path("/bin/bash")}).name}
    )
