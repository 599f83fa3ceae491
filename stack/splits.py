"""Splits at the ingress: haproxy divides the requests of a path among backends, by its socket.

A path leads to a split by a map, a split and the number of the request lead to a branch by another.
Both are replaced as a whole, so no request meets half of a change, and none is turned away.
"""

from __future__ import annotations

import asyncio
import re
from bisect import bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import accumulate

from host.errors import StackError, refused
from stack.engines.haproxy import Haproxy
from stack.faults.model import SplitBranch, SplitRule
from stack.manifests.model import Manifests, Route, Service
from stack.pods.controller import Controller

PATHS = "splits.map"
"""Path with a slash at its end -> key of the split, or `-` for a route of its own below it."""
TURNS = "turns.map"
"""Key of a split, colon, turn -> `KEY/BRANCH/BACKEND`."""
REWRITES = "rewrites.map"
"""`KEY/BRANCH/BACKEND` -> path that is asked for instead of the request's own."""
FILES = {PATHS: "", TURNS: "", REWRITES: ""}
COUNTS = "split-counts"
_COUNTER = "split-turns"
ROUND = 1000
"""Turns after which the order begins again."""
_STEP = (5**0.5 - 1) / 2
"""The golden ratio: any few turns in a row are spread as evenly as all are."""
START = 30.0
"""Seconds in which what is started for a split has to be ready."""
SETTLE = 2.0
"""Seconds that requests under way get to be counted at the end."""
_CHUNK = 100
"""Lines of a map in one command: haproxy takes as much as its buffer holds."""
_ROW = re.compile(
    r"key=(?P<key>\S+) use=(?P<use>\d+).* gpc0=(?P<good>\d+) http_req_cnt=(?P<requests>\d+)"
)
Counts = dict[str, tuple[int, int]]

TABLES = f"""\
backend {_COUNTER}
  stick-table type string len 32 size 64 expire 1h store gpc0

backend {COUNTS}
  stick-table type string len 200 size 512 expire 1h store gpc0,http_req_cnt
"""


def split_lines(own: Sequence[str]) -> list[str]:
    """What the ingress does with a request before it chooses a route. `own` are conditions of
    requests that no split means."""
    except_for = " unless own_route" if own else ""
    return [
        *(f"acl own_route {condition}" for condition in own),
        f'http-request set-var-fmt(txn.place) "%[path]/"{except_for}',
        f"http-request set-var(txn.split) var(txn.place),map_beg({PATHS})",
        "acl split var(txn.split) -m beg split-",
        f"http-request track-sc0 var(txn.split) table {_COUNTER} if split",
        'http-request set-var-fmt(txn.turn) "%[var(txn.split)]:'
        f'%[sc0_inc_gpc0({_COUNTER}),mod({ROUND})]" if split',
        f"http-request set-var(txn.branch) var(txn.turn),map({TURNS}) if split",
        "acl branch var(txn.branch) -m found",
        f"http-request track-sc1 var(txn.branch) table {COUNTS} if branch",
        # haproxy's own count of failures knows none of those that no pod has answered
        "http-response sc-inc-gpc0(1) if branch { status lt 500 }",
        f"http-request set-var(txn.path) var(txn.branch),map({REWRITES}) if branch",
        "http-request set-path %[var(txn.path)] if { var(txn.path) -m found }",
        "use_backend %[var(txn.branch),field(3,/)] if branch",
    ]


def turns(shares: Sequence[float]) -> list[int]:
    """Place of the branch that has each turn of a round."""
    bounds = list(accumulate(shares))
    last = max(place for place, share in enumerate(shares) if share)
    return [min(last, bisect_right(bounds, turn * _STEP % 1)) for turn in range(ROUND)]


class SplitRules:
    """The splits that are on now; a new haproxy gets them again."""

    def __init__(
        self,
        haproxy: Haproxy,
        manifests: Manifests,
        backend: Callable[[str, str], str],
        controllers: Mapping[str, Controller],
    ) -> None:
        self._haproxy = haproxy
        self._manifests = manifests
        self._backend = backend
        self._controllers = controllers
        self._rules: dict[str, SplitRule] = {}
        self._on: set[str] = set()
        """Owners of those that haproxy should have: all but those that wait for a service."""
        self._seen: dict[str, Counts] = {}
        """Owner -> counts as they were last seen."""
        self._before: dict[str, Counts] = {}
        """Owner -> what a haproxy that is gone had counted."""
        self._pid = ""
        """The haproxy that has the splits."""
        self._woken: dict[str, set[str]] = {}
        """Deployment that was started for splits -> their owners."""
        self._lock = asyncio.Lock()

    def check(self, paths: Sequence[str]) -> None:
        """Raises StackError for a path that no route has, or that is split already."""
        for path in paths:
            self.routed(path)
            if any(path in rule.paths for rule in self._rules.values()):
                raise StackError(
                    f"Another split has the requests for {path}.",
                    "End that one first: `controlroom split stop`.",
                    "refused",
                )

    def routed(self, path: str) -> str:
        """The Service that has the requests of a path without a split. Raises StackError."""
        routes = [one for one in self._manifests.routes if _plain(one)]
        leading = [one for one in routes if (path + "/").startswith(_slashed(one.path))]
        if not leading:
            raise refused(f"The ingress has no route for {path}", "see `controlroom endpoints`")
        return max(leading, key=lambda one: len(one.path)).service

    def backend(self, service: str, port: str | int) -> str:
        """The backend of a Service's port. Raises StackError."""
        known = self._service(service)
        for one in known.ports:
            if port in (one.name, one.number):
                return self._backend(service, one.name)
        names = ", ".join(f"{one.name} ({one.number})" for one in known.ports)
        raise refused(f"{service} has no port {port}", f"its ports are {names}")

    def ready(self, service: str) -> int | None:
        """Ready pods; None where they are started for the split."""
        found = self._deployments(service)
        if any(self._sleeps(one) for one in found):
            return None
        return sum(one.ready for one in found)

    async def add(self, rule: SplitRule) -> None:
        """Divides from now on. Raises StackError."""
        self.check(rule.paths)
        self._rules[rule.owner] = rule
        await self._wake(rule)
        async with self._lock:
            self._on.add(rule.owner)
            await self._put()

    async def counts(self, rule: SplitRule) -> Counts:
        """Name of each branch -> requests that it got, and how many of these failed."""
        async with self._lock:
            return (await self._read(rule))[0]

    async def remove(self, rule: SplitRule) -> Counts:
        """As without it, and the last counts. Raises StackError where something is left; then it
        may be asked again."""
        if rule.owner not in self._rules:
            return {}
        async with self._lock:
            self._on.discard(rule.owner)
            others = self._put_rules()
            await self._replace(PATHS, self._paths(others))
            if rule.owner in await self._haproxy.answer(f"show map {PATHS}"):
                raise StackError("A split is left in haproxy.", "Restart haproxy.")
            counts = await self._settled(rule)
            await self._replace(TURNS, _turn_lines(others))
            await self._replace(REWRITES, _rewrite_lines(others))
            for one in rule.branches:
                await self._haproxy.answer(f"clear table {COUNTS} key {_branch(rule.owner, one)}")
            del self._rules[rule.owner]
            for known in (self._seen, self._before):
                known.pop(rule.owner, None)
        self._rest(rule.owner)
        return counts

    async def started(self) -> None:
        """A new haproxy has no split and has counted nothing."""
        async with self._lock:
            if self._on:
                await self._put()

    async def _put(self) -> None:
        """Turns first: a path must never lead to a split that has none."""
        rules = self._put_rules()
        pid, _ = await self._table()
        if pid != self._pid:
            self._pid = pid
            self._before = dict(self._seen)
        await self._replace(REWRITES, _rewrite_lines(rules))
        await self._replace(TURNS, _turn_lines(rules))
        await self._replace(PATHS, self._paths(rules))

    def _put_rules(self) -> list[SplitRule]:
        return [rule for rule in self._rules.values() if rule.owner in self._on]

    def _paths(self, rules: Iterable[SplitRule]) -> list[str]:
        """A path of a split has all below it, but for what has a route of its own."""
        wanted = {path: rule.owner for rule in rules for path in rule.paths}
        own = {one.path.rstrip("/") or "/" for one in self._manifests.routes if _plain(one)}
        above = tuple(_slashed(path) for path in wanted)
        for path in own - wanted.keys():
            if _slashed(path).startswith(above):
                wanted[path] = "-"
        return [f"{_slashed(path)} {owner}" for path, owner in sorted(wanted.items())]

    async def _read(self, rule: SplitRule) -> tuple[Counts, int]:
        """The counts, and how many requests are under way."""
        found: Counts = {one.name: (0, 0) for one in rule.branches}
        open_ones = 0
        pid, table = await self._table()
        if pid != self._pid:
            # another haproxy, which does not have the split yet
            return self._seen.get(rule.owner, found), 0
        for row in _ROW.finditer(table):
            owner, name, _ = row["key"].split("/")
            if owner == rule.owner:
                requests, good, under_way = (int(row[one]) for one in ("requests", "good", "use"))
                found[name] = (requests, max(0, requests - good - under_way))
                open_ones += under_way
        before = self._before.get(rule.owner, {})
        for name, (requests, bad) in before.items():
            found[name] = (found[name][0] + requests, found[name][1] + bad)
        self._seen[rule.owner] = found
        return found, open_ones

    async def _table(self) -> tuple[str, str]:
        """The process that answers, and what it has counted."""
        said = await self._haproxy.answer(f"show info;show table {COUNTS}")
        return said.partition("\nPid: ")[2].partition("\n")[0], said

    async def _settled(self, rule: SplitRule) -> Counts:
        """Waits a moment for requests that are under way: whether they fail is not known before."""
        limit = asyncio.get_running_loop().time() + SETTLE
        while True:
            counts, open_ones = await self._read(rule)
            if not open_ones or asyncio.get_running_loop().time() > limit:
                return counts
            await asyncio.sleep(0.02)

    async def _wake(self, rule: SplitRule) -> None:
        """Starts what runs for splits only, and waits until it serves. Raises StackError."""
        needed = {one.name: one for s in rule.services for one in self._deployments(s)}
        for name, one in needed.items():
            if self._sleeps(one):
                one.scale(1, "a split needs it")
                self._woken[name] = set()
            if name in self._woken:
                self._woken[name].add(rule.owner)
        limit = asyncio.get_running_loop().time() + START
        while any(name in self._woken and not one.ready for name, one in needed.items()):
            if asyncio.get_running_loop().time() > limit:
                raise StackError(
                    f"{', '.join(needed)}: not ready within {START:g} s, so nothing is split.",
                    "See `controlroom status`.",
                )
            await asyncio.sleep(0.05)

    def _rest(self, owner: str) -> None:
        for name, owners in list(self._woken.items()):
            owners.discard(owner)
            if not owners:
                del self._woken[name]
                self._controllers[name].scale(0, "no split needs it any more")

    def _sleeps(self, one: Controller) -> bool:
        return one.deployment.on_demand and not one.replicas

    def _deployments(self, service: str) -> list[Controller]:
        wanted = self._service(service).selector.items()
        return [
            one
            for one in self._controllers.values()
            if all(one.deployment.template.labels.get(key) == value for key, value in wanted)
        ]

    def _service(self, name: str) -> Service:
        known = self._manifests.services
        if name not in known:
            raise refused(f"There is no Service {name}", f"use one of {', '.join(known)}")
        return known[name]

    async def _replace(self, name: str, lines: Sequence[str]) -> None:
        """The map holds these lines from one moment to the next."""
        said = await self._haproxy.answer(f"prepare map {name}")
        version = said.rpartition(":")[2].strip()
        if not version.isdigit():
            raise StackError(f"haproxy does not take a split: {said.strip()}")
        for at in range(0, len(lines), _CHUNK):
            block = "\n".join(lines[at : at + _CHUNK])
            await self._must(f"add map @{version} {name} <<\n{block}\n")
        await self._must(f"commit map @{version} {name}")

    async def _must(self, command: str) -> None:
        if said := (await self._haproxy.answer(command)).strip():
            raise StackError(f"haproxy does not take a split: {said}")


def _turn_lines(rules: Iterable[SplitRule]) -> list[str]:
    return [
        f"{rule.owner}:{turn} {_branch(rule.owner, rule.branches[place])}"
        for rule in rules
        for turn, place in enumerate(turns([one.share for one in rule.branches]))
    ]


def _rewrite_lines(rules: Iterable[SplitRule]) -> list[str]:
    return [
        f"{_branch(rule.owner, one)} {one.path}"
        for rule in rules
        for one in rule.branches
        if one.path
    ]


def _branch(owner: str, one: SplitBranch) -> str:
    return f"{owner}/{one.name}/{one.backend}"


def _slashed(path: str) -> str:
    return path.rstrip("/") + "/"


def _plain(route: Route) -> bool:
    return not route.exact and not route.host
