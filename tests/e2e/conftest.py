"""The room is tried in real terminals, also behind a real sshd on loopback."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from host.install.commands import find_program
from tests.own_stack import OwnStack
from tests.ports import free_port


@dataclass(frozen=True)
class SshDoor:
    """A running sshd and the words that lead through it."""

    argv: tuple[str, ...]


@pytest.fixture(scope="session")
def ssh_door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SshDoor]:
    """An sshd with keys and configuration of its own, on loopback."""
    folder = tmp_path_factory.mktemp("sshd")
    folder.chmod(0o700)
    for name in ("host", "user"):
        subprocess.run(
            ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True
        )
    shutil.copy(folder / "user.pub", folder / "authorized")
    port = free_port()
    (folder / "sshd_config").write_text(
        f"ListenAddress 127.0.0.1\nPort {port}\nHostKey {folder}/host\nPidFile {folder}/pid\n"
        f"AuthorizedKeysFile {folder}/authorized\nStrictModes no\nUsePAM no\n"
        "PasswordAuthentication no\nPermitRootLogin prohibit-password\nAcceptEnv LANG LC_*\n"
    )
    Path("/run/sshd").mkdir(exist_ok=True)
    sshd = find_program("sshd")
    assert sshd is not None
    with open(folder / "log", "wb") as log:
        server = subprocess.Popen([sshd, "-D", "-e", "-f", str(folder / "sshd_config")], stderr=log)
    user = os.environ.get("USER") or Path.home().name
    try:
        yield SshDoor(
            (
                *("ssh", "-tt", "-p", str(port), "-i", str(folder / "user"), "-F", "none"),
                *("-o", "StrictHostKeyChecking=no", "-o", f"UserKnownHostsFile={folder}/known"),
                *("-o", "ConnectionAttempts=20", "-o", "LogLevel=ERROR", f"{user}@127.0.0.1"),
            )
        )
    finally:
        server.terminate()
        server.wait(10)


@pytest.fixture
def quiet(stack: OwnStack) -> Iterator[OwnStack]:
    """The stack, with nothing running on it before and after."""
    stack.run("chaos", "stop", "--all", check=False)
    yield stack
    stack.run("chaos", "stop", "--all", check=False)
