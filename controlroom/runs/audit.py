"""The audit file: who did what to the target, when, and what came of it.

One JSON object a line, only ever appended to. Actions that were refused, declined or failed are
noted too. The process is known by its uid; what the environment says of the person beside it is
marked as claimed, for whoever starts a command can write it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import os
import pwd
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any


def audit_file(state: Path) -> Path:
    """The audit file of a state folder."""
    return state / "audit.jsonl"


class AuditEntry:
    """An action under way; what is learned of it meanwhile can be added."""

    def __init__(self, **facts: Any) -> None:
        self.facts = facts
        self.result: dict[str, str] = {"result": "done"}

    def add(self, **facts: Any) -> None:
        """More that the line shall say."""
        self.facts |= facts

    def fail(self, reason: str, result: str = "failed") -> None:
        """It was not done, or not all of it."""
        self.result = {"result": result, "reason": reason}


@contextmanager
def acting(
    state: Path, action: str, context: str = "local stack", **facts: Any
) -> Iterator[AuditEntry]:
    """Notes the action when the block ends, as `done`, `refused`, `declined` or `failed`.

    The line is `{"at": seconds since the epoch, "pid", "uid", "user": its name on this machine,
    "claimed": {...}, "context", "action", ...facts, "result", "reason"}`. What the block raises
    goes on; an error says by `outcome` what it is, where it is no failure. A file that cannot be
    written holds no action up: a kill switch has to work on a full disk.
    """
    entry = AuditEntry(**facts)
    try:
        yield entry
    except BaseException as error:
        reason = f"{type(error).__name__}: {error}".rstrip(": ")
        entry.fail(reason, getattr(error, "outcome", "failed"))
        raise
    finally:
        head = {"at": time.time(), "pid": os.getpid(), **who(), "context": context}
        head["action"] = action
        with suppress(OSError):
            _append(audit_file(state), {**head, **entry.facts, **entry.result})


def entries(state: Path) -> list[dict[str, Any]]:
    """All whole lines, oldest first; empty where nothing was done yet."""
    try:
        lines = audit_file(state).read_text("utf-8").splitlines()
    except FileNotFoundError:
        return []
    found = []
    for line in lines:
        with suppress(ValueError):
            found.append(json.loads(line))
    return found


def _append(path: Path, entry: dict[str, Any]) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    line = json.dumps(entry, ensure_ascii=False, default=str) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        # one call, so that lines of several rooms never mix
        os.write(handle, line.encode())
    finally:
        os.close(handle)


CLAIMS = ("USER", "LOGNAME", "SUDO_USER", "SUDO_UID", "CONTROLROOM_VISITOR")
"""Variables that name somebody."""


def who() -> dict[str, Any]:
    """The uid that the kernel knows, and beside it what the environment claims."""
    uid = os.getuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    claimed = {each: os.environ[each] for each in CLAIMS if os.environ.get(each)}
    if key := _key():
        claimed["key"] = key
    return {"uid": uid, "user": name, "claimed": claimed}


def _key() -> str:
    """Fingerprint of the key by which sshd let this session in, as `ssh-keygen -l` shows it.

    Empty where sshd says nothing (`ExposeAuthInfo`). In a room in a pod all people are one user.
    """
    try:
        words = Path(os.environ["SSH_USER_AUTH"]).read_text().split()
        # publickey ssh-ed25519 AAAA...
        digest = hashlib.sha256(base64.b64decode(words[2], validate=True)).digest()
    except (KeyError, OSError, IndexError, ValueError):
        return ""
    return f"SHA256:{base64.b64encode(digest).decode().rstrip('=')}"
