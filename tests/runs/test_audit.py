"""The audit file: every action by key or command, also those that were refused."""

from __future__ import annotations

import os
import pwd
import stat
import time
from pathlib import Path

import pytest

from controlroom.runs.audit import acting, audit_file, entries
from controlroom.runs.store import RunStore
from tests.own_stack import OwnStack
from tests.runs.server import Server

pytestmark = pytest.mark.processes


@pytest.fixture
def cli(store: RunStore) -> OwnStack:
    """The command line on the state folder of the store."""
    return OwnStack(store.root.parent)


def test_what_was_done_and_what_was_refused(cli: OwnStack, server: Server) -> None:
    began = time.time()
    cli.run("run", "-n", "3", "--url", server.url)
    assert cli.run("scale", "consumer", "3", check=False).code == 3
    refused = ("--read-only", "chaos", "run", "pod-kill-consumer", "--yes")
    assert cli.run(*refused, check=False).code == 4
    cli.run("run", "stop", "--all")
    noted = entries(cli.state)
    assert [(entry["action"], entry["result"]) for entry in noted] == [
        ("load", "done"),
        ("scale", "failed"),
        ("chaos", "refused"),
        ("stop load", "done"),
    ]
    load, scale, chaos, _ = noted
    assert load["run"] == "r-0001"
    assert load["command"].startswith("controlroom run ")
    assert (scale["deployment"], scale["replicas"]) == ("consumer", 3)
    assert scale["reason"].startswith("Unreachable: ")
    assert chaos["what"] == "pod-kill-consumer"
    assert "read-only" in chaos["reason"]
    for entry in noted:
        assert (entry["uid"], entry["user"]) == (os.getuid(), pwd.getpwuid(os.getuid()).pw_name)
        assert entry["context"] == "local stack"
        assert began <= entry["at"] <= time.time()
    assert stat.S_IMODE(audit_file(cli.state).stat().st_mode) == 0o600
    assert cli.run("info", "--json").json()["paths"]["audit"] == str(audit_file(cli.state))


def test_reading_leaves_no_line(cli: OwnStack) -> None:
    cli.run("run", "list")
    cli.run("chaos", "list")
    cli.run("info")
    assert entries(cli.state) == []


def test_an_audit_that_cannot_be_written_holds_nothing_up(cli: OwnStack) -> None:
    audit_file(cli.state).mkdir(parents=True)
    assert cli.run("run", "stop", "--all").code == 0


def test_lines_are_added_and_what_failed_goes_on(store: RunStore) -> None:
    state = store.root.parent
    with acting(state, "purge", scenario="bands") as entry:
        entry.add(documents=7)
    first = audit_file(state).read_bytes()
    with pytest.raises(ValueError, match="no"), acting(state, "scale", context="lab-a"):
        raise ValueError("no")
    assert audit_file(state).read_bytes().startswith(first)
    purge, scale = entries(state)
    assert (purge["scenario"], purge["documents"], purge["result"]) == ("bands", 7, "done")
    assert (scale["context"], scale["reason"]) == ("lab-a", "ValueError: no")


def test_names_of_the_environment_are_claims(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = store.root.parent
    for name, value in {"USER": "mallory", "LOGNAME": "mallory", "SUDO_USER": "anna"}.items():
        monkeypatch.setenv(name, value)
    with acting(state, "scale"):
        pass
    (entry,) = entries(state)
    assert (entry["uid"], entry["user"]) == (os.getuid(), pwd.getpwuid(os.getuid()).pw_name)
    assert entry["claimed"]["SUDO_USER"] == "anna"
    assert entry["claimed"]["USER"] == entry["claimed"]["LOGNAME"] == "mallory"


def test_files_are_named_by_their_whole_path(
    cli: OwnStack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own.yaml").write_text("kind: Nothing\n")
    cli.run("run", "-f", "data.json", check=False)
    cli.run("chaos", "run", "own.yaml", "--yes", check=False)
    cli.run("--read-only", "torture", "--state", "there", check=False)
    cli.run("--read-only", "lab", "load-image", "one.tar", check=False)
    cli.run("--read-only", "up", "--scenario", "bands", check=False)
    load, chaos, torture, image, up = entries(cli.state)
    assert f"-f {tmp_path}/data.json" in load["command"]
    assert chaos["what"] == f"{tmp_path}/own.yaml"
    assert torture["state"] == f"{tmp_path}/there"
    assert image["files"] == [f"{tmp_path}/one.tar"]
    assert up["result"] == "refused"
