"""From a panel to what is behind it and back, on answers that are given, failing and late."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from controlroom.app import ControlRoom
from controlroom.commands.here import Here
from controlroom.model.chain import chain
from controlroom.model.document import Stored, StoredRecord
from controlroom.model.finding import Found
from controlroom.model.fleet import Pod
from controlroom.model.frame import FLEET, Frame
from controlroom.model.health import Health
from controlroom.model.log import LogLine
from controlroom.model.partitions import Partition, Partitions
from controlroom.model.rejections import Rejections, rejection
from controlroom.model.routes import Route, Routes
from controlroom.screens.page import Page
from controlroom.screens.pages import books, document, finding, limit, traffic
from controlroom.targets.abilities import Refused, Unreachable
from tests.room import frames
from tests.room.fakes import FakeHere, RecordedCommands
from tests.room.rooms import room_of, screen_text, source_of
from tests.waiting import until

pytestmark = pytest.mark.long

WIDE, SMALL = (120, 40), (80, 24)
INF = float("inf")
COUNTS = (0.0, 4.0, 40.0, 90.0, 30.0, 8.0, 2.0, 0.0)
BOUNDS = (1.0, 2.0, 3.0, 4.0, 5.0, 10.0, 20.0, INF)
ROUTES = Routes(
    (
        Route("producer-http", "inbound", "default", 412.0, 0.9998, BOUNDS, COUNTS),
        Route("producer-http", "outbound", "kafka", 401.0, 1.0, BOUNDS, (*COUNTS[1:], 0.0)),
        Route("consumer", "outbound", "mongo", 18.0, 0.99, BOUNDS, COUNTS[::-1]),
    ),
    30,
)
PARTITIONS = Partitions(
    "bands.events",
    "bands-store",
    (
        Partition("kafka", 0, 12, 0, 14_211, 14_199, "consumer-7f9c"),
        Partition("kafka", 1, 0, 0, 9_000, 9_000, ""),
    ),
    {"consumer-7f9c": 1},
)
REJECTED = Rejections(
    (
        rejection(
            {"_id": "t:0#7", "value": '{"rank": "x"}', "origin": "http", "at": 1, "stored": 2,
             "reason": [{"field": "rank", "message": "is no whole number"}]}
        ),
    ),
    12,
    3,
)  # fmt: skip
STORED = Stored(
    {"_id": "t:4#14211", "tp": "t:4", "o": 14211, "id": "x", "origin": "http",
     "at": 1795830756519, "stored": 1795830756619, "event": {"name": "Café Tacvba", "rank": 5}},
    StoredRecord(1795830756.519, "create", 63, (("id", "x"),), ""),
)  # fmt: skip


class Given:
    """A source that says what it is told to, or raises it."""

    name, period, timeout = "queues", 1.0, 1.0
    needs: tuple[str, ...] = ()

    def __init__(self, told: Any) -> None:
        self.told = told
        self.closed = 0

    async def open(self) -> None:
        """Nothing to open."""

    async def read(self) -> Any:
        """What was given."""
        if isinstance(self.told, Exception):
            raise self.told
        return self.told

    async def close(self) -> None:
        """Counts."""
        self.closed += 1


class Saying(RecordedCommands):
    """A target whose pods say something."""

    def __init__(self) -> None:
        super().__init__()
        self.said: Sequence[str] | Exception = [f"line {n} of the pod" for n in range(100)]

    async def pod_log(self, pod: str, lines: int = 100, previous: bool = False) -> Sequence[str]:
        """What is said."""
        if isinstance(self.said, Exception):
            raise self.said
        return ["before the restart"] if previous else self.said[-lines:]

    def where(self) -> Here:
        return FakeHere(self)


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Mapping[str, Given]:
    """The sources of the pages."""
    told = {
        "routes": Given(ROUTES),
        "partitions": Given(PARTITIONS),
        "rejected": Given(REJECTED),
        "document": Given(STORED),
        "limit": Given(chain({"documents": 0.82, "consumer": 0.1}, ROUTES, 5000, "documents")),
    }

    def of(name: str) -> Callable[..., Any]:
        async def make(page: Page, here: Here) -> Given:
            return told[name]

        return make

    monkeypatch.setattr(traffic.RoutesPage, "make", of("routes"))
    monkeypatch.setattr(books.PartitionsPage, "make", of("partitions"))
    monkeypatch.setattr(books.RejectionsPage, "make", of("rejected"))
    monkeypatch.setattr(document.DocumentPage, "make", of("document"))
    monkeypatch.setattr(document.DocumentPage, "made", lambda page, source: None)
    monkeypatch.setattr(limit.LimitPage, "make", of("limit"))
    return told


def saying(frame: Frame | None = None, **options: Any) -> ControlRoom:
    """A room whose pods say something."""
    room = room_of(frame or frames.loaded(), **options)
    room.commands = Saying()
    return room


async def shows(room: ControlRoom, words: str) -> None:
    """Waits for it."""

    def there() -> bool:
        if isinstance(room.screen, Page):
            room.screen.draw()
        return words in screen_text(room)

    await until(there, f"{words} on the screen", 30)


async def test_a_deployment_its_pods_what_one_says_and_back() -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter")
        await shows(room, "room › fleet › ")
        await pilot.press("enter")
        await shows(room, "line 99 of the pod")
        await pilot.press("slash", *"99", "enter")
        await shows(room, "1 of 100 lines")
        assert "line 98" not in screen_text(room)
        await pilot.press("o")
        await shows(room, "life before")
        await pilot.press("q", "q")
        await until(lambda: room.screen is room.room, "the room", 30)


class Several(Saying):
    """A target whose pods say something of their own."""

    def __init__(self) -> None:
        super().__init__()
        self.lines: dict[str, list[str]] = {}

    async def pod_log(self, pod: str, lines: int = 100, previous: bool = False) -> Sequence[str]:
        if pod not in self.lines:
            raise Refused(f"There is no pod {pod}.")
        return self.lines[pod][-lines:]


def stamped(second: int, words: str) -> str:
    """A line as services write it."""
    return json.dumps({"at": f"2026-11-21T15:00:{second:02d}Z", "message": words})


async def test_all_pods_of_a_deployment_in_one_by_time_followed_and_filtered() -> None:
    frame = frames.loaded()
    fleet = frame[FLEET].value
    assert fleet is not None
    name = fleet.deployments[0].name
    one, two = (replace(fleet.pods[0], name=f"{name}-{end}", deployment=name) for end in "ab")

    def now(*pods: Pod) -> Frame:
        return frame.having(FLEET, replace(frame[FLEET], value=replace(fleet, pods=pods)))

    commands = Several()
    commands.lines = {one.name: [stamped(1, "first")], two.name: [stamped(2, "second")]}
    commands.lines[one.name].append(stamped(3, "third"))
    room = room_of(now(one, two))
    room.commands = commands
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter", "a")
        await shows(room, "third")
        shown = [row.split() for row in screen_text(room).splitlines() if "15:00:0" in row]
        assert [row[-2:] for row in shown] == [["a", "first"], ["b", "second"], ["a", "third"]]
        commands.lines[two.name].append(stamped(4, "fourth"))
        await shows(room, "b fourth")
        three = replace(one, name=f"{name}-c")
        commands.lines = {two.name: commands.lines[two.name], three.name: [stamped(9, "ninth")]}
        source_of(room).now = now(two, three)
        await shows(room, f"{one.name} is gone")
        await shows(room, f"{three.name} is there now")
        await shows(room, "c ninth")
        await pilot.press("slash", *"ninth", "enter")
        await shows(room, "/ninth")
        assert "fourth" not in screen_text(room)
        assert f"{one.name} is gone" in screen_text(room)
        await pilot.press("y")


async def test_a_line_of_all_pods_that_is_cut_says_so_and_is_copied_whole() -> None:
    frame = frames.loaded()
    fleet = frame[FLEET].value
    assert fleet is not None
    name = fleet.deployments[0].name
    pod = replace(fleet.pods[0], name=f"{name}-a", deployment=name)
    commands = Several()
    said = stamped(1, "again and again " * 20 + "the end")
    commands.lines = {pod.name: [said]}
    room = room_of(frame.having(FLEET, replace(frame[FLEET], value=replace(fleet, pods=(pod,)))))
    room.commands = commands
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("4", "enter", "a")
        await shows(room, "again and again")
        row = next(row for row in screen_text(room).splitlines() if "again and" in row)
        assert row.rstrip().endswith("…")
        await pilot.press("y")
        assert "the end" in room.clipboard


async def test_letters_that_are_typed_as_a_filter_are_no_keys() -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter", "enter")
        await shows(room, "line 99 of the pod")
        await pilot.press("slash", *"qyo/!", "backspace")
        await shows(room, "/qyo/_")
        await pilot.press("escape")
        await shows(room, "line 99 of the pod")


async def test_a_pod_whose_log_cannot_be_had_says_why_and_comes_back() -> None:
    room = saying()
    assert isinstance(room.commands, Saying)
    async with room.run_test(size=SMALL) as pilot:
        room.commands.said = Unreachable("No stack answers.", "Start it.")
        await pilot.press("4", "enter", "enter")
        await shows(room, "No stack answers. ".strip())
        room.commands.said = ["back again"]
        await pilot.press("r")
        await shows(room, "back again")


async def test_a_fleet_that_is_away_is_said_on_its_page() -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter")
        away = Health("reconnecting", frames.NOW, "the target cannot be reached", "It is asked.")
        frame = frames.loaded()
        source_of(room).now = frame.having(FLEET, replace(frame[FLEET], health=away))
        await shows(room, "fleet: reconnecting (the target cannot be reached")


async def test_traffic_opens_every_route_and_its_histogram(given: Mapping[str, Given]) -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("2", "enter")
        await shows(room, "waits longest for kafka")
        await pilot.press("j", "enter")
        await shows(room, "up to here")
        assert "producer-http › in default" in screen_text(room)
        assert "51.7%" in screen_text(room)
        given["routes"].told = Unreachable("Prometheus cannot be reached.", "")
        await shows(room, "Prometheus cannot be reached.")
        assert "51.7%" in screen_text(room)


async def test_books_open_partitions_and_reasons_with_examples(given: Mapping[str, Given]) -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("3", "enter", "enter")
        await shows(room, "consumer-7f9c")
        assert "nobody" in screen_text(room)
        await pilot.press("q", "j", "enter")
        await shows(room, "12 rejected, 3 repeated")
        await pilot.press("enter")
        await shows(room, '{"rank": "x"}')
        await pilot.press("enter")
        await shows(room, '"rank": "x"')
        await pilot.press("y")
        assert room.clipboard == '{"rank": "x"}'


async def test_a_line_of_the_log_opens_its_document_which_is_copied(
    given: Mapping[str, Given],
) -> None:
    room = saying()
    async with room.run_test(size=SMALL) as pilot:
        await pilot.press("6", "enter", "enter")
        await shows(room, "produced to stored: 100 ms")
        assert "Café Tacvba" in screen_text(room)
        await pilot.press("y")
        assert '"name": "Café Tacvba"' in room.clipboard
        given["document"].told = Refused("No document is stored in that direction.", "")
        await pilot.press("right")
        await shows(room, "No document is stored in that direction.")
        assert "Café Tacvba" in screen_text(room)


@pytest.mark.parametrize("read_only", [False, True])
async def test_the_limit_is_one_key_from_everywhere(
    given: Mapping[str, Given], read_only: bool
) -> None:
    room = saying(replace(frames.loaded(), read_only=read_only), read_only=read_only)
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("4", "enter", "i")
        await shows(room, "82% of the consumers' time")
        await pilot.press("Y")
        assert room.clipboard.startswith("$ controlroom metrics --limit\nThe limit is ")
        await pilot.press("i")
        assert screen_text(room).count("› limit") == 1
        await pilot.press("q")
        await shows(room, "room › fleet › ")


async def test_what_no_line_holds_is_looked_for_in_the_store(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line = LogLine(3, 42, 1795830756.0, 1795830756.1, "voto Nobody · else 5")

    class Two:
        """A search of two steps."""

        needs = ()

        def __init__(self, *asked: object) -> None:
            """Whatever is looked for."""

        async def open(self) -> None:
            """Nothing to open."""

        async def close(self) -> None:
            """Nothing to close."""

        async def steps(self) -> AsyncIterator[Found]:
            """Nothing, then a hit."""
            yield Found((), 0, 0, 4000)
            yield Found((line,), 1, 4000, 4000)

    monkeypatch.setattr(finding, "Finding", Two)
    monkeypatch.setattr(finding, "LiveEndpoints", lambda target: None)
    monkeypatch.setattr(FakeHere, "located", None)
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("6", "enter", "slash", *"nobody", "enter")
        await shows(room, "voto Nobody · else 5")
        assert "1 hits in 4,000 of 4,000 events (100%)" in screen_text(room)


async def test_a_panel_is_copied_as_text() -> None:
    room = saying()
    async with room.run_test(size=WIDE) as pilot:
        await pilot.press("3", "Y")
        assert "acknowledged" in room.clipboard
        assert "│" not in room.clipboard


def _answered(page: Page) -> bool:
    return not page.asks or page.answered is not None


@pytest.mark.parametrize(
    ("size", "ascii_only"), [((60, 16), False), (SMALL, True), ((200, 60), False)], ids=str
)
async def test_every_page_fits_every_size(
    given: Mapping[str, Given], size: tuple[int, int], ascii_only: bool
) -> None:
    room = saying(ascii_only=ascii_only)
    pages = (
        traffic.RoutesPage(room.below),
        traffic.HistogramPage(room.below, "producer-http", "inbound", "default"),
        books.BooksPage(room.below),
        books.PartitionsPage(room.below),
        books.RejectionsPage(room.below),
        limit.LimitPage(room.below),
    )
    async with room.run_test(size=size) as pilot:
        for page in pages:
            room.push_screen(page)
            await pilot.pause()
            await shows(room, "esc")
            await until(partial(_answered, page), "an answer", 30)
            page.draw()
            strips = page.composed(room.source.frame(frames.NOW), *size)
            assert [strip.cell_length for strip in strips] == [size[0]] * size[1]
            assert "esc" in strips[-1].text
            if ascii_only:
                assert all(strip.text.isascii() for strip in strips)
