"""What a power cut does: the end of Kafka's log is gone, and a producer's count has gone back.

Both are made by hand, because nothing but a power cut does them: the broker is killed and the
newest part of its log taken from the disk while nobody starts it again; a count is written over
with what it was some time before, and its process killed.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import psutil

from controlroom.torture.environment import TortureError
from controlroom.torture.logs import Cut, cut, read_end, topic_id
from controlroom.torture.torture_run import TortureRun
from host.paths import engine_dir
from wire import keys

_PATIENCE = 40.0
_EVERY = 0.1
_BELOW = 30
"""Most offsets below a committed offset from which a log is cut; a whole batch goes with them."""
_LEDGER = ".count"


@asynccontextmanager
async def stopped(torture: TortureRun, target: str) -> AsyncIterator[None]:
    """Every process of a deployment, or the supervisor, is stopped while the block runs."""
    victims = await torture.environment.victims(target)
    _signal(victims, signal.SIGSTOP)
    try:
        yield
    finally:
        _signal(victims, signal.SIGCONT)


async def the_broker(torture: TortureRun) -> psutil.Process:
    """Kafka's process."""
    (broker,) = await torture.environment.victims("kafka")
    return broker


async def lose_tail(torture: TortureRun, broker: psutil.Process, seed: int) -> list[Cut]:
    """Kills the broker, and cuts its logs, some below the committed offset and some above, while
    nobody starts it again."""
    await torture.stores.events()
    committed_offsets = await _committed_offsets(torture)
    broker.send_signal(signal.SIGKILL)
    await _dead(broker)
    cuts = await asyncio.to_thread(_cut, torture, committed_offsets, Random(seed))
    for each in cuts:
        torture.stores.lose(each, committed_offsets.get(each.partition, -1))
    return cuts


def _cut(torture: TortureRun, committed_offsets: Mapping[int, int], rng: Random) -> list[Cut]:
    data = engine_dir(torture.environment.state, "kafka") / "data"
    topic, read = torture.stores.topic, torture.stores.ends()
    cuts = []
    for partition, since in sorted((tp.partition, end) for tp, end in read.items()):
        end, committed = read_end(data, topic, partition), committed_offsets.get(partition, -1)
        if partition % 2:
            wanted = committed + 1 + rng.randint(0, max(0, end - committed - 1))
        else:
            wanted = max(0, committed + 1 - rng.randint(1, _BELOW))
        cuts.append(cut(data, topic, partition, wanted, since))
    return cuts


async def _committed_offsets(torture: TortureRun) -> dict[int, int]:
    """Partition -> how far it is counted, over its lives, of the topic that is there now."""
    data = engine_dir(torture.environment.state, "kafka") / "data"
    scenario, topic = torture.stores.scenario, torture.stores.topic
    found = await torture.stores.redis.hgetall(keys.committed_key(scenario))
    prefix = f"{keys.consumer_group(scenario)}/{topic}/{topic_id(data, topic)}"
    committed_offsets: dict[int, int] = {}
    for name, offset in ((str(field), offset) for field, offset in found.items()):
        if name.startswith((f"{prefix}/", f"{prefix}~")):
            partition = int(name.rpartition("/")[2])
            committed_offsets[partition] = max(committed_offsets.get(partition, -1), int(offset))
    return committed_offsets


async def set_back(torture: TortureRun, file: Path, older: bytes) -> int:
    """Writes a count over with what it was, and kills its process; how many events that are."""
    (victim,) = [p for p in await torture.environment.victims("producer-http") if _holds(p, file)]
    victim.send_signal(signal.SIGSTOP)
    now = int.from_bytes(file.read_bytes()[:8], "little")
    with file.open("r+b") as count:
        count.write(older)
    victim.send_signal(signal.SIGKILL)
    await _dead(victim)
    return now - int.from_bytes(older[:8], "little")


async def count_of_one(torture: TortureRun) -> Path:
    """The file of one producer's count."""
    for process in await torture.environment.victims("producer-http"):
        for each in process.open_files():
            if each.path.endswith(_LEDGER):
                return Path(each.path)
    raise TortureError("no producer holds a count")


async def published(torture: TortureRun, file: Path) -> bool:
    """Whether Redis has what a file counts."""
    key = keys.acknowledged_key(torture.stores.scenario)
    instance = file.stem.rpartition(".")[2]
    known = await torture.stores.redis.hget(key, instance)
    return known == str(int.from_bytes(file.read_bytes()[:8], "little"))


def _holds(process: psutil.Process, file: Path) -> bool:
    return any(Path(each.path) == file for each in process.open_files())


def _signal(victims: list[psutil.Process], number: signal.Signals) -> None:
    for victim in victims:
        with contextlib.suppress(psutil.NoSuchProcess):
            victim.send_signal(number)


async def _dead(process: psutil.Process) -> None:
    """Returns when a process has ended, whether or not anybody has taken note of it."""
    deadline = asyncio.get_running_loop().time() + _PATIENCE
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.is_running() and process.status() != psutil.STATUS_ZOMBIE:
            if asyncio.get_running_loop().time() > deadline:
                raise TortureError(f"process {process.pid} does not end")
            await asyncio.sleep(_EVERY)
