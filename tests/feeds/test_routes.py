"""Details of the traffic are asked for only while somebody has them in sight."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs

import httpx
import pytest

from controlroom import wiring
from controlroom.app import ControlRoom
from controlroom.feeds.routes import RoutesSource
from controlroom.model.frame import GOLDEN, ROUTES
from controlroom.model.queries import route_queries
from controlroom.settings import Settings
from controlroom.wiring import Room
from tests.feeds.test_room import QuietTarget
from tests.feeds.world import World
from tests.room import frames
from tests.room.fakes import FixedSource
from tests.room.rooms import room_of
from tests.waiting import until

WINDOW = 30


class Counted:
    """A way to Prometheus that counts the questions for routes."""

    def __init__(self, prometheus: str) -> None:
        self.questions = 0
        """Those for routes."""
        counted, wanted = self, set(route_queries("test", WINDOW))

        class Way(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                asked = parse_qs(body.decode()).get("query", [""])[0]
                counted.questions += asked in wanted
                kind = {"Content-Type": self.headers["Content-Type"]}
                told = httpx.post(prometheus + self.path, content=body, headers=kind).content
                self.send_response(200)
                self.send_header("Content-Length", str(len(told)))
                self.end_headers()
                self.wfile.write(told)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002
                return

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Way)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def counted(bands: World) -> Iterator[Counted]:
    """A way to the real Prometheus."""
    way = Counted(bands.engines.prometheus)
    yield way
    way.close()


async def test_routes_are_asked_for_only_while_they_are_in_sight(
    bands: World, counted: Counted, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wiring, "SEEN_FOR", 0.4)
    monkeypatch.setattr(RoutesSource, "period", 0.1)
    monkeypatch.setattr(RoutesSource, "calm_period", 0.1)
    target = QuietTarget(bands.engines)
    target.move(prometheus=counted.url)
    settings = Settings(state_dir=tmp_path, window=WINDOW)
    room = Room(bands.scenario, target, settings)  # type: ignore[arg-type]
    await room.start()

    def answered() -> bool:
        room.see()
        return room.frame()[ROUTES].value is not None

    def asked_again() -> bool:
        room.see()
        return counted.questions > 6

    async def none_more() -> bool:
        """Whether nothing is asked for as long as some questions would have taken."""
        before, since = counted.questions, time.monotonic()
        await until(lambda: time.monotonic() - since > 1, "a second went by")
        return counted.questions == before

    try:
        await until(lambda: room.frame()[GOLDEN].health.ok, "the golden metrics are live")
        assert counted.questions == 0, "nobody has looked"
        await until(answered, "whoever looks is told")
        await until(asked_again, "and is told again")
        await until(lambda: room.frame()[ROUTES].value is None, "nothing old is kept")
        assert await none_more()
        await until(answered, "whoever looks again is told again")
    finally:
        await room.stop()


class Seeing(FixedSource):
    """Counts how often the details are said to be in sight."""

    def __init__(self) -> None:
        super().__init__(frames.loaded())
        self.seen = 0

    def see(self) -> None:
        self.seen += 1


def drawn(room: ControlRoom) -> bool:
    """The next picture, however soon it is after the one before; whether the details were said to
    be in sight."""
    assert isinstance(room.source, Seeing)
    before = room.source.seen
    room._behind = 0.0
    room.tick()
    return room.source.seen > before


async def test_they_are_in_sight_in_the_zoomed_panel_alone() -> None:
    room = room_of(frames.loaded())
    room.source = Seeing()
    async with room.run_test(size=(120, 40)) as pilot:
        await pilot.press("2")
        assert not drawn(room)
        await pilot.press("z")
        await until(lambda: drawn(room), "the zoomed panel shows them")
        await pilot.press("question_mark")
        await until(lambda: drawn(room), "they are behind the help")
        await pilot.press("escape", "enter")
        await until(lambda: room.screen is not room.room, "a page covers them")
        assert not any(drawn(room) for _ in range(3))
        await pilot.press("escape", "z")
        await until(lambda: not room.room.zoomed, "the panel is small again")
        assert not any(drawn(room) for _ in range(3))


def test_counting_changes_no_answer(counted: Counted, bands: World) -> None:
    def asked(url: str) -> object:
        answer = httpx.post(f"{url}/api/v1/query", data={"query": "vector(7)"})
        return answer.json()["data"]["result"][0]["value"][1]

    assert asked(counted.url) == asked(bands.engines.prometheus) == "7"
