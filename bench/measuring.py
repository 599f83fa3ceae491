"""How well load is measured here: `python -m bench.measuring [--quick]`. Nothing is asserted.

1. How many arrivals of the open loop start within 2 ms of their schedule, at 100 to 10,000/s.
2. What a core of the load generator is good for, beside Locust and, where they are on PATH, oha,
   k6, wrk and hey, in turns. Requests are what the server has counted; CPU is that of the client's
   process from its start to its end.
3. A server that stops for 200 ms every 2 s, as an open and as a closed loop see it.
4. What recordings of a room cost (`bench.recorded`).

The server is `bench.trivial`, which does nothing but answer.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import recorded
from bench.bodies import SCENARIO, http_bodies
from bench.running_stack import print_machine
from controlroom.arrivals.histogram import Histogram
from controlroom.arrivals.results import HISTOGRAM, read_result
from controlroom.runs.report import parse
from controlroom.runs.spec import LoadSpec
from controlroom.runs.store import RunStore

RATES = (100, 1_000, 5_000, 10_000)
PRESSING = 20_000
"""Arrivals/s of the open loop where it is to show what it can: about what the server takes, since
a dropped arrival costs CPU too."""
CONNECTIONS = 50
STALL_EVERY, STALL = 2.0, 0.2
STALL_RATE, STALL_USERS = 500, 10


@dataclass
class Server:
    """One that runs; `answered` is known when it is over."""

    port: int
    answered: int = 0

    @property
    def url(self) -> str:
        """Where it is."""
        return f"http://127.0.0.1:{self.port}/input"


@contextlib.contextmanager
def serving(*stall: float) -> Iterator[Server]:
    """A server of its own, in a process of its own."""
    process = subprocess.Popen(
        [sys.executable, "-m", "bench.trivial", *map(str, stall)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        server = Server(int(process.stdout.readline()))
        yield server
        process.stdin.close()
        server.answered = int(process.stdout.readline())
        process.wait(10)
    finally:
        process.kill()
        process.wait()


def opened(server: Server, rate: float, seconds: float, **more: Any) -> tuple[Any, Histogram]:
    """An open load, and the latencies that it measured."""
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as name:
        folder = Path(name)
        plan = {"url": server.url, "scenario": SCENARIO, "rate": rate, "seconds": seconds, **more}
        (folder / "plan.json").write_text(json.dumps(plan))
        subprocess.run(
            [sys.executable, "-m", "controlroom.arrivals", folder / "plan.json", folder / "out"],
            check=True,
        )
        return read_result(folder / "out"), Histogram.read(folder / "out" / HISTOGRAM)


def locust(server: Server, users: int, seconds: float, rate: float | None = None) -> Histogram:
    """The load process of closed runs, and the latencies that it measured."""
    times = Histogram()
    with tempfile.TemporaryDirectory(prefix="controlroom-bench-") as name:
        run = RunStore(Path(name)).create()
        run.write_spec(
            LoadSpec(
                url=server.url, scenario=SCENARIO, users=users, rate=rate, timeout=seconds, seed=1
            )
        )
        with subprocess.Popen(
            [sys.executable, "-m", "controlroom.runs.locustfile", run.path],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        ) as process:  # fmt: skip
            assert process.stdout is not None
            for line in process.stdout:
                for micros in parse(line).took:
                    times.add(micros)
    return times


def _called(*command: str | Path) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def _lean(server: Server, seconds: float) -> None:
    order = {"urls": [server.url], "size": 1, "connections": CONNECTIONS, "seconds": seconds}
    subprocess.run(
        [sys.executable, "-m", "bench.http_load"],
        input=json.dumps(order), text=True, check=True, stdout=subprocess.DEVNULL,
    )  # fmt: skip


def _with_script(text: str, *command: str) -> None:
    """Runs a tool that wants a script, whose name stands where SCRIPT does."""
    with tempfile.NamedTemporaryFile("w", suffix=".js") as script:
        script.write(text)
        script.flush()
        _called(*(script.name if word == "SCRIPT" else word for word in command))


def clients() -> dict[str, Callable[[Server, float], object]]:
    """Name -> what sends as much as it can over 50 connections."""
    body, kind = http_bodies(1)[0].decode(), "application/json"
    count = str(CONNECTIONS)
    lua = f"wrk.method = 'POST'\nwrk.body = [[{body}]]\nwrk.headers['Content-Type'] = '{kind}'\n"
    script = (
        "import http from 'k6/http';\n"
        f"const body = {json.dumps(body)};\n"
        f"const sent = {{headers: {{'Content-Type': '{kind}'}}}};\n"
        "export default () => http.post(__ENV.URL, body, sent);\n"
    )
    all_of_them: dict[str, Callable[[Server, float], object]] = {
        f"controlroom, open loop at {PRESSING:,}/s": lambda server, seconds: opened(
            server, PRESSING, seconds, most_waiting=CONNECTIONS
        ),
        "controlroom, closed loop (Locust)": lambda server, seconds: locust(
            server, CONNECTIONS, seconds
        ),
        "bench.http_load": _lean,
        "oha": lambda server, seconds: _called(
            *("oha", "--no-tui", "-z", f"{seconds:g}s", "-c", count, "-m", "POST"),
            *("-T", kind, "-d", body, server.url),
        ),
        "hey": lambda server, seconds: _called(
            *("hey", "-z", f"{seconds:g}s", "-c", count, "-m", "POST"),
            *("-T", kind, "-d", body, server.url),
        ),
        "wrk": lambda server, seconds: _with_script(
            lua, *("wrk", "-t1", f"-c{count}", f"-d{seconds:g}s", "-s", "SCRIPT", server.url)
        ),
        "k6": lambda server, seconds: _with_script(
            script,
            *("k6", "run", "--vus", count, "--duration", f"{seconds:g}s"),
            *("-e", f"URL={server.url}", "SCRIPT"),
        ),
    }
    tools = ("oha", "hey", "wrk", "k6")
    return {
        name: run for name, run in all_of_them.items() if name not in tools or shutil.which(name)
    }


def _cpu_of_children() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def precision(seconds: float) -> None:
    """Table 1."""
    _table(
        "Arrivals against the schedule, `ms after it`",
        ("rate/s", "within 2 ms", "p50", "p99", "p99.9", "max", "dropped", "CPU of a core", "lost"),
    )
    for rate in RATES:
        with serving() as server:
            result, _ = opened(server, rate, seconds)
        late = result["lateness_ms"]
        _row(
            f"{rate:,}", f"{result['on_time']:.2%}", *_ms(late, "p50", "p99", "p99.9", "max"),
            result["dropped"], f"{result['cpu']:.0%}", result["sent"] - server.answered,
        )  # fmt: skip


def limits(seconds: float, rounds: int) -> None:
    """Table 2."""
    found: dict[str, list[tuple[float, float]]] = {name: [] for name in clients()}
    for _ in range(rounds):
        for name, run in clients().items():
            before = _cpu_of_children()
            with serving() as server:
                run(server, seconds)
                cpu = _cpu_of_children() - before
            found[name].append((server.answered / seconds, server.answered / cpu))
    _table(
        f"As much as it can, {CONNECTIONS} connections, median of {rounds}",
        ("client", "requests/s", "requests per second of its CPU"),
    )
    for name, pairs in found.items():
        rate, each = (statistics.median(column) for column in zip(*pairs, strict=True))
        _row(name, f"{rate:,.0f}", f"{each:,.0f}")


def stalls(seconds: float) -> None:
    """Table 3."""
    _table(
        f"{STALL_RATE} requests/s to a server that stops for {STALL * 1e3:g} ms "
        f"every {STALL_EVERY:g} s, ms",
        ("loop", "answered", "p50", "p95", "p99", "p99.9", "max", "above 20 ms"),
    )
    with serving(STALL_EVERY, STALL) as server:
        _, times = opened(server, STALL_RATE, seconds)
    _latencies("open, from the intended start", times)
    with serving(STALL_EVERY, STALL) as server:
        times = locust(server, STALL_USERS, seconds, STALL_RATE)
    _latencies(f"closed, {STALL_USERS} users, from sending", times)


def _latencies(name: str, times: Histogram) -> None:
    within = times.share_within(20_000)
    above = "-" if within is None else f"{1 - within:.2%}"
    _row(name, times.total, *_ms(times.summary(), "p50", "p95", "p99", "p99.9", "max"), above)


def _ms(summary: dict[str, float | None], *names: str) -> list[str]:
    return ["-" if (value := summary[name]) is None else f"{value:.2f}" for name in names]


def _table(title: str, head: Sequence[str]) -> None:
    print(f"\n{title}\n\n| {' | '.join(head)} |\n|---|{'---:|' * (len(head) - 1)}", flush=True)


def _row(*cells: object) -> None:
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


def main() -> int:
    """Prints the tables; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.measuring", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a minute instead of six")
    quick = parser.parse_args().quick
    print_machine()
    precision(3.0 if quick else 20.0)
    limits(3.0 if quick else 8.0, 1 if quick else 5)
    stalls(8.0 if quick else 30.0)
    recorded.figures()
    return 0


if __name__ == "__main__":
    sys.exit(main())
