"""Passwords that the stack makes for its engines."""

from __future__ import annotations

import secrets
from pathlib import Path

from stack.paths import explained, private_dir, write_private
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


def account_secrets(folder: Path) -> dict[str, str]:
    """Name of an account -> its password in an engine's folder."""
    return {each.name: kept_secret(folder / "accounts" / each.name) for each in ACCOUNTS}
