"""Behind the room's own sshd: whose key did what, and nothing but the room."""

from __future__ import annotations

import getpass
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.runs.audit import entries
from host.install.commands import find_program
from tests.conftest import ROOT
from tests.ports import free_port
from tests.waiting import until

pytestmark = [
    pytest.mark.engines,
    pytest.mark.skipif(
        os.geteuid() != 0, reason="an sshd that is not root lets in its own user only, by its shell"
    ),
]
CONFIG = ROOT / "k8s" / "components" / "room" / "sshd_config"


class Room:
    """An sshd with the room's configuration, moved to a folder and a port of this machine."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        for name in ("host_key", "anna", "ben"):
            words = ("-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
            subprocess.run(["ssh-keygen", *words], check=True)
        keys = "".join((folder / f"{name}.pub").read_text() for name in ("anna", "ben"))
        (folder / "authorized_keys").write_text(keys)
        text = CONFIG.read_text()
        for old, new in {
            "Port 2222": f"Port {self.port}\nListenAddress 127.0.0.1",
            "/etc/room-keys": str(folder),
            "/var/lib/controlroom": str(folder),
            "cd /app && exec python": f"cd {ROOT} && exec {sys.executable}",
            " --context in-cluster": "",
            "PermitRootLogin no": "PermitRootLogin yes",
            "PYTHONPATH=/app:/app/lib": f"PYTHONPATH={ROOT}",
            "SSL_CERT_FILE=/app/lib/certifi/cacert.pem ": "",
        }.items():
            assert old in text, old
            text = text.replace(old, new)
        (folder / "sshd_config").write_text(text)

    @property
    def state(self) -> Path:
        """The state folder of everybody who comes in."""
        return self.folder / "state"

    def argv(self, key: str, *words: str) -> list[str]:
        """`ssh WORDS` with somebody's key."""
        options = ("IdentitiesOnly=yes", "BatchMode=yes", "StrictHostKeyChecking=no")
        own = (*options, f"UserKnownHostsFile={self.folder}/known", "LogLevel=ERROR")
        return [
            *("ssh", "-F", "none", "-p", str(self.port), "-i", str(self.folder / key)),
            *(word for option in own for word in ("-o", option)),
            *words,
        ]

    def fingerprint(self, key: str) -> str:
        """As ssh-keygen shows it."""
        told = ("ssh-keygen", "-l", "-f", str(self.folder / f"{key}.pub"))
        return subprocess.run(told, check=True, capture_output=True, text=True).stdout.split()[1]


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    sshd = find_program("sshd")
    assert sshd is not None
    Path("/run/sshd").mkdir(exist_ok=True)
    made = Room(tmp_path)
    argv = [str(sshd), "-D", "-e", "-f", str(tmp_path / "sshd_config")]
    with (tmp_path / "sshd.log").open("wb") as log, subprocess.Popen(argv, stderr=log) as server:
        try:
            yield made
        finally:
            server.terminate()


async def test_the_audit_names_the_key_of_whoever_came_in(room: Room) -> None:
    where = f"{getpass.getuser()}@127.0.0.1"

    def run(key: str) -> subprocess.CompletedProcess[str]:
        argv = room.argv(key, where, "run", "stop", "--all")
        return subprocess.run(argv, capture_output=True, text=True, timeout=120)

    async def entered() -> bool:
        return run("anna").returncode == 0

    await until(entered, "anna is let in", 60, 0.5)
    done = run("ben")
    assert done.returncode == 0, done.stderr
    told = [entry["claimed"]["key"] for entry in entries(room.state)]
    assert told == [room.fingerprint("anna"), room.fingerprint("ben")]


def test_the_door_is_no_way_to_anything_else(room: Room, tmp_path: Path) -> None:
    sshd = find_program("sshd")
    told = subprocess.run(
        [str(sshd), "-T", "-f", str(tmp_path / "sshd_config")],
        check=True, capture_output=True, text=True,
    ).stdout.splitlines()  # fmt: skip
    closed = (
        "allowtcpforwarding", "allowstreamlocalforwarding", "allowagentforwarding",
        "x11forwarding", "permittunnel", "permituserrc", "permituserenvironment",
        "passwordauthentication", "kbdinteractiveauthentication",
    )  # fmt: skip
    assert [line for line in told if line.split()[0] in closed and line.split()[1] != "no"] == []
    assert {line.split()[0] for line in told} >= set(closed)
