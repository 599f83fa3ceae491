"""A load that is sent from inside the cluster, by Jobs, to a whole pipeline."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.clusters.environment import Deployed
from tests.waiting import until

pytestmark = [pytest.mark.clusters, pytest.mark.timeout(900)]

REQUESTS, BATCH = 400, 5


async def test_a_load_by_jobs_is_counted_to_the_event_and_its_jobs_succeed(
    deployed: Callable[[str, str], Deployed], tmp_path: Path
) -> None:
    one = deployed("lab-a", "lab-one")
    one.give_image("load", tmp_path)
    before = one.books()
    words = ("-n", str(REQUESTS), "--batch", str(BATCH), "--in-cluster", "2", "--timeout", "3m")
    told = await asyncio.to_thread(one.run, "run", *words, "--json", timeout=300)
    result = told.json()["result"]
    assert (result["answered"], result["failed"], result["bound"]) == (REQUESTS, 0, "number")
    books = await one.drained()
    new = {name: books[name] - before[name] for name in ("acknowledged", "counted", "stored")}
    assert set(new.values()) == {REQUESTS * BATCH}, str(books)
    assert (books["lost"], books["doubled"]) == (0, 0), str(books)

    chosen = f"controlroom/load,controlroom/run={told.json()['id']}"

    def succeeded() -> list[int]:
        jobs = one.get("jobs", "-n", "controlroom", "-l", chosen)["items"]
        return sorted(job["status"].get("succeeded", 0) for job in jobs)

    async def over() -> bool:
        return await asyncio.to_thread(succeeded) == [1, 2]

    await until(over, "the master and both workers have succeeded", 60, every=0.5)
