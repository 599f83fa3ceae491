"""A root file system in a folder, and the layer that it becomes."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from host.errors import StackError
from host.install.commands import find_program
from lab.archive import write_layer

ELF = b"\x7fELF"
_LIBRARY = re.compile(r"(?:=> )?(/\S+) \(0x")
_EXECUTABLE = 0o755
_PLAIN = 0o644
_SHARED = 0o1777


class Root:
    """The files of one layer, gathered under a folder of their own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, name: str, text: str) -> None:
        """A file with that text; `name` is its path without the leading slash."""
        self._place(name).write_text(text)

    def folder_of_all(self, name: str) -> None:
        """A folder that everybody may write, such as tmp."""
        place = self.folder / name
        place.mkdir(parents=True, exist_ok=True)
        place.chmod(_SHARED)

    def program(self, source: Path, name: str) -> None:
        """An executable file and the libraries that it needs."""
        place = self._place(name)
        shutil.copyfile(source.resolve(), place)
        place.chmod(_EXECUTABLE)
        self.libraries([source.resolve()])

    def tree(self, source: Path, name: str, skip: Iterable[str] = ()) -> None:
        """A folder with all below it; links become files, `skip` are patterns of names."""
        ignore = shutil.ignore_patterns("__pycache__", "*.pyc", *skip)
        try:
            shutil.copytree(
                source,
                self.folder / name,
                ignore=ignore,
                dirs_exist_ok=True,
                ignore_dangling_symlinks=True,
            )
        except shutil.Error as error:
            raise StackError(f"{source} cannot be copied: {error}", "Look at that path.") from error

    def libraries(self, files: Iterable[Path]) -> None:
        """The shared libraries that these programs and libraries load, with the loader."""
        own = {path.name for path in self.folder.rglob("*.so*")}
        for library in _needed(files, own):
            if library.is_relative_to(self.folder):
                continue
            name = str(library).lstrip("/")
            if name.startswith("lib"):
                place = self._place(name)
            else:
                # The loader looks here without being told; elsewhere it would need a cache.
                place = self._place(f"lib/{_multiarch()}/{library.name}")
            if not place.exists():
                shutil.copyfile(library.resolve(), place)
                place.chmod(_EXECUTABLE)

    def strip(self) -> None:
        """Takes what only debuggers read out of programs and libraries, where binutils are."""
        strip = find_program("strip")
        files = [str(file) for file in self.objects()]
        if strip is None or not files:
            return
        done = subprocess.run(
            [strip, "--strip-unneeded", *files], capture_output=True, text=True, check=False
        )
        if done.returncode:
            raise StackError(f"strip failed: {done.stderr.strip()}", "Look at that library.")

    def drop(self, *patterns: str) -> None:
        """Removes the files and folders that match, as `Path.glob` does from the top."""
        for pattern in patterns:
            for path in list(self.folder.glob(pattern)):
                if path.is_dir():
                    shutil.rmtree(path)
                else:
                    path.unlink()

    def objects(self) -> Iterator[Path]:
        """Every ELF file that is in it."""
        for path in sorted(self.folder.rglob("*")):
            if path.is_file() and not path.is_symlink():
                with path.open("rb") as file:
                    if file.read(4) == ELF:
                        yield path

    def layer(self, path: Path) -> Path:
        """Writes it as a layer, in the order of names, and answers the path."""
        write_layer(path, self._members())
        return path

    def _members(self) -> Iterator[tuple[str, Path | None, int]]:
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            mode = path.stat().st_mode
            if path.is_dir():
                yield name, None, _SHARED if mode & 0o7777 == _SHARED else _EXECUTABLE
            else:
                yield name, path, _EXECUTABLE if mode & 0o111 else _PLAIN

    def _place(self, name: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


def _needed(files: Iterable[Path], own: Collection[str]) -> list[Path]:
    """What ldd says of all of them, what is brought along aside."""
    names = [str(file) for file in files]
    if not names:
        return []
    told = subprocess.run(["ldd", *names], capture_output=True, text=True, check=False)
    missing = sorted(set(re.findall(r"(\S+) => not found", told.stdout)) - set(own))
    if missing:
        raise StackError(
            f"These shared libraries are missing on this machine: {', '.join(missing)}.",
            "Install the packages that hold them.",
            "not_found",
        )
    return sorted({Path(name) for name in _LIBRARY.findall(told.stdout)})


def _multiarch() -> str:
    return f"{os.uname().machine}-linux-gnu"
