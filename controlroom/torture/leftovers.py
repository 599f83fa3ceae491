"""Scratch stacks whose torture was killed: the next torture ends and removes them."""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path

from controlroom.torture.disk import unmount
from host.errors import StackError
from host.liveness import Proof, proof_of
from host.paths import engine_dir, stack_socket
from stack.client import StackClient

_PREFIX = "controlroom-torture-"
_OWNER = "torture.json"


def scratch_folder() -> Path:
    """A new state folder that says which process it belongs to."""
    state = Path(tempfile.mkdtemp(prefix=_PREFIX))
    proof = proof_of()
    assert proof is not None
    (state / _OWNER).write_text(json.dumps(asdict(proof)), encoding="utf-8")
    return state


def keep(state: Path) -> None:
    """The stack is to stay after the torture has ended."""
    (state / _OWNER).unlink(missing_ok=True)


async def remove_leftovers(say: Callable[[str], None]) -> None:
    """Ends this user's scratch stacks whose process is gone, and removes their folders."""
    for owner in Path(tempfile.gettempdir()).glob(f"{_PREFIX}*/{_OWNER}"):
        if _is_left(owner):
            await remove(owner.parent)
            say(f"removed the stack of a torture that was killed: {owner.parent}")


def _is_left(owner: Path) -> bool:
    try:
        if owner.parent.lstat().st_uid != os.geteuid():
            return False
        return not Proof(**json.loads(owner.read_text(encoding="utf-8"))).alive
    except (OSError, ValueError, TypeError):
        return False


async def remove(state: Path) -> None:
    """Ends the stack, whatever state it is in, and removes all of it, its scratch disk too."""
    client = StackClient(stack_socket(state))
    try:
        await client.down()
    except StackError:
        pass
    finally:
        await client.close()
    if os.path.ismount(disk := engine_dir(state, "mongo")):
        unmount(disk)
    await asyncio.to_thread(shutil.rmtree, state, True)
