"""Rooms announce themselves: when a file is written, which are seen, what of the audit is told."""

from __future__ import annotations

import json
import os
import pwd
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from controlroom.commands import rooms as words
from controlroom.runs import rooms
from controlroom.runs.audit import acting, audit_file
from controlroom.runs.rooms import Announced, folder_of, rooms_of
from host.liveness import Proof, proof_of

HERE = "local stack"
ME = pwd.getpwuid(os.getuid()).pw_name


@pytest.fixture(autouse=True)
def nobody_claims(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*rooms._PERSONS, "SSH_CLIENT"):
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def other() -> Iterator[Proof]:
    """Another process of ours."""
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as process:
        proof = proof_of(process.pid)
        assert proof is not None
        yield proof
        process.communicate(b"\n")


def announce(state: Path, proof: Proof, **facts: object) -> Path:
    """The file of a room in that process."""
    told = {
        "pid": proof.pid, "started": proof.started, "since": time.time(), "claimed": {},
        "from": "", "targets": [HERE], "shown": HERE, "place": "log", "read_only": False,
    }  # fmt: skip
    path = folder_of(state) / f"{rooms._node()}.{proof.pid}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**told, **facts}))
    return path


def test_a_file_is_written_when_what_it_says_changes_and_seldom(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    room = Announced(tmp_path, (HERE,))
    room.turn("", "tallies")
    (path,) = folder_of(tmp_path).iterdir()
    first = path.stat().st_mtime_ns
    room.turn("", "tallies")
    room.turn("", "log")
    assert path.stat().st_mtime_ns == first, "the same, or too soon"
    monkeypatch.setattr(rooms, "EVERY", 0.0)
    room.turn("", "log")
    assert json.loads(path.read_text())["place"] == "log"
    second = path.stat().st_mtime_ns
    room.turn("", "log")
    assert path.stat().st_mtime_ns == second != first
    path.unlink()
    room.turn("", "log")
    assert path.exists(), "one that somebody removed comes back"
    room.close()
    assert not path.exists()


@pytest.mark.processes
def test_only_living_rooms_on_the_same_targets_are_seen(tmp_path: Path, other: Proof) -> None:
    announce(tmp_path, other, claimed={"SUDO_USER": "ana", "USER": ME}, since=5.0)
    (seen,) = Announced(tmp_path, (HERE, "lab-a")).turn(HERE, "log").rooms
    assert (seen.proof, str(seen.person), seen.person.short) == (other, f"{ME} (says ana)", "ana?")
    assert Announced(tmp_path, ("lab-a",)).turn("", "log").rooms == ()
    path = announce(tmp_path, Proof(other.pid, other.started - 60))
    assert rooms_of(tmp_path, (HERE,)) == ()
    assert not path.exists(), "another process has this number now"


@pytest.mark.processes
@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"started": "x"}', '{"started": 1, "claimed": 3}', "9" * 9000]
)
def test_nonsense_is_no_room_and_stops_nothing(tmp_path: Path, other: Proof, text: str) -> None:
    announce(tmp_path, other).write_text(text)
    assert Announced(tmp_path, (HERE,)).turn("", "log").rooms == ()


def test_files_of_other_machines_stay_for_a_day(tmp_path: Path) -> None:
    folder_of(tmp_path).mkdir()
    new, old = (folder_of(tmp_path) / f"{name}.1.json" for name in ("newer", "older"))
    for path in (new, old):
        path.write_text("{}")
    long_ago = time.time() - rooms.FOREIGN - 1
    os.utime(old, (long_ago, long_ago))
    assert rooms_of(tmp_path, (HERE,)) == ()
    assert (new.exists(), old.exists()) == (True, False)


def test_a_folder_that_cannot_be_made_stops_nothing(tmp_path: Path) -> None:
    folder_of(tmp_path).write_text("a file")
    room = Announced(tmp_path, (HERE,))
    assert room.turn("", "log").rooms == ()
    room.close()


@pytest.mark.processes
def test_what_others_did_since_is_fresh_once(tmp_path: Path, other: Proof) -> None:
    announce(tmp_path, other, since=0.0)
    act(tmp_path, other.pid, "chaos", what="pod-kill-consumer")
    room = Announced(tmp_path, (HERE,))
    (seen,), fresh = (around := room.turn("", "log")).rooms, around.fresh
    assert fresh == (), "what was done before it was opened is no news"
    assert seen.last is not None
    assert words.told(seen.last) == "chaos run pod-kill-consumer"
    with acting(tmp_path, "load"):
        act(tmp_path, other.pid, "stop all")
        act(tmp_path, other.pid, "scale", context="lab-b", deployment="consumer")
    around = room.turn("", "log")
    assert [words.told(entry) for entry in around.fresh] == ["chaos stop --all"]
    assert room.turn("", "log").fresh == ()
    assert [entry.action for entry in room.entries] == ["chaos", "stop all", "load"]
    told = words.as_data(words.of_target(tmp_path, HERE))
    assert [(one["pid"], one["last"]["did"]) for one in told if one["last"]] == [
        (other.pid, "chaos stop --all"),
        (os.getpid(), "run"),
    ]


def test_a_line_that_is_half_written_is_read_when_it_is_whole(tmp_path: Path) -> None:
    act(tmp_path, 1, "load")
    room = Announced(tmp_path, (HERE,))
    room.turn("", "log")
    act(tmp_path, 2, "stop all")
    whole = audit_file(tmp_path).read_bytes()
    audit_file(tmp_path).write_bytes(whole[:-20])
    assert room.turn("", "log").fresh == ()
    audit_file(tmp_path).write_bytes(whole)
    assert [entry.pid for entry in room.turn("", "log").fresh] == [2]


@pytest.mark.parametrize(
    ("action", "facts", "result", "said", "news"),
    [
        ("chaos", {"what": "/x/y/pod-kill-kafka.yaml"}, "done", "chaos run pod-kill-kafka", True),
        ("scale", {"deployment": "consumer"}, "failed", "scale consumer: failed", True),
        ("stop all", {"what": "all"}, "refused", "chaos stop --all: refused", False),
        ("up", {}, "done", "up", False),
        ("visit", {}, "done", "visit", False),
    ],
)
def test_how_an_act_is_told(
    tmp_path: Path, action: str, facts: dict[str, str], result: str, said: str, news: bool
) -> None:
    act(tmp_path, 1, action, result=result, **facts)
    room = Announced(tmp_path, (HERE,))
    room.turn("", "log")
    (entry,) = room.entries
    assert (words.told(entry), words.is_news(entry)) == (said, news)


def act(state: Path, pid: int, action: str, context: str = HERE, **facts: str) -> None:
    """A line of the audit, as another process writes it."""
    line = {"at": time.time(), "pid": pid, "uid": 0, "user": ME, "claimed": {}, "context": context}
    line |= {"action": action, "result": "done", **facts}
    with audit_file(state).open("a") as file:
        file.write(json.dumps(line) + "\n")
