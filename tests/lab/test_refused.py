"""What is said where a lab cannot be, or is not there."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from lab.claims import claim_folder, claim_number
from lab.doctor import examine
from lab.plan import NUMBERS
from tests.own_lab import OwnLab

NOBODY = 65534


@pytest.mark.parametrize("words", [("status",), ("kubeconfig",), ("link", "status")])
def test_without_a_lab_the_way_to_one_is_named(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = OwnLab(tmp_path / "state").lab(*words, check=False)
    assert said.code == 3
    assert "controlroom lab up" in said.err


def test_down_without_a_lab_is_no_fault_and_makes_nothing(tmp_path: Path) -> None:
    own = OwnLab(tmp_path / "state")
    assert own.lab("down", "--json").json() == {"was_up": False}
    assert not (own.state / "lab").exists()


@pytest.mark.parametrize("words", [("link",), ("restart", "kubelet"), ("load-image",), ("fly",)])
def test_half_a_command_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    said = OwnLab(tmp_path / "state").lab(*words, check=False)
    assert said.code == 2
    assert "Traceback" not in said.err


@pytest.mark.skipif(os.geteuid() != 0, reason="another user can only be played by root")
async def test_a_plain_user_reads_that_root_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", "/var/tmp/nobody")
    os.seteuid(NOBODY)
    try:
        checks = {one.name: one for one in await examine(Path("/var/tmp/nobody/lab"))}
    finally:
        os.seteuid(0)
    assert not checks["root"].ok
    assert "sudo" in checks["root"].fix


async def test_missing_programs_are_named_by_their_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr("stack.install.commands.SBIN", ())
    checks = {one.name: one for one in await examine(tmp_path)}
    assert not checks["programs"].ok
    for package in ("containerd", "runc", "nftables", "openssl"):
        assert package in checks["programs"].fix


async def test_every_fault_comes_with_a_fix(tmp_path: Path) -> None:
    checks = await examine(tmp_path, "10.0.0.0/9")
    faults = [one for one in checks if not one.ok]
    assert "networks" in {one.name for one in faults}
    assert [one.name for one in faults if not one.fix] == []


def test_a_claim_is_had_once_and_free_after_its_holder(tmp_path: Path) -> None:
    first = claim_folder(tmp_path)
    assert first is not None
    assert claim_folder(tmp_path) is None
    first.close()
    again = claim_folder(tmp_path)
    assert again is not None
    again.close()


def test_numbers_are_claimed_one_by_one() -> None:
    number = NUMBERS[-1]
    with claim_number(number) or pytest.skip("somebody has the last number"):
        assert claim_number(number) is None
