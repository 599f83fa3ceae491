"""What is fetched is what was locked, to the byte; a wrong file is refused before it is run."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

import pytest

from host.errors import StackError
from stack.engines.kafka import jars
from stack.engines.kafka.jars import VERSION, check_jars, ensure_jars, kafka_folder
from tests.conftest import ROOT

pytestmark = pytest.mark.engines

LOCK = ROOT / "stack/engines/kafka/kafka-jars.sha256"


@pytest.fixture
async def libs(tmp_path: Path) -> Path:
    """The real jars, linked into a folder of the test's own."""
    await ensure_jars(lambda _: None)
    folder = tmp_path / "libs"
    folder.mkdir()
    for jar in (kafka_folder() / "libs").iterdir():
        (folder / jar.name).symlink_to(jar)
    return folder


def broken(libs: Path, how: str) -> str:
    """Breaks the folder in one way; the name that has to be told."""
    name = "slf4j-api-1.7.36.jar"
    if how == "missing":
        (libs / name).unlink()
    elif how == "unknown":
        name = "zz-stranger.jar"
        (libs / name).write_bytes(b"PK")
    else:
        whole = (libs / name).read_bytes()
        (libs / name).unlink()
        flipped = bytes([whole[-1] ^ 1])
        (libs / name).write_bytes(whole[:-1] + flipped)
    return name


def test_the_jars_of_a_broker_are_all_locked(libs: Path) -> None:
    check_jars(libs)
    names = [line.split()[1] for line in LOCK.read_text().splitlines()]
    assert f"kafka_2.13-{VERSION}.jar" in names
    assert len(names) > 40


@pytest.mark.parametrize("how", ["changed by one bit", "missing", "unknown"])
def test_a_wrong_jar_is_refused_by_its_name(libs: Path, how: str) -> None:
    name = broken(libs, how)
    with pytest.raises(StackError, match=re.escape(name)) as refused:
        check_jars(libs)
    assert "~/.m2" in refused.value.fix


async def test_a_wrong_jar_is_never_installed(
    libs: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = broken(libs, "changed by one bit")
    program = tmp_path / "bin" / "mvn"
    program.parent.mkdir()
    program.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case $word in -DoutputDirectory=*) out=${word#*=} ;; esac; done\n'
        f'mkdir -p "$out" && cp -L {libs}/* "$out"\n'
    )
    program.chmod(program.stat().st_mode | stat.S_IEXEC)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    place = tmp_path / "kafka"
    monkeypatch.setattr(jars, "kafka_folder", lambda: place)
    with pytest.raises(StackError, match=re.escape(name)):
        await ensure_jars(lambda _: None)
    assert not place.exists()
    assert not list(tmp_path.glob("kafka*.part"))


def test_the_tool_that_locks_is_locked_itself() -> None:
    text = (ROOT / "bin/lock").read_text()
    installs = [line for line in text.replace("\\\n", " ").splitlines() if 'pip" install' in line]
    assert installs
    for line in installs:
        assert "--require-hashes" in line
        assert "-r requirements/lock.txt" in line
    assert "uv==" in (ROOT / "requirements/lock.txt").read_text()
