"""What the bench starts beside a stack: a process that is lost is named with its last words."""

import asyncio
import sys
import time
from collections.abc import Awaitable, Callable

import psutil
import pytest

from bench.cost import cpu_seconds
from bench.processes import ProcessLost, running

pytestmark = pytest.mark.processes

SAYS = "print('the store said no', flush=True); raise SystemExit(3)"
ENDS = [sys.executable, "-c", SAYS]
STAYS = [sys.executable, "-c", "import time; time.sleep(600)"]


async def waiting() -> None:
    """A block that waits for something that never comes."""
    async with running(ENDS, [{}]):
        await asyncio.sleep(600)


async def looking() -> None:
    """A block that looks at a process that is gone, before the word of its end has come."""
    async with running(ENDS, [{}]) as pids:
        deadline = time.monotonic() + 60
        while psutil.pid_exists(pids[0]) and time.monotonic() < deadline:
            time.sleep(0.01)  # noqa: ASYNC251 - the loop must not hear of the end first
        cpu_seconds(pids)


async def failing(pids: list[int]) -> None:
    """A block that has an error of its own."""
    async with running(STAYS, [{}, {}]) as found:
        pids += found
        raise LookupError


@pytest.mark.parametrize("block", [waiting, looking])
async def test_a_block_ends_with_the_process_that_it_lost(
    block: Callable[[], Awaitable[None]],
) -> None:
    with pytest.raises(ProcessLost, match=r"1 of 1, pid \d+, ended: exit 3\n  the store said no"):
        await block()


async def test_what_a_block_raises_is_its_own_and_its_processes_end() -> None:
    pids: list[int] = []
    with pytest.raises(LookupError):
        await failing(pids)
    assert len(pids) == 2
    assert not any(psutil.pid_exists(pid) for pid in pids)
