"""Experiments killed at random moments: `python -m bench.ends --times 50`, a stack of its own.

Each time a long experiment with a load, a split, another number of replicas and another setting
begins, and after a random time one of its processes is killed (SIGKILL): `runner` conducts it,
`watchdog` one that holds its split, replicas or setting, `both` of them, `room` whoever watches it,
`supervisor` the stack. Printed is what was left after a while: faults that are on, other replicas
or settings, runs that go on or cannot be read. The aim is 0 each; where all of its processes died,
the kill switch may be needed, and that is said.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import psutil

from bench.running_stack import on_own_stack, print_machine
from controlroom.runs.experiment_run import children
from controlroom.runs.folder import RunFolder
from controlroom.runs.store import RunStore
from tests.own_stack import OwnStack

PLAN = """\
scenario: bands
load: {rate: 20}
phases: {warm_up: 0s, baseline: 2s, fault: 120s}
rounds: 1
arms:
  - {name: halved, split: http-50-faulty-50, replicas: {reader: 3},
     settings: {consumer: {BATCH_RECORDS: 777}}}
"""
KINDS = ("runner", "watchdog", "both", "room", "supervisor")
KEPT = ("faults", "replicas", "settings", "runs", "unreadable")
PATIENCE = 120.0
"""Seconds until nothing of it may be left, beside much other work."""


def main() -> int:
    """The exit code; 1 where something was left."""
    parser = argparse.ArgumentParser(prog="python -m bench.ends")
    parser.add_argument("--times", type=int, default=10)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--kinds", nargs="+", choices=KINDS, default=list(KINDS))
    args = parser.parse_args()
    print_machine()
    left: Counter[str] = Counter()

    def measure(stack: OwnStack) -> None:
        chance = random.Random(args.seed)
        before = _reader(stack)
        for number in range(args.times):
            kind = args.kinds[number % len(args.kinds)]
            found, words = _once(stack, kind, chance.uniform(0.5, 25.0), before)
            left.update(found)
            print(f"{number + 1:3d} of {args.times}  {words}", flush=True)

    code = on_own_stack(measure)
    print(f"left, of {args.times}: {dict(left) or 'nothing'}")
    return code or int(any(left[name] for name in KEPT))


def _once(stack: OwnStack, kind: str, after: float, before: int) -> tuple[Counter[str], str]:
    """What was left, and a line about it."""
    file = stack.state / "ends.yaml"
    file.write_text(PLAN)
    store = RunStore(stack.state / "runs")
    known = {one.id for one in store.folders()}
    room = stack.start("experiment", "run", str(file), "--yes")
    folder = _until(lambda: _new(store, known), "the experiment begins")
    time.sleep(after)
    phase = ((view.figures or {}) if (view := folder.read_view()) else {}).get("phase", "begin")
    killed = _kill(stack, store, folder, kind, room)
    if kind == "room":
        # it goes on, as it should, until somebody ends it
        stack.run("experiment", "stop", folder.id, check=False, timeout=PATIENCE)
    if kind == "supervisor":
        stack.run("up", "--scenario", "bands", timeout=600)
    words = f"{kind} killed after {after:4.1f} s in {phase} ({killed} processes): "
    found = _settled(stack, store, known, before)
    if found and kind == "both":
        stack.run("chaos", "stop", "--all", check=False, timeout=PATIENCE)
        found = _settled(stack, store, known, before)
        words += "the kill switch was needed; "
        found["switch"] += 1
    room.kill()
    room.wait()
    kept = {name: many for name, many in found.items() if name != "switch"}
    return found, words + (f"LEFT {kept}" if kept else "nothing left")


def _kill(
    stack: OwnStack, store: RunStore, folder: RunFolder, kind: str, room: subprocess.Popen[str]
) -> int:
    pids: list[int] = []
    if kind in ("runner", "both"):
        pids += _pids(folder)
    if kind in ("watchdog", "both"):
        pids += [pid for one in children(store, folder.id) for pid in _pids(one)]
        # the load is conducted by the runner itself
        pids = [pid for pid in pids if kind == "both" or pid not in _pids(folder)]
    if kind == "room":
        pids.append(room.pid)
    if kind == "supervisor":
        pids.append(int(stack.status()["stack"]["pid"]))
    done = 0
    for pid in set(pids):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
        done += 1
    return done


def _pids(folder: RunFolder) -> list[int]:
    proof = folder.read_runner()
    return [proof.pid] if proof is not None and proof.alive else []


def _settled(stack: OwnStack, store: RunStore, known: set[str], before: int) -> Counter[str]:
    """What is left once nothing changes any more, or `PATIENCE` is over."""
    limit = time.monotonic() + PATIENCE
    while True:
        found = _left(stack, store, known, before)
        if not found or time.monotonic() > limit:
            return found
        time.sleep(1.0)


def _left(stack: OwnStack, store: RunStore, known: set[str], before: int) -> Counter[str]:
    found: Counter[str] = Counter()
    held = stack.run("chaos", "status", "--json", check=False)
    if held.code:
        found["faults"] += 1
    else:
        found["faults"] += sum(one["phase"] != "finished" for one in held.json())
    found["replicas"] += _reader(stack) != before
    found["settings"] += any(_has_setting(pid) for pid in stack.pids("consumer"))
    for folder in store.folders():
        if folder.id in known:
            continue
        view = folder.read_view()
        found["runs"] += view is not None and view.active
        found["unreadable"] += view is None or not _readable(folder.path)
    return +found


def _readable(path: Path) -> bool:
    """Whether every file of the run can be read, but for a line that was being written."""
    try:
        for file in path.glob("*.json"):
            json.loads(file.read_bytes())
        for file in path.glob("*.jsonl"):
            for line in file.read_text().splitlines(keepends=True):
                if line.endswith("\n"):
                    json.loads(line)
    except ValueError:
        return False
    return True


def _reader(stack: OwnStack) -> int:
    deployments = stack.status()["deployments"]
    return next(int(one["replicas"]) for one in deployments if one["name"] == "reader")


def _has_setting(pid: int) -> bool:
    try:
        return "BATCH_RECORDS" in psutil.Process(pid).environ()
    except psutil.NoSuchProcess:
        return False


def _new(store: RunStore, known: set[str]) -> RunFolder | None:
    new = [one for one in store.folders() if one.id not in known and not one.owner]
    return new[0] if new and new[0].read_view() else None


def _until(look: Callable[[], RunFolder | None], what: str) -> RunFolder:
    limit = time.monotonic() + PATIENCE
    while (found := look()) is None:
        assert time.monotonic() < limit, f"{what}: not in {PATIENCE:g} s"
        time.sleep(0.1)
    return found


if __name__ == "__main__":
    sys.exit(main())
