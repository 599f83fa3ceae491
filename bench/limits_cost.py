"""What one HTTP producer costs per event, this tree beside another one, in turns.

`python -m bench.limits_cost --kafka ADDRESS --redis URL OTHER_TREE` starts one producer of each
tree and drives them one after the other, `--rounds` times: one event per request, and bodies of
100. Prints the median of accepted events/s, and median and least of the CPU microseconds of the
producer per event; on a busy machine only the least can be compared.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import statistics
import subprocess
import sys
import tempfile
import uuid
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from bench.http_load import drive
from bench.processes import free_port
from scenarios.loading import file_of

ROOT = Path(__file__).resolve().parent.parent


def _start(tree: Path, scenario: Path, kafka: str, redis: str) -> tuple[psutil.Popen, str]:
    port = str(free_port())
    env = {
        "PATH": os.environ["PATH"],
        "SCENARIO": str(scenario),
        "KAFKA_BOOTSTRAP": kafka,
        "REDIS_URL": redis,
        "POD_NAME": "bench",
        "POD_IP": "127.0.0.1",
        "HTTP_PORT": port,
        "ADMIN_PORT": str(free_port()),
        "LEDGER_DIR": str(scenario.parent / uuid.uuid4().hex),
        "DRAIN_SECONDS": "0",
    }
    command = [sys.executable, "-m", "services.producer_http"]
    process = psutil.Popen(command, cwd=tree, env=env, stdout=subprocess.DEVNULL)
    return process, f"http://127.0.0.1:{port}/input"


async def _measure(
    process: psutil.Popen, url: str, size: int, connections: int, seconds: float
) -> tuple[float, float]:
    before = process.cpu_times()
    outcome = await drive([url], size, connections, seconds)
    after = process.cpu_times()
    assert not outcome.failures, f"{outcome.failures} requests failed"
    spent = after.user + after.system - before.user - before.system
    return outcome.rate, 1e6 * spent / max(1, outcome.events)


async def _wait(url: str) -> None:
    where = urlsplit(url)
    while True:
        try:
            _, writer = await asyncio.open_connection(where.hostname, where.port)
            writer.close()
            if not (await drive([url], 1, 1, 0.05)).failures:
                return
        except OSError:
            await asyncio.sleep(0.2)


async def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("other", type=Path)
    parser.add_argument("--kafka", required=True)
    parser.add_argument("--redis", required=True)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=3.0)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scenario = Path(folder) / f"bench-{uuid.uuid4().hex[:8]}.toml"
        text = file_of("bands").read_text()
        scenario.write_text(text.replace('name = "bands"', f'name = "{scenario.stem}"'))
        doors = {
            name: _start(tree, scenario, given.kafka, given.redis)
            for name, tree in (("other", given.other), ("this", ROOT))
        }
        try:
            for _, url in doors.values():
                await _wait(url)
            for size in (1, 100):
                found: dict[str, list[tuple[float, float]]] = {name: [] for name in doors}
                for _ in range(given.rounds):
                    for name, (process, url) in doors.items():
                        measured = await _measure(
                            process, url, size, given.connections, given.seconds
                        )
                        found[name].append(measured)
                for name, rounds in found.items():
                    rate = statistics.median(rate for rate, _ in rounds)
                    costs = [cost for _, cost in rounds]
                    print(
                        f"{size:>4} per body  {name:<6} {rate:>9,.0f} events/s"
                        f"  {statistics.median(costs):7.2f} us CPU, least {min(costs):7.2f}"
                    )
        finally:
            for process, _ in doors.values():
                process.terminate()
                process.wait(15)
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
