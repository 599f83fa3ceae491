"""Installs are whole or not there; a bad machine is told in one sentence."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from pathlib import Path

import pytest

from host.doctor import Check
from host.errors import StackError
from host.install import commands
from host.install.parts import install, part_of
from host.install.wheels import wheel_folder
from host.paths import engine_cache, private_dir, socket_path, stack_socket, write_private
from host.ports import Ports, is_free, owns
from stack.doctor import examine, first_fault
from stack.engines.kafka.java import found_java, java_candidates, usable_java
from stack.engines.mongo.programs import (
    PYTHON,
    PYTHON_SERVER,
    RUST,
    RUST_SERVER,
    build_rust,
    chosen_store,
)
from stack.engines.redis import Redis
from stack.engines.registry import engines_for
from wire.kafka import brokers_of


async def test_what_a_killed_install_left_is_removed_and_the_install_made_anew(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "engines" / "thing-1"
    part_of(folder).mkdir(parents=True)
    (part_of(folder) / "old").write_text("half")

    async def make(part: Path) -> None:
        (part / "new").write_text("whole")

    lines: list[str] = []
    await install(folder, "thing", make, lines.append)
    assert [path.name for path in folder.iterdir()] == ["new"]
    assert not part_of(folder).exists()
    assert lines[-1].startswith("thing: installed")


@pytest.mark.engines
async def test_a_failed_install_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "thing-1"

    async def make(part: Path) -> None:
        (part / "half").write_text("")
        await commands.run("Fetching it", ["false"], part, "Look at the network.")

    with pytest.raises(StackError, match="Fetching it failed"):
        await install(folder, "thing", make, print)
    assert not folder.exists()
    assert not part_of(folder).exists()


async def test_two_installers_at_once_make_one_install(tmp_path: Path) -> None:
    made: list[Path] = []
    waiting = asyncio.Event()

    def progress(line: str) -> None:
        if "another installer" in line:
            waiting.set()

    async def make(part: Path) -> None:
        made.append(part)
        await asyncio.wait_for(waiting.wait(), 10)

    folder = tmp_path / "thing-1"
    await asyncio.gather(*(install(folder, "thing", make, progress) for _ in range(2)))
    assert len(made) == 1


@pytest.mark.engines
async def test_a_failing_command_says_its_own_reason(tmp_path: Path) -> None:
    argv = ["sh", "-c", "echo fine; echo 'ERROR: no such release' >&2; exit 3"]
    with pytest.raises(StackError, match="Building failed: ERROR: no such release") as caught:
        await commands.run("Building", argv, tmp_path, "Look there.")
    assert caught.value.fix == "Look there."


def _java(folder: Path, version: str) -> Path:
    program = folder / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\necho 'openjdk version \"{version}\"' >&2\n")
    program.chmod(0o755)
    return folder


@pytest.mark.engines
async def test_a_java_that_is_too_old_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "old", "1.8.0_402")))
    monkeypatch.setenv("PATH", str(_java(tmp_path / "older", "11.0.2") / "bin"))
    assert len(java_candidates()) == 2
    assert await usable_java() is None
    checks = await _by_name(tmp_path / "state")
    assert "older than 17" in checks["java"].message
    monkeypatch.setenv("JAVA_HOME", str(_java(tmp_path / "new", "21.0.1")))
    found = await found_java(print)
    assert (found.major, found.program) == (21, tmp_path / "new" / "bin" / "java")


async def test_a_missing_server_is_named_with_its_package(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(StackError, match="redis-server is not on this machine") as caught:
        await Redis(tmp_path / "state", Ports(tmp_path / "state")).prepare(print)
    assert "Install the package redis-server" in caught.value.fix
    checks = await _by_name(tmp_path / "state")
    assert not checks["redis"].ok
    assert not checks["haproxy"].ok
    fault = first_fault(list(checks.values()))
    assert fault is not None
    assert fault.fix


@pytest.mark.engines
async def test_only_a_store_that_is_not_built_yet_needs_a_compiler(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", str(tmp_path))
    monkeypatch.setenv("PATH", "/var/empty")
    with pytest.raises(StackError, match=r"needs cargo 1\.95 or later, cmake, ninja, cc"):
        await build_rust(print)
    program = engine_cache("secantus-rs", RUST) / "bin" / "secantusd-rs"
    program.parent.mkdir(parents=True)
    program.touch(mode=0o755)
    await build_rust(print)


@pytest.mark.engines
async def test_documents_are_never_opened_by_another_kind_of_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", str(tmp_path / "empty-cache"))
    (tmp_path / "server").write_text(RUST_SERVER + "\n")
    with pytest.raises(StackError, match=f"stored by {RUST_SERVER}"):
        await chosen_store(tmp_path, print)
    assert (tmp_path / "server").read_text().strip() == RUST_SERVER
    folder = tmp_path / "state" / "engines" / "mongo"
    folder.mkdir(parents=True)
    (folder / "server").write_text(RUST_SERVER + "\n")
    checks = await _by_name(tmp_path / "state")
    assert not checks["document store"].ok
    (folder / "server").write_text(PYTHON_SERVER + "\n")
    checks = await _by_name(tmp_path / "state")
    assert PYTHON_SERVER in checks["document store"].message


@pytest.mark.engines
async def test_a_store_that_is_asked_for_is_taken_or_said_to_be_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr("stack.engines.mongo.programs.usable_mongod", _nothing)
    rust = private_dir(engine_cache("secantus-rs", RUST) / "bin") / "secantusd-rs"
    rust.touch(mode=0o755)
    assert (await chosen_store(private_dir(tmp_path / "a"), print)).kind == RUST_SERVER
    monkeypatch.setenv("CONTROLROOM_DOCUMENT_STORE", "python")
    wheel_folder("secantus-py", PYTHON).mkdir()
    assert (await chosen_store(private_dir(tmp_path / "b"), print)).kind == PYTHON_SERVER
    assert (await chosen_store(tmp_path / "a", print)).kind == RUST_SERVER, "the request comes late"
    rust.unlink()
    monkeypatch.setenv("CONTROLROOM_DOCUMENT_STORE", "rust")
    with pytest.raises(StackError, match=f"asks for {RUST_SERVER}, which is not here"):
        await chosen_store(tmp_path / "c", print)
    for word, said in (("rust", RUST_SERVER), ("oracle", "'oracle'")):
        found = await examine(tmp_path / "state", {"CONTROLROOM_DOCUMENT_STORE": word})
        assert any(said in check.message and check.fix for check in found if not check.ok)


def test_a_file_in_place_of_the_state_folder_is_told(tmp_path: Path) -> None:
    blocked = tmp_path / "state"
    blocked.write_text("")
    with pytest.raises(StackError, match="a file stands where a folder is needed"):
        private_dir(blocked / "engines")


def test_a_disk_without_room_is_told() -> None:
    with pytest.raises(StackError, match="No space is left"):
        raise _on_full_disk()


def _on_full_disk() -> StackError:
    # /dev/full answers each write as a full disk does.
    try:
        with open("/dev/full", "w") as file:
            file.write("x")
    except OSError as error:
        from host.paths import explained

        return explained(error, Path("/dev/full"))
    raise AssertionError("/dev/full took a byte")


def test_a_socket_path_that_is_too_long_is_told_before_it_is_used(tmp_path: Path) -> None:
    assert socket_path(tmp_path / "s") == tmp_path / "s"
    with pytest.raises(StackError, match="a unix socket may have") as caught:
        stack_socket(Path("/tmp") / ("x" * 120))
    assert "CONTROLROOM_STATE_DIR" in caught.value.fix


def test_a_private_file_is_replaced_whole(tmp_path: Path) -> None:
    file = tmp_path / "secret"
    write_private(file, "one")
    write_private(file, "two")
    assert file.read_text() == "two"
    assert list(tmp_path.iterdir()) == [file]


def test_a_private_file_is_on_the_disk_before_it_has_its_name_and_its_name_is_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    sync, rename = os.fsync, os.replace

    def synced(handle: int) -> None:
        sync(handle)
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "file")

    def renamed(old: str, new: str) -> None:
        rename(old, new)
        done.append("name")

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(os, "replace", renamed)
    write_private(tmp_path / "secret", "one")
    assert done == ["file", "name", "folder"]
    done.clear()
    write_private(tmp_path / "view", "one", lasting=False)
    assert done == ["name"]


def test_ports_are_kept_while_they_are_free_and_never_given_twice(tmp_path: Path) -> None:
    ports = Ports(tmp_path)
    first, second = ports.choose("a"), ports.choose("b")
    assert first != second
    assert Ports(tmp_path).choose("a") == first
    (tmp_path / "ports.json").write_text("{ damaged")
    assert is_free(Ports(tmp_path).choose("a"))


@pytest.mark.engines
async def test_doctor_says_who_holds_a_port(tmp_path: Path) -> None:
    server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    (tmp_path / "ports.json").write_text(json.dumps({"redis": port}))
    checks = await _by_name(tmp_path)
    server.close()
    assert not checks["ports"].ok
    assert f"redis's port {port}" in checks["ports"].message
    assert f"pid {_own_pid()}" in checks["ports"].message
    assert owns(_own_pid(), port) is False


def _own_pid() -> int:
    import os

    return os.getpid()


@pytest.mark.engines
async def test_doctor_sees_a_dead_socket_a_half_install_and_a_file_in_the_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import socket

    state, cache = tmp_path / "state", tmp_path / "cache"
    (cache / "engines" / "kafka-1.part").mkdir(parents=True)
    monkeypatch.setenv("CONTROLROOM_CACHE_DIR", str(cache))
    state.mkdir()
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(stack_socket(state)))
        dead.listen()
        checks = await _by_name(state)
        assert checks["stack"].message == f"Up (pid {_own_pid()})."
    checks = await _by_name(state)
    assert not checks["stack"].ok
    assert "kafka-1.part" in checks["installs"].message
    blocked = tmp_path / "file"
    blocked.write_text("")
    checks = await _by_name(blocked / "state")
    assert not checks["state folder"].ok
    assert all(check.fix for check in checks.values() if not check.ok)


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("CONTROLROOM_KAFKA", "broker"),
        ("CONTROLROOM_KAFKA", "redis://broker:9092"),
        ("CONTROLROOM_REDIS_URL", "localhost:6379"),
        ("CONTROLROOM_MONGO_URL", "http://x"),
        ("CONTROLROOM_PROMETHEUS_URL", "prometheus:9090"),
    ],
)
def test_a_given_address_of_a_wrong_form_is_named(
    tmp_path: Path, variable: str, value: str
) -> None:
    with pytest.raises(StackError, match=variable) as caught:
        engines_for(tmp_path, {variable: value})
    assert caught.value.fix


def test_a_given_address_is_taken_without_its_secret(tmp_path: Path) -> None:
    given = {
        "CONTROLROOM_REDIS_URL": "redis://:p%40ss@db.example:6379/0",
        "CONTROLROOM_KAFKA": "kafkas://me:s3cret@a:9092,b:9092?mechanism=SCRAM-SHA-512",
        "CONTROLROOM_PROMETHEUS_URL": "https://me:s3cret@p.example:9090/",
        "CONTROLROOM_MONGO_URL": "mongodb://me:s3cret@a:27017,b:27017/?replicaSet=rs",
    }
    engines = engines_for(tmp_path, given)
    assert (engines["redis"].address(), engines["redis"].secret()) == (
        "redis://db.example:6379/0",
        "p@ss",
    )
    assert engines["redis"].spec() is None
    assert engines["mongo"].address() == "mongodb://a:27017,b:27017/?replicaSet=rs"
    assert (engines["mongo"].username, engines["mongo"].secret()) == ("me", "s3cret")
    assert (engines["kafka"].address(), engines["kafka"].secret()) == ("a:9092,b:9092", "s3cret")
    assert brokers_of(engines["kafka"].url()).protocol == "SASL_SSL"
    assert engines["prometheus"].address() == "https://p.example:9090"
    assert (engines["prometheus"].username, engines["prometheus"].secret()) == ("me", "s3cret")


async def _nothing() -> None:
    return None


async def _by_name(state: Path) -> dict[str, Check]:
    return {check.name: check for check in await examine(state, {})}
