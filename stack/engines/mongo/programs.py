"""Which document store runs, and how it is had.

SecantusDB is under the GPL: it is fetched and run as a program of its own, never imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from host.errors import StackError
from host.install.commands import find_program, now_and_then, output_of, run
from host.install.parts import install
from host.install.progress import Progress
from host.install.wheels import wheel_environment
from host.paths import engine_cache, explained, write_private

RUST = "0.5.3-beta.196"
PYTHON = "0.7.0b3"
LOCK = Path(__file__).resolve().parent / "secantus-py.txt"
RUST_SERVER = f"secantus-rs-{RUST}"
PYTHON_SERVER = f"secantus-py-{PYTHON}"
MONGOD = "mongod"
NOTE = "server"
"""The file that names the kind and, where it is not `data`, the folder of its data."""
MINIMUM_MONGOD = (4, 4)
MINIMUM_CARGO = (1, 95)
CHOICE_VARIABLE = "CONTROLROOM_DOCUMENT_STORE"
"""Names the kind that a new state folder begins with, in place of the best one that is here."""
STORE_CHOICES = {"mongod": MONGOD, "rust": RUST_SERVER, "python": PYTHON_SERVER}
PYTHON_ENTRY = "import sys; from secantus.cli import main; sys.exit(main())"
_CHOICE_FIX = (
    f"Use one of {', '.join(STORE_CHOICES)} (`make engines` builds rust), "
    f"or leave {CHOICE_VARIABLE} unset."
)


@dataclass(frozen=True, slots=True)
class StoreProgram:
    """A server that can be run: its kind, its version and the start of its command."""

    kind: str
    version: str
    command: tuple[str, ...]

    def label(self) -> str:
        """Kind and version in one word."""
        return self.kind if self.version in self.kind else f"{self.kind}-{self.version}"

    def argv(self, port: int, data: Path, settings: Path, auth: bool) -> tuple[str, ...]:
        """The whole command. Acknowledged means on disk, as far as a killed process goes."""
        place = ("--port", str(port))
        login = ("--auth",) if auth else ()
        if self.kind == MONGOD:
            own = ("--bind_ip", "127.0.0.1", "--dbpath", str(data), "--nounixsocket", "--quiet")
            return (*self.command, *place, *own, "--wiredTigerCacheSizeGB", "0.25", *login)
        own = ("--host", "127.0.0.1", "--storage-path", str(data), "--config", str(settings))
        tuned = ("--cache-size", "256M", "--sync-on-commit", "--log-level", "WARNING")
        # one that says it is of a replica set writes each document again, into its oplog
        return (*self.command, *place, *own, *tuned, "--standalone", *login)


async def chosen_store(folder: Path, progress: Progress) -> StoreProgram:
    """The store of this state folder: the one it began with, else the best that is here.

    One data directory is never opened by two kinds: they do not read each other's indexes.
    """
    kept = kept_kind(folder)
    if not kept:
        store = await any_store(progress)
        keep(folder, store.kind)
        return store
    found = await _of_kind(kept, progress)
    if found is not None:
        return found
    raise StackError(
        f"The documents in {folder} were stored by {kept}, which is not here any more.",
        "Bring it back (`make engines` builds the Rust store), or remove that folder and its "
        "documents.",
        "not_found",
    )


def kept_kind(folder: Path) -> str:
    """The kind that the state folder began with; empty before its first start."""
    return (_noted(folder) or [""])[0]


def kept_data(folder: Path) -> Path:
    """Where the state folder has its documents."""
    noted = _noted(folder)
    return folder / (noted[1] if len(noted) > 1 else "data")


def keep(folder: Path, kind: str, data: str = "data") -> None:
    """From now on, and in one step, the documents of the state folder are there and of that
    kind."""
    write_private(folder / NOTE, f"{kind}\n" if data == "data" else f"{kind}\n{data}\n")


def _noted(folder: Path) -> list[str]:
    note = folder / NOTE
    try:
        return note.read_text().split()
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise explained(error, note) from error


async def built_rust() -> StoreProgram | None:
    """SecantusDB's Rust server, where `make engines` has built it."""
    program = engine_cache("secantus-rs", RUST) / "bin" / "secantusd-rs"
    if not os.access(program, os.X_OK):
        return None
    return StoreProgram(RUST_SERVER, RUST, (str(program),))


async def usable_mongod() -> StoreProgram | None:
    """mongod on PATH, when it is new enough."""
    program = find_program("mongod")
    if program is None:
        return None
    found = re.search(r"v(\d+)\.(\d+)\.\d+", await output_of(program, "--version") or "")
    if not found or (int(found[1]), int(found[2])) < MINIMUM_MONGOD:
        return None
    return StoreProgram(MONGOD, found[0][1:], (str(program),))


async def python_store(progress: Progress) -> StoreProgram:
    """SecantusDB's Python server, fetched as a wheel when it is missing."""
    environment = await wheel_environment(LOCK, PYTHON, progress)
    command = (str(environment / "bin" / "python"), "-c", PYTHON_ENTRY)
    return StoreProgram(PYTHON_SERVER, PYTHON, command)


async def better_store(store: StoreProgram) -> StoreProgram | None:
    """A faster one than the Python server, where that runs because nothing else was there."""
    if store.kind != PYTHON_SERVER or requested_kind(os.environ):
        return None
    return await usable_mongod() or await built_rust()


async def missing_for_rust() -> str:
    """What keeps the Rust server from being compiled here, as a sentence; empty when nothing."""
    missing = [name for name in ("cmake", "ninja", "cc") if find_program(name) is None]
    found = re.search(r"\b(\d+)\.(\d+)\.\d+", await output_of("cargo", "--version") or "")
    if not found or (int(found[1]), int(found[2])) < MINIMUM_CARGO:
        missing.insert(0, f"cargo {'.'.join(map(str, MINIMUM_CARGO))} or later")
    return f"The Rust document store needs {', '.join(missing)} to be built." if missing else ""


async def build_rust(progress: Progress) -> None:
    """Compiles the Rust server once: some minutes, and cargo, cmake, ninja and a C compiler.

    What a build that was interrupted has compiled is used by the next one.
    """
    if await built_rust() is not None:
        return
    missing = await missing_for_rust()
    if missing:
        fix = "Install cargo (Debian: cargo-web; else rustup) and cmake, ninja-build and gcc."
        raise StackError(missing, fix, "not_found")
    compiled = engine_cache("secantus-rs", f"{RUST}-build")

    async def make(part: Path) -> None:
        progress("document store: compiling SecantusDB (3 to 15 minutes on 2 cores)")
        argv = ["cargo", "install", "secantus-mdb", "--version", RUST, "--locked"]
        argv += ["--ignore-rust-version", "--root", str(part)]
        argv += ["--target-dir", str(compiled)]
        env = {"CARGO_PROFILE_RELEASE_LTO": "off", "CARGO_PROFILE_RELEASE_CODEGEN_UNITS": "16"}
        fix = "cargo 1.95 or later is needed, and the network."
        moving = now_and_then(lambda line: progress(f"document store: {line}"))
        await run("Building the document store", argv, part, fix, env, moving)
        await run("Cleaning up the build", ["rm", "-rf", compiled], part, fix)

    await install(engine_cache("secantus-rs", RUST), "document store", make, progress)


async def any_store(progress: Progress) -> StoreProgram:
    """The kind that was asked for, else the best one that is installed.

    The Python server is fetched where there is none. Raises StackError where the kind that was
    asked for cannot be had.
    """
    kind = requested_kind(os.environ)
    if kind:
        store = await _of_kind(kind, progress)
        if store is None:
            raise StackError(*not_here(kind), "not_found")
        return store
    return await usable_mongod() or await built_rust() or await python_store(progress)


def requested_kind(environ: Mapping[str, str]) -> str:
    """The kind that the environment asks for; empty where it asks for none. Raises StackError."""
    word = environ.get(CHOICE_VARIABLE, "")
    if word and word not in STORE_CHOICES:
        raise StackError(
            f"{CHOICE_VARIABLE} is {word!r}, which is no document store.", _CHOICE_FIX, "refused"
        )
    return STORE_CHOICES.get(word, "")


def not_here(kind: str) -> tuple[str, str]:
    """The sentence about a kind that was asked for and cannot be had, and its fix."""
    return f"{CHOICE_VARIABLE} asks for {kind}, which is not here.", _CHOICE_FIX


async def _of_kind(kind: str, progress: Progress) -> StoreProgram | None:
    if kind == PYTHON_SERVER:
        return await python_store(progress)
    if kind == MONGOD:
        return await usable_mongod()
    return await built_rust() if kind == RUST_SERVER else None
