"""The room as a pod: beside a pipeline that is there, entered by SSH, with the cluster's eyes."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from controlroom.commands.exits import Exit
from tests.clusters.environment import COMMAND_PATIENCE, Deployed
from tests.terminal import Terminal
from tests.waiting import until

pytestmark = pytest.mark.clusters

EVENTS = 200


@dataclass(frozen=True)
class Door:
    """The way into the room for the holder of a key."""

    pipeline: Deployed
    folder: Path

    def argv(self, *words: str, key: str = "id") -> list[str]:
        """`ssh WORDS`; the first one remembers the server's key, and others insist on it."""
        service = self.pipeline.get("service", "room", "-n", "controlroom")
        options = ("IdentitiesOnly=yes", f"UserKnownHostsFile={self.folder}/known", "BatchMode=yes")
        return [
            *("ssh", "-F", "none", "-p", "2222", "-i", str(self.folder / key)),
            *(word for option in options for word in ("-o", option)),
            *("-o", "StrictHostKeyChecking=accept-new", "-o", "LogLevel=ERROR"),
            *(() if words else ("-tt",)),
            f"controlroom@{service['spec']['clusterIP']}",
            *words,
        ]

    def run(self, *words: str, key: str = "id") -> subprocess.CompletedProcess[str]:
        """What a verb says inside."""
        return subprocess.run(
            self.argv(*words, key=key), text=True, capture_output=True, timeout=180
        )

    def deploy(self, *words: str, check: bool = True) -> str:
        """`controlroom deploy --overlay room WORDS`: what it said."""
        told = ("deploy", "--overlay", "room", "--timeout", "5m", *words)
        return self.pipeline.run(*told, timeout=COMMAND_PATIENCE, check=check).err

    def host_key(self) -> str:
        """As it was seen first."""
        return (self.folder / "known").read_text()


@pytest.fixture(scope="module")
def door(
    deployed: Callable[[str, str], Deployed], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Door]:
    """A pipeline, the room's image, and keys; the room goes afterwards, the pipeline stays."""
    pipeline, folder = deployed("lab-a", "lab-one"), tmp_path_factory.mktemp("door")
    pipeline.give_image("room", folder)
    for name in ("id", "foreign"):
        words = ("-q", "-t", "ed25519", "-N", "", "-f", str(folder / name))
        subprocess.run(["ssh-keygen", *words], check=True)
    yield Door(pipeline, folder)
    away = ("undeploy", "--overlay", "room", "--volumes")
    pipeline.run(*away, timeout=COMMAND_PATIENCE, check=False)


def test_without_keys_nothing_is_made_and_the_flag_is_named(door: Door) -> None:
    told = ("deploy", "--overlay", "room")
    refused = door.pipeline.run(*told, check=False)
    assert refused.code == Exit.REFUSED
    assert "--authorized-keys" in refused.err
    private = door.pipeline.run(*told, "--authorized-keys", str(door.folder / "id"), check=False)
    assert private.code == Exit.REFUSED
    assert "private key" in private.err
    listed = door.pipeline.get("deployments,secrets,services", "-n", "controlroom")["items"]
    assert "room" not in [one["metadata"]["name"] for one in listed]


async def test_holders_of_a_key_see_the_cluster_from_inside(door: Door) -> None:
    door.deploy("--authorized-keys", str(door.folder / "id.pub"))
    await until(lambda: door.run("status").returncode == 0, "the room lets its people in", 60, 0.5)
    before = json.loads(door.run("books", "--json").stdout)["acknowledged"]
    terminal_env = {**os.environ, "LANG": "C.UTF-8"}
    with Terminal(door.argv(), terminal_env) as terminal:
        terminal.until("in-cluster", 60)
        terminal.until(r"7/7 live", 60)
        terminal.until(r"producer-http +\d+/\d", 30)
        load = door.run("run", "-n", str(EVENTS), "--timeout", "2m", "--json")
        assert load.returncode == 0, load.stderr
        terminal.until(r"● \d engines ready", 30)
        terminal.send("q")
        assert terminal.ended(30) == 0
    await until(
        lambda: door.pipeline.books()["acknowledged"] == before + EVENTS,
        "what was sent from inside is seen from outside",
        60,
        0.5,
    )


def test_another_key_is_refused_and_the_servers_own_stays(door: Door) -> None:
    assert "Permission denied" in door.run("books", key="foreign").stderr
    known = door.host_key()
    door.deploy()
    assert door.run("status").returncode == 0
    assert door.host_key() == known
