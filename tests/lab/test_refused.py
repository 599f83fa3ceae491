"""What is said where a lab cannot be, or is not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from host.errors import StackError
from lab.client import LabClient
from lab.commands import started
from lab.doctor import examine
from lab.locks import lock_folder, lock_number
from lab.plan import LETTERS, NETWORK, NUMBERS
from lab.record import ClusterRecord, LabRecord, keep, path_in
from tests.own_lab import OwnLab

NOBODY = 65534
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be played by root")


@contextmanager
def as_nobody() -> Iterator[None]:
    """For the length of the block this is not root."""
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.processes
@pytest.mark.parametrize("words", [("status",), ("kubeconfig",), ("link", "status")])
def test_without_a_lab_the_way_to_one_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = OwnLab(tmp_path / "state").lab(*words, check=False)
    assert said.code == 3
    assert "controlroom lab up" in said.err


@pytest.mark.processes
def test_down_without_a_lab_is_no_fault_and_makes_nothing(tmp_path: Path) -> None:
    own = OwnLab(tmp_path / "state")
    assert own.lab("down", "--json").json() == {"was_up": False}
    assert not (own.state / "lab").exists()


@pytest.mark.processes
@pytest.mark.parametrize(
    "words", [("link",), ("restart", "kubelet"), ("link", "cut", "mend"), ("down", "b"), ("fly",)]
)
def test_half_a_command_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = OwnLab(tmp_path / "state").lab(*words, check=False)
    assert said.code == 2
    assert "Traceback" not in said.err


@pytest.mark.processes
def test_no_images_are_told_with_the_way_to_them(tmp_path: Path) -> None:
    own = OwnLab(tmp_path / "state")
    own.env["CONTROLROOM_CACHE_DIR"] = str(tmp_path / "cache")
    said = own.lab("load-image", check=False)
    assert said.code == 2
    assert f"There is no image in {tmp_path / 'cache' / 'images'}." in said.err
    assert "controlroom lab images" in said.err


@pytest.mark.processes
@as_root
async def test_a_plain_user_reads_that_root_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", "/var/tmp/nobody")
    with as_nobody():
        checks = {one.name: one for one in await examine(Path("/var/tmp/nobody/lab"))}
    assert not checks["root"].ok
    assert "sudo" in checks["root"].fix


@pytest.fixture
def roots_lab() -> Iterator[LabClient]:
    """What a user sees of a lab that he had sudo start: its record, with a daemon that lives."""
    daemon = os.getppid()
    since = started(daemon)
    assert since is not None
    clusters = tuple(ClusterRecord(letter, daemon) for letter in LETTERS)
    with tempfile.TemporaryDirectory(prefix="controlroom-lab-") as name:
        folder = Path(name)
        keep(folder, LabRecord(daemon, since, NUMBERS[-1], NETWORK, "", clusters, "ready"))
        for path in (folder, path_in(folder)):
            os.chown(path, NOBODY, NOBODY)
        yield LabClient(folder)


@as_root
@pytest.mark.parametrize(
    "words",
    [
        "down",
        "link cut",
        "link mend",
        "link status",
        "load-image a.tar",
        "restart etcd --cluster a",
    ],
)
async def test_what_only_root_may_do_names_the_whole_command(
    roots_lab: LabClient, words: str
) -> None:
    does: dict[str, Callable[[], Awaitable[object]]] = {
        "down": roots_lab.down,
        "link cut": roots_lab.cut,
        "link mend": roots_lab.mend,
        "link status": roots_lab.is_joined,
        "load-image a.tar": lambda: roots_lab.load_image(Path("a.tar"), LETTERS),
        "restart etcd --cluster a": lambda: roots_lab.restart("etcd", "a"),
    }
    with as_nobody(), pytest.raises(StackError) as caught:
        await does[words]()
    assert caught.value.kind == "refused"
    assert caught.value.fix.startswith('Run: sudo env HOME="$HOME" /')
    assert caught.value.fix.endswith(f"/controlroom lab {words}")


@as_root
async def test_a_plain_user_is_told_all_but_the_link(roots_lab: LabClient) -> None:
    with as_nobody():
        status = await roots_lab.status()
    assert status["phase"] == "ready"
    assert status["joined"] is None
    assert [one["context"] for one in status["clusters"]] == ["lab-a", "lab-b"]


@pytest.mark.processes
async def test_missing_programs_are_named_by_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    checks = {one.name: one for one in await examine(tmp_path)}
    assert not checks["programs"].ok
    for package in ("containerd", "runc", "nftables", "openssl"):
        assert package in checks["programs"].fix


@pytest.mark.processes
async def test_every_fault_comes_with_a_fix(tmp_path: Path) -> None:
    checks = await examine(tmp_path, "10.0.0.0/9")
    faults = [one for one in checks if not one.ok]
    assert "networks" in {one.name for one in faults}
    assert [one.name for one in faults if not one.fix] == []


def test_a_claim_is_had_once_and_free_after_its_holder(tmp_path: Path) -> None:
    first = lock_folder(tmp_path)
    assert first is not None
    assert lock_folder(tmp_path) is None
    first.close()
    again = lock_folder(tmp_path)
    assert again is not None
    again.close()


def test_numbers_are_claimed_one_by_one() -> None:
    number = NUMBERS[-1]
    with lock_number(number) or pytest.skip("somebody has the last number"):
        assert lock_number(number) is None
