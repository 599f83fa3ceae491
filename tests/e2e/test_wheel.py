"""The wheel, installed alone: one name in site-packages, all data inside, and the main job."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
import tomllib
import zipfile
from dataclasses import dataclass
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from host.version import VERSION
from images.recipes import ROOM
from tests.conftest import ROOT
from tests.own_stack import PYTHON, OwnStack
from tests.waiting import until

TOOLS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
BESIDE = tuple(sorted(TOOLS["setuptools"]["package-dir"].values()))
"""Folders of the repository that a wheel has inside `controlroom`."""

pytestmark = pytest.mark.processes


@dataclass(frozen=True)
class Installed:
    """A wheel in an environment of its own."""

    wheel: Path
    names: frozenset[str]
    """What installing it alone put into site-packages."""
    environment: Path

    @property
    def program(self) -> str:
        """The command that it installed."""
        return str(self.environment / "bin" / "controlroom")

    @property
    def packages(self) -> Path:
        """Its site-packages."""
        return next(self.environment.glob("lib/python*/site-packages"))


def tracked(*folders: str) -> list[str]:
    """Files of the repository, also those that are not committed yet."""
    words = ("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in done.stdout.split("\0") if name and (ROOT / name).is_file()]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    """Built from a copy of the sources; the libraries are those that run these tests."""
    place = tmp_path_factory.mktemp("wheel")
    sources, environment = place / "sources", place / "environment"
    for name in tracked():
        (sources / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, sources / name)
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    alone = ("--quiet", "--no-deps", "--no-index")
    build = ("wheel", *alone, "--no-build-isolation", "--wheel-dir", str(place), str(sources))
    subprocess.run([*pip, *build], check=True, timeout=120)
    (wheel,) = place.glob("*.whl")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(environment)], check=True)
    into = ("--python", str(environment / "bin" / "python"))
    subprocess.run([*pip, *into, "install", *alone, str(wheel)], check=True, timeout=120)
    packages = next(environment.glob("lib/python*/site-packages"))
    made = Installed(wheel, frozenset(each.name for each in packages.iterdir()), environment)
    libraries = Path(pytest.__file__).resolve().parent.parent
    # a folder that is named so brings no editable install of its own along
    (packages / "libraries.pth").write_text(f"{libraries}\n")
    return made


def test_it_has_one_name_and_no_other(installed: Installed) -> None:
    assert installed.names == {"controlroom", f"controlroom-{VERSION}.dist-info"}
    (page,) = installed.environment.glob("share/man/man1/*")
    assert page.read_bytes() == (ROOT / "docs" / "controlroom.1").read_bytes()


def test_it_holds_every_file_of_the_product(installed: Installed) -> None:
    assert {*TOOLS["importlinter"]["root_packages"], "chaos", "k8s"} <= {"controlroom", *BESIDE}
    with zipfile.ZipFile(installed.wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    wanted = {f"controlroom/_project/{name}" for name in tracked(*BESIDE)}
    wanted |= set(tracked("controlroom"))
    assert held - wanted == {f"controlroom-{VERSION}.data/data/share/man/man1/controlroom.1"}
    assert wanted - held == set()


def test_it_imports_nothing_that_it_does_not_ask_for() -> None:
    locked = (ROOT / "requirements" / "runtime.txt").read_text()
    asked = {line.partition("==")[0] for line in locked.splitlines() if "==" in line}
    given = packages_distributions()
    own = {*BESIDE, "controlroom", *sys.stdlib_module_names}
    lacking = {
        f"{file}: {module}"
        for file in tracked("controlroom", *BESIDE)
        if file.endswith(".py") and file != "proto/generate.py"
        for module in imported(ROOT / file) - own
        if not asked & {name.lower().replace("_", "-") for name in given.get(module, ())}
    }
    assert lacking == set()


def imported(file: Path) -> set[str]:
    """Top-level modules that a file imports, wherever in it."""
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            found.add(node.module.partition(".")[0])
    return found


def closed(books: dict[str, int]) -> dict[str, int] | None:
    """The books, once all that was acknowledged is counted and stored."""
    return books if books["stored"] == books["counted"] == books["acknowledged"] else None


@pytest.mark.engines
@pytest.mark.timeout(600)
async def test_the_main_job_is_done_from_it(
    installed: Installed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.chdir(empty)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    # Python puts no folder by itself before the others then: nothing may rely on it
    monkeypatch.setenv("PYTHONSAFEPATH", "1")
    own = OwnStack(tmp_path / "state", PYTHON, (installed.program,))
    assert own.run("version").out == f"controlroom {VERSION}\n"
    assert {each["name"] for each in own.run("chaos", "list", "--json").json()} == {
        Path(name).stem for name in tracked("chaos")
    }
    assert own.run("--complete", "--scenario", "").out.split() == ["bands", "covid", "worldcup"]
    try:
        own.run("up", timeout=300)
        assert len(own.pids("consumer")) >= 1
        own.run("run", "-n", "200", "--timeout", "2m", timeout=180)
        books = await until(lambda: closed(own.books()), "the books close", 120, every=1.0)
        assert books["acknowledged"] == books["stored"] == books["counted"] == 200
        assert (books["lost"], books["doubled"]) == (0, 0)
    finally:
        own.run("down", timeout=120)
    assert [each.name for each in empty.iterdir()] == []


def test_images_made_from_it_hold_what_those_of_a_clone_hold(
    installed: Installed, tmp_path: Path
) -> None:
    code = (
        "import controlroom, sys, pathlib\n"
        "from images import python, recipes, root\n"
        "python.code(root.Root(pathlib.Path(sys.argv[1])), recipes.ROOM)"
    )
    words = (
        str(installed.environment / "bin" / "python"),
        "-E",
        "-c",
        code,
        str(tmp_path / "root"),
    )
    subprocess.run(words, check=True, cwd=tmp_path, timeout=120)
    app = tmp_path / "root" / "app"
    held = {str(path.relative_to(app)) for path in app.rglob("*") if path.is_file()}
    assert {name for name in held if not name.endswith(".pyc")} == set(tracked(*ROOM))
