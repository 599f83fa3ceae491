"""Measures the branches of a split: what each got, how it answered, and how fast."""

from __future__ import annotations

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Self

from controlroom.model.counted import Answers, Counted
from controlroom.model.golden import GoldenRow
from controlroom.model.queries import TrafficRow
from controlroom.model.split import BranchFigures, SplitFigures
from controlroom.runs.golden_reader import PATIENCE, GoldenReader
from controlroom.targets.abilities import Located
from stack.faults.splitting import Split
from wire.ending import end

WINDOW = 30
"""Seconds that rates and latencies cover while it goes on."""
LEAST = 15
"""Seconds that a rate of Prometheus needs at least."""
EVERY = 1.0
RECENT = 10.0
"""Seconds that the rate of requests covers where the target counts them."""


class BranchMeter:
    """Counts come from the target where it has them, else from the counters in Prometheus, as all
    latencies do, which knows them by deployment and so sees other requests of these too."""

    def __init__(self, target: Located, split: Split) -> None:
        self._split = split
        self._rows = {one.service: TrafficRow(one.service, "inbound") for one in split.branches}
        self._golden: Mapping[str, GoldenRow] = {}
        self._recent: deque[tuple[float, Mapping[str, Any]]] = deque()
        self._reader = GoldenReader(target)
        self._began = time.monotonic()
        self._counted = Counted()
        self._at_begin: Mapping[str, Answers] = {}
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        self._task = asyncio.create_task(self._follow())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._task is not None:
            await end([self._task])
        await self._reader.close()

    def begin(self) -> None:
        """The split is on from now."""
        self._began = time.monotonic()
        self._at_begin = {service: self._counted.of(service) for service in self._rows}

    def figures(self, counts: Mapping[str, Any] | None) -> SplitFigures:
        """As known now. `counts` are the target's: branch -> `requests` and `failed`."""
        found = [
            self._branch(one.title, one.service, share, counts)
            for one, share in zip(self._split.branches, self._split.shares, strict=True)
        ]
        whole = sum(one.requests for one in found)
        good = whole - sum(one.failed for one in found)
        return SplitFigures(
            tuple(replace(one, got=one.requests / whole) if whole else one for one in found),
            self._split.predicted,
            good / whole if whole else None,
            whole,
        )

    async def whole(self) -> None:
        """Asks once more, for all of its time: for the result."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await self._ask(max(LEAST, round(time.monotonic() - self._began)))

    def _branch(
        self, name: str, service: str, share: float, counts: Mapping[str, Any] | None
    ) -> BranchFigures:
        row = self._golden.get(service)
        made = BranchFigures(name, service, share)
        if row is not None:
            made = replace(
                made, success=row.success, rps=row.rps, p50=row.p50, p95=row.p95, p99=row.p99
            )
        if counts is None:
            came = self._counted.of(service).since(self._at_begin.get(service, Answers()))
            success = came.good / came.total if came.total else None
            return replace(made, requests=came.total, failed=came.bad, success=success)
        mine = counts.get(name) or {}
        requests, failed = int(mine.get("requests", 0)), int(mine.get("failed", 0))
        return replace(
            made,
            requests=requests,
            failed=failed,
            success=(requests - failed) / requests if requests else None,
            rps=self._rate(name, counts),
        )

    def _rate(self, name: str, counts: Mapping[str, Any]) -> float | None:
        """Requests/s of the last seconds, by the target's own counts."""
        now = time.monotonic()
        if not self._recent or now - self._recent[-1][0] >= EVERY:
            self._recent.append((now, counts))
        while len(self._recent) > 1 and now - self._recent[0][0] > RECENT:
            self._recent.popleft()
        since, before = self._recent[0]
        if now - since < EVERY:
            return None
        first = (before.get(name) or {}).get("requests", 0)
        return float(max(0, counts.get(name, {}).get("requests", 0) - first) / (now - since))

    async def _follow(self) -> None:
        while True:
            lasted = time.monotonic() - self._began
            await self._ask(min(WINDOW, max(LEAST, round(lasted))))
            await asyncio.sleep(EVERY)

    async def _ask(self, window: int) -> None:
        """One round; where Prometheus does not answer, nothing is known of latencies."""
        rows = tuple(self._rows.values())
        counters = await self._reader.counters(rows)
        if counters is not None:
            self._counted.see(counters)
        found = await self._reader.read(window, rows)
        self._golden = {} if found is None else {row.deployment: row for row in found.rows}
