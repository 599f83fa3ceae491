"""The hold of the kill switch: while it is engaged, nothing new is started from this state folder.

It is a file beside the runs, so it survives whatever is restarted.
"""

from __future__ import annotations

import json
import time
from pathlib import Path

from controlroom.runs.errors import HeldError
from controlroom.runs.store import RunStore
from host.paths import private_dir, write_private

RELEASE = "controlroom chaos release"


def _file(store: RunStore) -> Path:
    return store.root.parent / "hold.json"


def engage(store: RunStore, reason: str) -> None:
    """Refuses new runs from now on; a later reason takes the place of the one before."""
    private_dir(_file(store).parent)
    write_private(_file(store), json.dumps({"reason": reason, "since": time.time()}) + "\n")


def release(store: RunStore) -> str:
    """Lets runs be started again; the reason that there was, empty where there was no hold."""
    reason = held(store)
    _file(store).unlink(missing_ok=True)
    return reason


def held(store: RunStore) -> str:
    """Why nothing may be started, and since when; empty where it may.

    A file that cannot be read holds: whoever engaged it meant to.
    """
    try:
        found = json.loads(_file(store).read_bytes())
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(found["since"]))
        return f"{found['reason']} (since {since})"
    except FileNotFoundError:
        return ""
    except (OSError, ValueError, TypeError, KeyError):
        return f"{_file(store)} cannot be read"


def refuse_when_held(store: RunStore) -> None:
    """Raises HeldError while the hold is engaged."""
    if reason := held(store):
        raise HeldError(f"The kill switch holds all new runs: {reason}.", f"`{RELEASE}` ends that.")
