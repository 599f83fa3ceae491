"""Images: the same bytes twice, closed, and able to run what the manifests start in them."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from controlroom.commands.catalogue import VERBS
from host.project import PROJECT
from host.version import VERSION
from images.making import Made, make
from images.python import APP, NOT_RUN, UNCALLED
from images.recipes import (
    APP_ENVIRONMENT,
    LOAD,
    LOAD_WHEELS,
    RECIPES,
    ROOM,
    ROOM_WHEELS,
    SERVICES,
    SERVICES_WHEELS,
    USER,
)
from tests.manifests.test_base import containers

pytestmark = pytest.mark.engines

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


def quiet(line: str) -> None:
    """Nobody reads the progress of a test."""


IMPORT_ALL = """
import ctypes, importlib, pathlib
for place in ("/app/lib", "/opt/python/lib"):
    for file in pathlib.Path(place).rglob("*.so"):
        words = file.relative_to(place).parts[:-1] + (file.name.partition(".")[0],)
        if "lib-dynload" in words:
            words = words[-1:]
        if words[0].isidentifier() and not words[0].endswith("libs"):
            try:
                importlib.import_module(".".join(words))
            except ModuleNotFoundError:
                pass
            except ImportError as error:
                # a library that is no module of Python's
                if "PyInit" not in str(error):
                    raise
                ctypes.CDLL(str(file))
print("ok")
"""
"""Stripped and copied apart from what they were built with, they must load all the same;
what wants a package that is not among the requirements is never used."""


@pytest.fixture(scope="module")
def services(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The image of the services, made once."""
    return made("services", tmp_path_factory.mktemp("first"))


def made(name: str, folder: Path) -> Made:
    """Makes one image in that folder."""
    (folder / "workshop").mkdir()
    (image,) = asyncio.run(make([name], folder, folder / "workshop", quiet))
    return image


def unpacked(image: Made, folder: Path) -> dict[str, Any]:
    """Puts the layers upon each other and answers the configuration."""
    folder.chmod(0o755)
    with tarfile.open(image.file) as archive:
        (head,) = json.load(archive.extractfile("manifest.json") or pytest.fail("no manifest"))
        for layer in head["Layers"]:
            with tarfile.open(fileobj=archive.extractfile(layer)) as tar:
                # as an attribute, because the argument is younger than Python 3.11.2
                tar.extraction_filter = lambda member, _: member
                tar.extractall(folder)
        config = json.load(archive.extractfile(head["Config"]) or pytest.fail("no configuration"))
    found: dict[str, Any] = config["config"]
    return found


@pytest.mark.timeout(600)
def test_made_twice_it_has_the_same_digest(services: Made, tmp_path: Path) -> None:
    again = made("services", tmp_path)
    assert again.digest == services.digest
    assert again.file.read_bytes() == services.file.read_bytes()


def inside(folder: Path, config: dict[str, Any], *words: str) -> str:
    """What the image's interpreter prints when it is started as the image's user."""
    command = ["chroot", "--userspec", config["User"], str(folder), "/opt/python/bin/python"]
    done = subprocess.run(
        [*command, *words],
        env=dict(pair.split("=", 1) for pair in config["Env"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@as_root
@pytest.mark.timeout(600)
def test_every_program_of_the_manifests_can_start_in_it(services: Made, tmp_path: Path) -> None:
    config = unpacked(services, tmp_path)
    assert config["User"] == f"{USER}:{USER}"
    modules = ", ".join(sorted({container["command"][2] for _, container in containers()}))
    code = f"import ssl, sqlite3, {modules}; print('ok')"
    assert inside(tmp_path, config, "-c", code) == "ok\n"
    assert inside(tmp_path, config, "-c", IMPORT_ALL) == "ok\n"


@as_root
@pytest.mark.clusters
@pytest.mark.timeout(600)
def test_the_room_can_start_in_its_image_which_has_the_same_digest_twice(tmp_path: Path) -> None:
    folders = [tmp_path / name for name in ("first", "second", "root")]
    for folder in folders:
        folder.mkdir()
    first, second = made("room", folders[0]), made("room", folders[1])
    assert first.digest == second.digest
    config = unpacked(first, folders[2])
    assert config["User"] == f"{USER}:{USER}"
    assert config["Entrypoint"][0] == "/usr/sbin/sshd"
    assert inside(folders[2], config, "-c", IMPORT_ALL) == "ok\n"
    code = "import locust.main, controlroom.app, controlroom.targets.kubernetes.target; print('ok')"
    assert inside(folders[2], config, "-c", code) == "ok\n"
    assert VERSION in inside(folders[2], config, "-m", "controlroom", "--version")
    told = json.loads(inside(folders[2], config, "-m", "controlroom", "info", "--json"))
    assert {"controlroom", "textual", "kubernetes"} <= set(told["versions"])
    for verb in VERBS:
        assert verb.name in inside(folders[2], config, "-m", "controlroom", verb.name, "--help")


@as_root
@pytest.mark.timeout(600)
def test_the_load_process_can_start_in_its_image(tmp_path: Path) -> None:
    config = unpacked(made("load", tmp_path), tmp_path)
    command = ["chroot", "--userspec", config["User"], str(tmp_path), "/opt/python/bin/python"]
    done = subprocess.run(
        [*command, "-m", "controlroom.runs.swarm", "master", "/nowhere", "1", "0"],
        env=dict(pair.split("=", 1) for pair in config["Env"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert "FileNotFoundError: [Errno 2] No such file or directory: '/nowhere" in done.stderr


@pytest.mark.parametrize(
    ("name", "wheels", "code"),
    [
        ("services", SERVICES_WHEELS, SERVICES),
        ("load", LOAD_WHEELS, LOAD),
        ("room", ROOM_WHEELS, ROOM),
    ],
)
def test_the_dockerfile_holds_the_same(name: str, wheels: str, code: tuple[str, ...]) -> None:
    first, _, last = (PROJECT / "images" / name / "Dockerfile").read_text().rpartition("FROM")
    copies = [tuple(line.split()[1:]) for line in first.splitlines() if line.startswith("COPY ")]
    packages = [(package, f"/{APP}/{package}") for package in code]
    assert copies == [(f"requirements/{wheels}.txt", "/requirements.txt"), *packages]
    dropped = re.findall(r"-name '?([^ ']+)", first)
    assert dropped == list(NOT_RUN)
    shipped = (PROJECT / ".dockerignore").read_text().splitlines()
    assert {f"!{copied.partition('/')[0]}" for copied, _ in copies} <= set(shipped)
    left_out = [pattern for pattern in UNCALLED if f"/{pattern}" in first.split()]
    assert left_out == (list(UNCALLED) if name == "room" else [])
    recipe = RECIPES[name]
    lines = last.splitlines()
    environment = dict(line[4:].split("=", 1) for line in lines if line.startswith("ENV "))
    # the base image has its own interpreter on its own path
    assert environment == {k: v for k, v in APP_ENVIRONMENT.items() if k != "PATH"}
    assert f"COPY --from=wheels /{APP} /{APP}" in lines
    assert f"WORKDIR {recipe.folder}" in lines
    assert f"USER {USER}:{USER}" in lines
    entry = [json.loads(line[11:]) for line in lines if line.startswith("ENTRYPOINT ")]
    assert entry == ([list(recipe.entrypoint)] if recipe.entrypoint else [])
