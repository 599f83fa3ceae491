"""Keys of the room in a pod: the server's own, and those of the people who may enter."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

from controlroom.targets.abilities import Refused

_PRIVATE = "PRIVATE KEY-----"
_FIX = "Give --authorized-keys FILE with their public keys, such as ~/.ssh/id_ed25519.pub."


async def host_key() -> str:
    """A new private key for the SSH server, in OpenSSH's own format. Raises Refused."""
    with tempfile.TemporaryDirectory(prefix="controlroom-key-") as folder:
        file = Path(folder) / "host_key"
        await _keygen("-q", "-t", "ed25519", "-N", "", "-C", "room", "-f", str(file))
        return file.read_text()


async def nobody() -> str:
    """There are no keys to draw for people. Raises Refused."""
    raise Refused("The overlay has a room, and nobody's key to enter it by.", _FIX)


async def authorized_keys(path: Path) -> str:
    """The public keys of a file, as sshd reads them. Raises Refused for anything else."""
    try:
        text = path.expanduser().read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise Refused(f"--authorized-keys: {path} cannot be read: {error}.", _FIX) from None
    if _PRIVATE in text:
        raise Refused(f"--authorized-keys: {path} holds a private key.", _FIX)
    try:
        await _keygen("-l", "-f", str(path.expanduser()))
    except Refused as error:
        raise Refused(f"--authorized-keys: {path}: {error}", _FIX) from None
    return text


async def _keygen(*words: str) -> None:
    try:
        process = await asyncio.create_subprocess_exec(
            "ssh-keygen",
            *words,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
        )
    except FileNotFoundError:
        raise Refused(
            "ssh-keygen is not on this machine.", "Install OpenSSH's client (openssh-client)."
        ) from None
    _, said = await process.communicate()
    if process.returncode:
        why = said.decode(errors="replace").strip().rstrip(".")
        raise Refused(f"ssh-keygen says: {why or process.returncode}.")
