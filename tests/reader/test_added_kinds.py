"""Kinds of tallies and of views: each is a file, and one is added without touching the product."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from controlroom.commands.tallies import shown
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.frame import TALLIES
from controlroom.model.tallies import Tallies
from scenarios.errors import ScenarioError
from scenarios.loading import load
from scenarios.tallies import registry as tallies
from scenarios.tallies.registry import tally_kinds
from scenarios.views import registry as views
from scenarios.views.registry import view_kinds
from services.consumer.counting import Counting
from services.consumer.prepared import PreparedBatch
from stack.manifests.model import Container, PodTemplate
from stack.pods.environment import Surroundings, environment
from tests.conftest import Engines
from tests.consumer.rig import Rig, rig
from tests.redis_server import redis_server
from tests.room import frames
from tests.room.rooms import room_of, screen_text
from tests.waiting import until
from wire import keys
from wire.rebuilding import rebuild

ADDED = Path(__file__).parent / "added"
PODIUM = """
[[tallies]]
name = "best"
kind = "highest"
key = "best"
member = "{name}:{album}"
add = "year"

[view]
kind = "podium"
tally = "best"
places = 2
"""
EVENTS = 3_000


@pytest.fixture
def path(make_scenario: Callable[[str], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    """The band vote with another tally, and shown in another way."""
    monkeypatch.setenv(tallies.FOLDERS, str(ADDED / "tallies"))
    monkeypatch.setenv(views.FOLDERS, str(ADDED / "views"))
    made = make_scenario("bands")
    before, _, after = made.read_text().partition("[view]")
    made.write_text(before + PODIUM + after[after.index("[http]") :])
    return made


@pytest.fixture
async def added(engines: Engines, path: Path) -> AsyncIterator[Rig]:
    async with rig(engines, path) as made:
        yield made


async def read(made: Rig) -> Tallies:
    """What the room's feed has."""

    async def where() -> str:
        return made.engines.redis

    source = TalliesSource(where, made.scenario)
    await source.open()
    found = await source.read()
    await source.close()
    return found


async def answer(url: str) -> Any:
    async with httpx.AsyncClient() as client:
        return (await client.get(f"{url}/live")).json()


@pytest.mark.engines
async def test_a_kind_of_tally_and_a_view_of_it_are_added_by_files(added: Rig) -> None:
    events = added.events(EVENTS)
    for n, event in enumerate(events):
        event["year"] = 1950 + n % 70 + len(event["album"])
    best: dict[str, int] = {}
    for event in events:
        member = f"{event['name']}:{event['album']}"
        best[member] = max(best.get(member, 0), event["year"])
    consumer = await added.consumer()
    reader, url = await added.reader()
    await added.produce(events)
    books = await added.settled(EVENTS)
    assert (books.counted, books.lost, books.doubled) == (EVENTS, 0, 0)
    await until(reader.ready, "the reader is ready", timeout=60)

    async def right() -> None:
        expected = added.tallied(events) | {"best": {m: str(n) for m, n in best.items()}}
        assert await added.tallies(expected) == expected
        first, second = sorted(best.items(), key=lambda each: (-each[1], each[0]))[:2]
        rows = [(":".join(row.labels), row.count) for row in (await read(added)).rows]
        assert rows == [first, second]
        live = await answer(url)
        assert live["members"] == len(best)
        assert live["podium"] == [
            {"who": " of ".join(reversed(member.split(":"))), "count": count}
            for member, count in (first, second)
        ]

    await right()
    assert await consumer.metric("controlroom_failed_tally_writes") == 0
    found = await read(added)
    assert f"+ {len(best) - 2} more members" in shown(found)
    room = room_of(frames.calm().having(TALLIES, frames.live(found)))
    async with room.run_test(size=(140, 40)) as pilot:
        await pilot.pause()
        (line,) = [
            each for each in screen_text(room).splitlines() if found.rows[0].labels[1] in each
        ]
        assert f"{found.rows[0].count:,}" in line

    first = found.rows[0]
    gauge = f'group="{first.labels[0]}",label="{first.labels[1]}"'

    async def told() -> bool:
        metrics = await reader.get("/metrics")
        lines = metrics.text.splitlines() if metrics else []
        return any(gauge in line and line.endswith(f" {first.count}.0") for line in lines)

    await until(told, "the gauge tells it", timeout=60)
    # a rebuild makes the same of the documents, though more is counted meanwhile
    more = added.events(500, seed=2)
    for event in more:
        event["year"] = 2_090
        best[f"{event['name']}:{event['album']}"] = 2_090
    sending = asyncio.create_task(added.produce(more, first=EVENTS))
    await added.redis.hset(keys.counter_key(added.name, "best"), "nobody:nothing", 9_999)
    await rebuild(added.scenario, added.redis, added.documents, added.offsets)
    await sending
    events += more
    await added.settled(EVENTS + 500)
    await right()


@pytest.mark.engines
async def test_a_kind_that_fails_keeps_nothing_else_from_being_counted_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ADDED / "tallies/highest.py").read_text()
    (tmp_path / "one.py").write_text(text.replace("string.match(", "nothing("))
    monkeypatch.setenv(tallies.FOLDERS, str(tmp_path))
    async with redis_server(tmp_path) as (redis, _):
        prepared = PreparedBatch("t:0", -1, 0)
        prepared.tallies["hash", "votes", "a"] += 2
        prepared.tallies["highest", "best", "7 a"] += 1
        prepared.tallies["hash", "votes", "b"] += 3
        counting = Counting(redis, "s")
        (first,), (again,) = [await counting.count([("place", prepared)]) for _ in range(2)]
        assert (first.counted, first.failed, again.counted) == (True, 1, False)
        assert await redis.hgetall("{s}:votes") == {"a": "2", "b": "3"}


def test_an_added_kind_says_what_it_misses(path: Path) -> None:
    text = path.read_text()
    path.write_text(
        text.replace(
            'key = "best"\nmember = "{name}:{album}"\nadd = "year"',
            'key = "best"\nmember = "{name}"',
        )
    )
    with pytest.raises(ScenarioError, match=r"\[tallies\].*add: is missing"):
        load(path)
    path.write_text(text.replace('tally = "best"', 'tally = "bets"'))
    with pytest.raises(ScenarioError, match=r"\[view\] tally: 'bets' is no hash tally"):
        load(path)


def test_without_its_folder_a_kind_is_refused_by_name(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(views.FOLDERS)
    with pytest.raises(ScenarioError, match=r"\[view\] kind: is 'podium'"):
        load(path)
    monkeypatch.delenv(tallies.FOLDERS)
    with pytest.raises(ScenarioError, match=r"\[tallies\].*kind: is 'highest'"):
        load(path)


@pytest.mark.parametrize("folder", ["tallies", "views"])
@pytest.mark.parametrize(
    ("text", "reason"),
    [("KIND = 3", "holds no KIND"), ("import nothing_of_that_name", "ModuleNotFoundError")],
)
def test_a_file_that_is_no_kind_is_named(
    folder: str, text: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "one.py").write_text(text)
    setting = {"tallies": tallies.FOLDERS, "views": views.FOLDERS}[folder]
    kinds: Callable[[], object] = tally_kinds if folder == "tallies" else view_kinds
    monkeypatch.setenv(setting, str(tmp_path))
    with pytest.raises(ScenarioError, match=reason) as caught:
        kinds()
    assert "one.py" in caught.value.message
    assert setting in caught.value.fix


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"highest"', '"hash"', "tells hash once more"),
        ('"highest"', '"drop"', "is called 'drop'"),
        ("lua = ", "text = ", "has no lua"),
    ],
)
def test_a_kind_of_tally_that_cannot_be_used_is_refused(
    old: str, new: str, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = (ADDED / "tallies/highest.py").read_text()
    (tmp_path / "one.py").write_text(text.replace(old, new))
    monkeypatch.setenv(tallies.FOLDERS, str(tmp_path))
    with pytest.raises(ScenarioError, match=reason):
        tally_kinds()


def test_the_processes_of_the_local_stack_find_the_kinds_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(tallies.FOLDERS, "/a")
    monkeypatch.setenv(views.FOLDERS, "/b:/c")
    around = Surroundings("here", tmp_path, tmp_path, {})
    container = Container("consumer", ("python", "-m", "services.consumer"))
    found = environment(container, PodTemplate({}, (container,)), "consumer-0", {}, around)
    assert (found[tallies.FOLDERS], found[views.FOLDERS]) == ("/a", "/b:/c")
