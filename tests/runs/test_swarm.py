"""A load that several processes make: the real Locust master and workers, a real server."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from controlroom.runs.account import LoadAccount
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import first_view
from controlroom.runs.merging import LOST, Merging
from controlroom.runs.report import LoadProgress, parse
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import LoadSpec
from controlroom.runs.supply import LoadPart, Supply
from tests.ports import free_port
from tests.runs.server import Server
from tests.waiting import until

pytestmark = pytest.mark.processes


class Swarm:
    """A master with its workers, as the containers of the Jobs start them."""

    def __init__(self, folder: Path, spec: LoadSpec, workers: int) -> None:
        self.folder = RunFolder(folder / "r-0042")
        self.folder.path.mkdir()
        self.folder.write_spec(spec)
        port = str(free_port())
        words = [str(self.folder.path), str(workers)]
        self.master = self._start("master", *words, port)
        self.workers = [
            self._start("worker", *words, f"127.0.0.1:{port}", index=n) for n in range(workers)
        ]

    def _start(self, *words: str, index: int = 0) -> subprocess.Popen[bytes]:
        return subprocess.Popen(
            [sys.executable, "-m", "controlroom.runs.swarm", *words],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "JOB_COMPLETION_INDEX": str(index)},
        )

    def lines(self) -> list[LoadProgress]:
        """All that the master tells, once it has ended."""
        told, _ = self.master.communicate(timeout=90)
        return [parse(line) for line in told.splitlines()]

    def end(self) -> None:
        for process in (self.master, *self.workers):
            process.kill()
            process.communicate()


@pytest.fixture
def swarm(tmp_path: Path) -> Iterator[Callable[[LoadSpec, int], Swarm]]:
    made: list[Swarm] = []

    def make(spec: LoadSpec, workers: int) -> Swarm:
        made.append(Swarm(tmp_path, spec, workers))
        return made[-1]

    yield make
    for one in made:
        one.end()


def test_two_workers_send_every_number_and_every_record_once(
    server: Server, swarm: Callable[[LoadSpec, int], Swarm], votes: Callable[[int], Path]
) -> None:
    spec = LoadSpec(
        url=server.url, scenario="bands", users=5, file=str(votes(401)), timeout=60.0, rate=2000.0
    )
    lines = swarm(spec, 2).lines()
    last = lines[-1]
    assert last.final
    assert (last.bound, last.sent, last.total, last.error) == ("file", 401, 401, "")
    assert [line.line_number for line in lines] == list(range(1, len(lines) + 1))
    assert sum(len(line.took) for line in lines) == 401
    assert sorted(server.ids) == sorted(f"r-0042-{n}" for n in range(1, 402))
    albums = Counter(json.loads(body)["album"] for body in server.bodies)
    assert albums == Counter(f"Album {n}" for n in range(401))
    numbers = [
        n
        for line in lines
        for low, high in line.acknowledged
        for n in range(low, high + 1)
    ]  # fmt: skip
    assert sorted(numbers) == list(range(1, 402))


async def test_a_term_to_the_master_drains_all(
    server: Server, swarm: Callable[[LoadSpec, int], Swarm]
) -> None:
    spec = LoadSpec(url=server.url, scenario="bands", users=4, timeout=60.0)
    one = swarm(spec, 2)
    await until(lambda: server.count > 100, "the load flows", timeout=60)
    one.master.send_signal(signal.SIGTERM)
    lines = one.lines()
    assert (lines[-1].final, lines[-1].bound) == (True, "stopped")
    assert sum(len(line.took) for line in lines) == lines[-1].sent == server.count


def test_a_worker_that_dies_is_told_when_the_others_have_ended_and_not_hours_later(
    server: Server, swarm: Callable[[LoadSpec, int], Swarm], votes: Callable[[int], Path]
) -> None:
    spec = LoadSpec(
        url=server.url, scenario="bands", users=2, file=str(votes(200)), timeout=9000.0, rate=40.0
    )
    one = swarm(spec, 2)
    assert one.master.stdout is not None
    first = next(line for line in map(parse, one.master.stdout) if line.sent > 10)
    one.workers[0].kill()
    last = one.lines()[-1]
    assert (last.final, last.total) == (True, 200)
    assert "1 of 2 load workers" in last.error
    assert first.sent < last.sent < 200


def test_parts_share_numbers_and_bodies_without_a_gap() -> None:
    for total in (0, 1, 5, 12):
        bodies = [str(n).encode() for n in range(total)]
        sent: list[tuple[int, bytes]] = []
        for index in range(3):
            supply = Supply(iter(bodies), None, total, part=LoadPart(index, 3))
            while (request := supply.take()) is not None:
                sent.append(request)
            assert supply.bound == "file"
        assert sorted(number for number, _ in sent) == list(range(1, total + 1))
        assert sorted(body for _, body in sent) == sorted(bodies)


def test_what_a_lost_worker_sent_is_not_forgotten() -> None:
    merging = Merging(2)
    merging.add("a", LoadProgress(elapsed=2.0, sent=10, took=[5] * 10, bound="number", final=True))
    merging.add("b", LoadProgress(elapsed=1.0, sent=7, took=[5] * 4))
    assert not merging.complete
    merging.lose()
    line = merging.take()
    assert line.failures == {LOST: 3}
    assert line.sent == 17
    assert "1 of 2 load workers" in line.error


def test_a_line_that_follows_a_gap_is_only_taken_where_nothing_earlier_can_be_had(
    tmp_path: Path,
) -> None:
    spec = LoadSpec(url="http://127.0.0.1", scenario="bands")
    folder = RunFolder(tmp_path)
    account = LoadAccount(RunWriter(folder, first_view(folder.id, spec)), spec)

    def line(number: int) -> bytes:
        return LoadProgress(sent=number * 10, took=[7] * 10, line_number=number).line()

    assert account.take(line(1))
    assert account.take(line(1)), "one that was read before is passed over"
    assert not account.take(line(4), earlier=True)
    assert account.take(line(2), earlier=True)
    assert account.take(line(4))
    view = folder.read_view()
    assert view is not None
    assert view.load is not None
    assert (view.load.sent, view.load.answered) == (40, 30)
    (lost,) = [e for e in folder.journal.entries() if e["event"] == "lines were lost"]
    assert lost["count"] == 1
