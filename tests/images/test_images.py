"""Images: the same bytes twice, closed, and able to run what the manifests start in them."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import tarfile
from pathlib import Path
from typing import Any

import pytest

from images.making import Made, make
from images.recipes import APP_ENVIRONMENT, RECIPES, USER
from stack.config import PROJECT
from tests.manifests.test_base import containers

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="chroot needs root")


def quiet(line: str) -> None:
    """Nobody reads the progress of a test."""


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
                tar.extractall(folder, filter="fully_trusted")
        config = json.load(archive.extractfile(head["Config"]) or pytest.fail("no configuration"))
    found: dict[str, Any] = config["config"]
    return found


@pytest.mark.timeout(600)
def test_made_twice_it_has_the_same_digest(services: Made, tmp_path: Path) -> None:
    again = made("services", tmp_path)
    assert again.digest == services.digest
    assert again.file.read_bytes() == services.file.read_bytes()


@as_root
@pytest.mark.timeout(600)
def test_every_program_of_the_manifests_can_start_in_it(services: Made, tmp_path: Path) -> None:
    config = unpacked(services, tmp_path)
    assert config["User"] == f"{USER}:{USER}"
    modules = {container["command"][2] for _, container in containers()}
    command = ["chroot", "--userspec", config["User"], str(tmp_path), "/opt/python/bin/python"]
    done = subprocess.run(
        [*command, "-c", f"import ssl, sqlite3, {', '.join(sorted(modules))}; print('ok')"],
        env=dict(pair.split("=", 1) for pair in config["Env"]),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "ok\n", done.stderr


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


@pytest.mark.parametrize("name", ["services", "load", "room"])
def test_the_dockerfile_holds_the_same(name: str) -> None:
    last = (PROJECT / "images" / name / "Dockerfile").read_text().rpartition("FROM")[2]
    recipe = RECIPES[name]
    lines = last.splitlines()
    environment = dict(line[4:].split("=", 1) for line in lines if line.startswith("ENV "))
    # the base image has its own interpreter on its own path
    assert environment == {k: v for k, v in APP_ENVIRONMENT.items() if k != "PATH"}
    assert f"WORKDIR {recipe.folder}" in lines
    assert f"USER {USER}:{USER}" in lines
    entry = [json.loads(line[11:]) for line in lines if line.startswith("ENTRYPOINT ")]
    assert entry == ([list(recipe.entrypoint)] if recipe.entrypoint else [])
