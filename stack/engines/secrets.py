"""Passwords that the stack makes for its engines."""

from __future__ import annotations

import ctypes
import ctypes.util
import secrets
from pathlib import Path

from host.errors import StackError
from host.paths import explained, private_dir, write_private
from wire.accounts import ACCOUNTS


def kept_secret(file: Path) -> str:
    """The password in that file; made at the first time, readable by its owner only."""
    try:
        known = file.read_text().strip()
    except FileNotFoundError:
        known = ""
    except OSError as error:
        raise explained(error, file) from error
    if known:
        return known
    made = secrets.token_urlsafe(24)
    private_dir(file.parent)
    write_private(file, made + "\n")
    return made


def bcrypted(secret: str) -> str:
    """The secret as bcrypt keeps it. The least cost: it is random and has 192 bits."""
    salt = f"$2b$04${secrets.token_hex(11)}"
    for name in ("libcrypt.so.1", "libcrypt.so.2", ctypes.util.find_library("crypt")):
        try:
            crypt = ctypes.CDLL(name).crypt
        except (OSError, AttributeError):
            continue
        crypt.restype = ctypes.c_char_p
        made = crypt(secret.encode(), salt.encode())
        if made and made.startswith(b"$2b$"):
            return str(made.decode())
    raise StackError(
        "No libcrypt that knows bcrypt is on this machine.", "Install libcrypt1.", "not_found"
    )


def account_secrets(folder: Path) -> dict[str, str]:
    """Name of an account -> its password in an engine's folder."""
    return {each.name: kept_secret(folder / "accounts" / each.name) for each in ACCOUNTS}
