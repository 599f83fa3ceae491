"""The layers of Python: interpreter with standard library, locked wheels, code of this checkout."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from host.errors import StackError
from host.install.parts import install
from host.install.progress import Progress
from host.paths import engine_cache
from host.project import PROJECT
from images.root import Root

HOME = "opt/python"
APP = "app"
LIBRARIES = "app/lib"
UNUSED = (
    "test",
    "tests",
    "idlelib",
    "tkinter",
    "turtledemo",
    "lib2to3",
    "ensurepip",
    "pydoc_data",
    "site-packages",
    "dist-packages",
    "config-*",
    "_test*.so",
    "_ctypes_test*.so",
    "_tkinter*.so",
    # terminals of C, and the libraries that they bring
    "_curses*.so",
    "readline*.so",
    "nis*.so",
    "_gdbm*.so",
    "_dbm*.so",
    "ossaudiodev*.so",
)
"""Parts of the standard library that no container runs."""
NOT_RUN = ("bin", "tests", "*.pyi", "*.pyx", "*.pxd", "*.h", "*.c", "RECORD", "REQUESTED")
"""Files of wheels that are for people and compilers. RECORD would list what is not there."""

UNCALLED = tuple(
    f"{LIBRARIES}/kubernetes/{client}/{files}"
    for client in ("client", "aio/client")
    for files in ("api/*_api.py", "models/[a-z]*.py")
)
"""Generated classes of the Kubernetes client, imported one by one at first use: the room takes
only the reading of kubeconfigs from it."""


def interpreter(root: Root) -> None:
    """This machine's interpreter, under /opt/python whatever its home is here."""
    root.program(Path(sys.executable).resolve(), f"{HOME}/bin/python")
    library = Path(sysconfig.get_path("stdlib"))
    root.tree(library, f"{HOME}/lib/{library.name}", UNUSED)
    root.libraries(list(root.objects()))
    root.strip()
    compile_all(root, HOME)


async def wheels(root: Root, requirements: str, progress: Progress) -> None:
    """The packages of requirements/NAME.txt, each checked by its hash; fetched once."""
    file = PROJECT / "requirements" / f"{requirements}.txt"
    known = hashlib.sha256(sys.version.encode() + file.read_bytes()).hexdigest()[:12]
    folder = engine_cache(f"wheels-{requirements}", known)

    async def fetch(part: Path) -> None:
        progress(f"fetching the packages of requirements/{file.name}")
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        options = ["--no-deps", "--no-compile", "--require-hashes", "--only-binary", ":all:"]
        _run([*pip, *options, "--target", str(part), "-r", str(file)])

    await install(folder, f"the packages of {file.name}", fetch, progress)
    root.tree(folder, LIBRARIES, NOT_RUN)
    root.drop(*UNCALLED)
    root.libraries(list(root.objects()))
    root.strip()
    compile_all(root, LIBRARIES)


def code(root: Root, packages: Sequence[str]) -> None:
    """Packages and folders of this checkout, under /app."""
    for package in packages:
        root.tree(PROJECT / package, f"{APP}/{package}")
    compile_all(root, APP)


def compile_all(root: Root, name: str) -> None:
    """Byte code beside the sources: the containers may not write it, and start sooner with it.

    It is valid without a look at the source, whose time a layer does not keep.
    """
    options = ["-q", "--invalidation-mode", "unchecked-hash", "-s", str(root.folder), "-p", "/"]
    # Sets of constants are written in the order of their hashes.
    _run(
        [sys.executable, "-m", "compileall", *options, str(root.folder / name)], PYTHONHASHSEED="0"
    )


def _run(command: Sequence[str], **environment: str) -> None:
    done = subprocess.run(
        command,
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        last = "\n".join((done.stdout + done.stderr).strip().splitlines()[-5:])
        raise StackError(f"{' '.join(command[:4])} failed: {last}", "Check the network and pip.")
