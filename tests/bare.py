"""The PATH of the tests: what a bare Debian has, and what `bin/bootstrap` names. Nothing else.

`python -m tests.bare dev` (or `clusters`) prints it. A program that somebody installed by hand is
not on it, so a test that needs one fails here as it would on a machine that never had it.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PLACES = tuple(Path(place) for place in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"))
FOLDER = ROOT / ".venv" / "programs"
BASE = "apt"
"""Laid down by debootstrap beside what is essential or required."""


@dataclass(frozen=True)
class Package:
    """An installed package. `needs` has the alternatives of each dependency."""

    name: str
    basic: bool
    provides: tuple[str, ...]
    needs: tuple[tuple[str, ...], ...]


def main(kind: str) -> str:
    """The PATH for tests of this kind, as bin/bootstrap knows it."""
    if shutil.which("dpkg-query") is None:
        print("tests: no dpkg here, so they run with the PATH as it is", file=sys.stderr)
        return os.environ.get("PATH", os.defpath)
    return str(linked(programs(named(kind))))


def named(kind: str) -> list[str]:
    """The programs that bin/bootstrap names."""
    return _output(str(ROOT / "bin" / "bootstrap"), "programs", kind).split()


def programs(wanted: Iterable[str]) -> dict[str, Path]:
    """Each program of a bare Debian, of the packages that have the wanted ones, and of all that
    these depend on."""
    here, owners = dict(_here()), _owners()
    packages = _installed()
    kept = {package.name for package in packages if package.basic} | {BASE}
    for name in wanted:
        kept |= owners.get(_origin(here[name], owners), set()) if name in here else set()
    kept = _with_needs(kept, packages)
    return {
        name: path for name, path in here.items() if kept & owners.get(_origin(path, owners), set())
    }


def linked(found: Mapping[str, Path]) -> Path:
    """A folder with a link to each program; its name tells what is in it."""
    lines = "\n".join(f"{name} {path}" for name, path in sorted(found.items()))
    folder = FOLDER / hashlib.sha256(lines.encode()).hexdigest()[:12]
    if folder.exists():
        return folder
    FOLDER.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=FOLDER))
    part.chmod(0o755)
    for name, path in found.items():
        (part / name).symlink_to(path)
    try:
        part.rename(folder)
    except OSError:  # another run was faster
        shutil.rmtree(part)
    return folder


def _here() -> Iterator[tuple[str, Path]]:
    """Programs in the system's folders; the first one of a name counts, as on a PATH."""
    seen: set[str] = set()
    for place in PLACES:
        for path in sorted(place.iterdir()):
            if path.name not in seen and os.access(path, os.X_OK):
                seen.add(path.name)
                yield path.name, path


def _owners() -> dict[str, set[str]]:
    """Program -> the packages that brought it."""
    owners: dict[str, set[str]] = {}
    for line in _output("dpkg-query", "--search", "*/bin/*", "*/sbin/*").splitlines():
        names, _, path = line.partition(": ")
        if path and not line.startswith("diversion "):
            found = {name.partition(":")[0] for name in names.split(", ")}
            owners.setdefault(_key(path), set()).update(found)
    return owners


def _origin(path: Path, owners: Mapping[str, object]) -> str:
    """Of a link that no package owns, as those of update-alternatives, what it leads to."""
    own = _key(str(path))
    return own if own in owners else _key(os.path.realpath(path))


def _key(path: str) -> str:
    """dpkg knows some programs by the place that they had before /bin became /usr/bin."""
    return path.removeprefix("/usr")


def _installed() -> list[Package]:
    fields = ("db:Status-Status", "Package", "Essential", "Priority", "Provides", "Pre-Depends")
    shown = "\t".join(f"${{{field}}}" for field in fields) + ", ${Depends}\n"
    rows = (line.split("\t") for line in _output("dpkg-query", "-W", "-f", shown).splitlines())
    return [
        Package(
            name,
            essential == "yes" or priority == "required",
            tuple(one for group in _relations(provides) for one in group),
            tuple(_relations(needs)),
        )
        for status, name, essential, priority, provides, needs in rows
        if status == "installed"
    ]


def _relations(field: str) -> Iterator[tuple[str, ...]]:
    """`a (>= 1), b | c:any` -> (a), (b, c)."""
    for group in field.split(","):
        names = [re.split(r"[\s(:\[]", one.strip(), maxsplit=1)[0] for one in group.split("|")]
        if names[0]:
            yield tuple(names)


def _with_needs(names: set[str], packages: Iterable[Package]) -> set[str]:
    """With what they depend on, and what that depends on."""
    known: dict[str, list[Package]] = {}
    for package in packages:
        for name in (package.name, *package.provides):
            known.setdefault(name, []).append(package)
    kept: set[str] = set()
    waiting = list(names)
    while waiting:
        for package in known.get(waiting.pop(), ()):
            if package.name not in kept:
                kept.add(package.name)
                waiting += [name for group in package.needs for name in group]
    return kept


def _output(*argv: str) -> str:
    done = subprocess.run(argv, capture_output=True, text=True, env={**os.environ, "LC_ALL": "C"})
    if done.returncode not in (0, 1) or not done.stdout:
        raise SystemExit(f"error: {' '.join(argv[:2])} failed: {done.stderr.strip()}")
    return done.stdout


if __name__ == "__main__":
    print(main(sys.argv[1]))
