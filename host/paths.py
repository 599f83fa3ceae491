"""Where the stack keeps its files: state (private, survives), cache (engines) and sockets."""

from __future__ import annotations

import contextlib
import errno
import os
import tempfile
from pathlib import Path

from host.errors import StackError

SOCKET_LIMIT = 107
"""Bytes that an AF_UNIX path may have on Linux (sun_path is 108 with its closing zero)."""


def state_dir() -> Path:
    """The state folder of this user's stack; it need not exist yet."""
    return _folder("CONTROLROOM_STATE_DIR", "XDG_STATE_HOME", ".local/state")


def cache_dir() -> Path:
    """The folder of things that can be fetched or built again."""
    return _folder("CONTROLROOM_CACHE_DIR", "XDG_CACHE_HOME", ".cache")


def images_dir() -> Path:
    """Where container images go that are made without a registry."""
    return cache_dir() / "images"


def engine_cache(name: str, version: str) -> Path:
    """Where one version of an engine is installed; it need not exist yet."""
    return cache_dir() / "engines" / f"{name}-{version}"


def stack_socket(state: Path | None = None) -> Path:
    """The socket that the stack's daemon answers on."""
    return socket_path((state or state_dir()) / "stack.sock")


def engine_dir(state: Path, name: str) -> Path:
    """The private folder of one engine's configuration, data and secret."""
    return state / "engines" / name


def lab_dir(state: Path | None = None) -> Path:
    """The folder of all that a lab writes, such as its kubeconfig; it is gone when the lab is."""
    return (state or state_dir()) / "lab"


def runs_dir(state: Path | None = None) -> Path:
    """The folder that holds one folder for each run."""
    return (state or state_dir()) / "runs"


def socket_path(path: Path) -> Path:
    """The path itself, when a unix socket can have it."""
    length = len(os.fsencode(path))
    if length <= SOCKET_LIMIT:
        return path
    raise StackError(
        f"The socket path {path} has {length} bytes; a unix socket may have {SOCKET_LIMIT}.",
        "Set CONTROLROOM_STATE_DIR to a shorter folder.",
        "refused",
    )


def private_dir(path: Path) -> Path:
    """Makes the folder if it is missing, for its owner only, and answers it."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.chmod(0o700)
    except OSError as error:
        raise explained(error, path) from error
    return path


def write_private(path: Path, content: str | bytes, *, lasting: bool = True) -> Path:
    """Replaces the file in one step; only its owner can read it.

    `lasting`: a power cut leaves the old or the new one. Without it the disk is not waited for,
    which is for what is written often, or made again.
    """
    data = content.encode() if isinstance(content, str) else content
    temporary: str | None = None
    try:
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        os.replace(temporary, path)
        if lasting:
            _sync_folder(path.parent)
    except OSError as error:
        if temporary is not None:
            with contextlib.suppress(OSError):
                os.unlink(temporary)
        raise explained(error, path) from error
    return path


def _sync_folder(folder: Path) -> None:
    """So that the new name of a file is on the disk too."""
    handle = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def explained(error: OSError, path: Path) -> StackError:
    """The sentence for an operating system's error on a path."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return StackError(
            f"No space is left for {path}.",
            "Free some disk space, or set CONTROLROOM_STATE_DIR and CONTROLROOM_CACHE_DIR "
            "to a larger disk.",
        )
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return StackError(
            f"No permission to write {path}.",
            "Give yourself the right to write there, or set CONTROLROOM_STATE_DIR and "
            "CONTROLROOM_CACHE_DIR to folders of your own.",
            "refused",
        )
    if error.errno in (errno.ENOTDIR, errno.EEXIST):
        return StackError(
            f"{path} cannot be made: a file stands where a folder is needed.",
            "Move that file away, or set CONTROLROOM_STATE_DIR or CONTROLROOM_CACHE_DIR "
            "to another folder.",
            "refused",
        )
    return StackError(f"{path}: {error.strerror or error}.", "Look at that path.")


def _folder(variable: str, xdg: str, home: str) -> Path:
    own = os.environ.get(variable)
    if own:
        return Path(own).expanduser().absolute()
    base = os.environ.get(xdg)
    root = Path(base) if base and Path(base).is_absolute() else Path.home() / home
    return root / "controlroom"
