"""What destroys on purpose: each phase has a verdict of its own that is expected.

A phase begins and ends with everything arrived and the books closed. It raises WrongError
where something else is seen than what must be seen.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient, RecordsToDelete

from controlroom.torture import power
from controlroom.torture.disk import fill
from controlroom.torture.environment import SUPERVISOR, TortureError
from controlroom.torture.torture_run import STORE_ERRORS, TortureRun
from host.errors import StackError
from host.paths import engine_dir
from scenarios.scenario import QUEUE, Scenario
from wire.kafka import client_arguments

_LOAD_SECONDS = 5.0
_FULL_SECONDS = 10.0
_PATIENCE = 60.0
_EVERY = 0.5


class WrongError(Exception):
    """The phase saw something else than it had to see."""


class SkippedError(Exception):
    """The phase cannot be done here; one sentence says why."""


async def deleted_document(torture: TortureRun) -> str:
    """One document removed by hand: lost is 1 for the comparison and for the books."""
    document = await asyncio.to_thread(torture.stores.logs.find_one, {})
    await asyncio.to_thread(torture.stores.logs.delete_one, {"_id": document["_id"]})
    found = await torture.compare()
    books = await torture.books()
    await asyncio.to_thread(torture.stores.logs.insert_one, document)
    said = "lost" if found.published is None else "missing"
    _must(found.lost == 1, f"the comparison says lost {found.lost}")
    _must(books.get(said) == 1, f"the books say {said} {books.get(said)}")
    await torture.judge()
    return f"seen as {said} 1 by comparison and books; put back, the books close"


async def emptied_redis(torture: TortureRun) -> str:
    """Kafka drops its oldest records, then Redis is emptied: what Kafka cannot give again the
    books show as lost until the counters are rebuilt from the documents, under load."""
    await torture.stores.events()
    dropped = await _drop_half(torture)
    await torture.stores.redis.flushall()
    seen = await _seen(torture, lambda books: books.get("lost", 0) >= dropped)
    torture.say(f"redis emptied: the books say lost {seen['lost']}, Kafka dropped {dropped}")
    async with torture.loaded():
        await asyncio.sleep(_LOAD_SECONDS / 2)
        name = torture.stores.scenario
        answer = await torture.environment.act("tallies", "rebuild", typed=name)
        _must(answer.code == 0, f"tallies rebuild: {answer.err.strip()}")
        await asyncio.sleep(_LOAD_SECONDS / 2)
    await _closed(torture)
    return f"books said lost {seen['lost']}; rebuilt from the documents under load, the books close"


async def topic_made_anew(torture: TortureRun) -> str:
    """The drained topic of events is deleted while the pipeline runs; events go on."""
    await torture.stores.events()
    async with _admin(torture) as admin:
        await admin.delete_topics([torture.stores.topic])
    torture.stores.new_life()
    async with torture.loaded():
        await asyncio.sleep(_LOAD_SECONDS)
        before = len(torture.load.sent.acknowledged)
        await _until(lambda: _accepted(torture, before + 100), "events are accepted again")
    await _closed(torture)
    return "events were accepted again and both lives of the topic are in the books"


async def full_disk(torture: TortureRun) -> str:
    """The disk of the document store fills up under load, and is freed again."""
    folder = engine_dir(torture.environment.state, "mongo")
    if not os.path.ismount(folder):
        raise SkippedError("the document store has no scratch disk: that takes root and tmpfs")
    async with torture.loaded():
        filler = folder / "filler"
        size = await asyncio.to_thread(fill, filler)
        torture.say(f"disk full: {size >> 20} MiB of filler")
        try:
            await asyncio.sleep(_FULL_SECONDS)
        finally:
            filler.unlink()
        await asyncio.sleep(_LOAD_SECONDS)
    await _closed(torture)
    return f"full for {_FULL_SECONDS:g} s under load; everything arrived after it"


async def lost_power(torture: TortureRun) -> str:
    """The broker comes back without the end of its log: what was counted stays, what nobody had
    read is lost by the broker, the books say how much, and nothing that comes is dropped."""
    before = await torture.books()
    unconfirmed = before["kafka"] - before["acknowledged"]
    broker = await power.the_broker(torture)
    # while the supervisor is stopped nobody replaces the consumers, or starts the broker too soon
    async with power.stopped(torture, "consumer"), power.stopped(torture, SUPERVISOR):
        async with torture.loaded():
            sent = len(torture.load.sent.acknowledged)
            await _until(lambda: _accepted(torture, sent + 300), "events that nobody reads")
        await power.lose_tail(torture, broker, torture.report.seed)
    await torture.environment.up()
    # before anything is sent again: what no producer can acknowledge hides as much of the loss
    verdict = await torture.settled()
    _must(verdict.clean, f"lost {verdict.lost}, doubled {verdict.doubled}")
    _must(verdict.gone > unconfirmed, f"the broker has lost {verdict.gone} records only")
    wanted = verdict.gone - unconfirmed
    await _seen(torture, lambda books: _says(books, wanted))
    answer = await torture.environment.act("books", "--settle", torture.stores.scenario)
    _must(answer.code == 0, f"books --settle: {answer.err.strip()}")
    async with torture.loaded():
        sent = len(torture.load.sent.acknowledged)
        # producers first find that their sequence numbers are not the broker's any more
        again = "events are accepted again"
        await _until(lambda: _accepted(torture, sent + 300), again, 3 * _PATIENCE)
    await _closed(torture)
    return (
        f"lost by the broker: {verdict.broker_lost} events in {verdict.gone} records, the books "
        f"said {wanted}; nothing else lost, nothing doubled; written off, the books close"
    )


def _says(books: Mapping[str, Any], lost: int) -> bool:
    figures = [books.get(name, 0) for name in ("lost", "broker_lost", "in_flight", "doubled")]
    return figures == [lost, lost, 0, 0]


async def counter_set_back(torture: TortureRun) -> str:
    """The count of a producer on disk is an older one when its successor begins: what was
    published of it stays, and what comes is counted."""
    before = await torture.books()
    file = await power.count_of_one(torture)
    older = file.read_bytes()
    async with torture.loaded():
        await asyncio.sleep(_LOAD_SECONDS)
    await _until(lambda: power.published(torture, file), "the count is published")
    events = await power.set_back(torture, file, older)
    _must(events > 0, "the count had not moved")
    async with torture.loaded():
        await asyncio.sleep(_LOAD_SECONDS)
    await _closed(torture)
    after = torture.report.books
    taken = _TAKEN[torture.queue]
    short = (after[taken] - after["acknowledged"]) - (before[taken] - before["acknowledged"])
    _must(short < events, f"of {events} events that were set back the books lack {short}")
    return f"set back by {events}; the books have them all"


Phase = Callable[[TortureRun], Awaitable[str]]
PHASES: Mapping[str, Phase] = {
    "document": deleted_document,
    "disk": full_disk,
    "topic": topic_made_anew,
    "redis": emptied_redis,
    "power": lost_power,
    "counter": counter_set_back,
}
_OF_KAFKA = ("topic", "redis", "power")
_TAKEN = {QUEUE: "kafka", "streams": "streams", "direct": "given", "pubsub": "sent"}
"""Queue -> what its books call the records that it has taken."""


def phases_of(scenario: Scenario) -> tuple[str, ...]:
    """Those that make sense for its queue, in order; each knows one queue alone."""
    if len(scenario.queues) > 1:
        return ()
    return tuple(name for name in PHASES if scenario.queue == QUEUE or name not in _OF_KAFKA)


async def run_phases(torture: TortureRun, names: list[str]) -> None:
    """One after the other; what each saw goes into the report."""
    for name in names:
        torture.say(f"phase {name}")
        try:
            state, text = "passed", await PHASES[name](torture)
        except SkippedError as error:
            state, text = "skipped", str(error)
        except (WrongError, TortureError, StackError, *STORE_ERRORS) as error:
            state, text = "failed", str(error)
            torture.trouble(f"phase {name}: {error}")
        torture.report.phases.append({"name": name, "state": state, "text": text})
        torture.say(f"phase {name} {state}: {text}")


async def _drop_half(torture: TortureRun) -> int:
    """Lets Kafka drop the older half of every partition; answers the number of events."""
    consumed = torture.stores.ends()
    async with _admin(torture) as admin:
        await admin.delete_records(
            {partition: RecordsToDelete(end // 2) for partition, end in consumed.items()}
        )
    return sum(end // 2 for end in consumed.values())


@asynccontextmanager
async def _admin(torture: TortureRun) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(**client_arguments(torture.environment.addresses["kafka"]))
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()


async def _closed(torture: TortureRun) -> None:
    verdict = await torture.judge()
    _must(verdict.clean, f"lost {verdict.lost}, doubled {verdict.doubled}")


async def _seen(
    torture: TortureRun, wanted: Callable[[Mapping[str, Any]], bool]
) -> Mapping[str, Any]:
    found: Mapping[str, Any] = {}

    async def look() -> bool:
        nonlocal found
        found = await torture.books()
        return wanted(found)

    try:
        await _until(look, "the books show it")
    except WrongError as error:
        raise WrongError(f"{error}: {dict(found)}") from error
    return found


async def _until(
    reached: Callable[[], Awaitable[bool]], what: str, patience: float = _PATIENCE
) -> None:
    deadline = asyncio.get_running_loop().time() + patience
    while not await reached():
        if asyncio.get_running_loop().time() > deadline:
            raise WrongError(f"{what}: not within {patience:g} s")
        await asyncio.sleep(_EVERY)


async def _accepted(torture: TortureRun, number: int) -> bool:
    return len(torture.load.sent.acknowledged) > number


def _must(right: bool, otherwise: str) -> None:
    if not right:
        raise WrongError(otherwise)
