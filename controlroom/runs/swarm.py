"""The load process where several make one load: a Locust master and its workers.

    python -m controlroom.runs.swarm master FOLDER WORKERS PORT
    python -m controlroom.runs.swarm worker FOLDER WORKERS HOST:PORT    (JOB_COMPLETION_INDEX)

FOLDER holds `spec.json` as that of a run does; its name is the run's id. Each worker is the load
process of `locustfile` for its part. The master hands out the users, and tells on stdout what all
of them report, as one load. SIGTERM to the master drains all; to a worker it cuts.
"""

from __future__ import annotations

import locust  # isort: skip  # patches the standard library, so it comes before all others

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

import gevent
from gevent.event import Event
from locust.env import Environment
from locust.event import Events
from locust.runners import STATE_MISSING

from controlroom.runs.errors import RunError
from controlroom.runs.folder import RunFolder
from controlroom.runs.locustfile import REPORT_EVERY, Sender, say
from controlroom.runs.merging import Merging
from controlroom.runs.report import LoadProgress, parse
from controlroom.runs.sending import Sending
from controlroom.runs.spec import LoadSpec
from controlroom.runs.supply import LoadPart

JOIN_TIME = 60.0
"""Seconds in which all workers have to come, and in which the master has to begin."""
LOST_TIME = 15.0
"""Seconds that workers which are not heard of are waited for when all others have ended."""
GRACE = 5.0
"""Seconds after the drain in which workers must have said their last word."""
PROGRESS, COMMAND, SEEN = "progress", "command", "seen"
"""Messages between them: a line, `drain` or `cut`, and that a last line has arrived."""

assert locust


def master(folder: RunFolder, workers: int, port: int) -> int:
    """Conducts the workers. 0 when the load was sent, 2 when it could not be."""
    spec = _spec(folder)
    users = Sending(folder.id, spec).users()
    environment = Environment(user_classes=[Sender], events=Events())  # type: ignore[no-untyped-call]
    runner: Any = environment.create_master_runner("*", port)
    merging = Merging(workers)

    def take(environment: Any, msg: Any, **_: Any) -> None:
        line = parse(msg.data)
        merging.add(msg.node_id, line)
        if line.final:
            runner.send_message(SEEN, None, msg.node_id)

    runner.register_message(PROGRESS, take)
    drained = Event()
    gevent.signal_handler(signal.SIGTERM, drained.set)
    if not _joined(runner, workers):
        came = len(runner.clients.ready)
        say(
            LoadProgress(
                final=True, error=f"{came} of {workers} load workers came in {JOIN_TIME:g} s"
            )
        )
        return 2
    runner.start(users, spawn_rate=users)
    limit = time.monotonic() + JOIN_TIME + spec.timeout + spec.drain + GRACE
    gevent.spawn(_drain, drained, runner)
    names, settled = {client.id for client in runner.clients.all}, time.monotonic()
    while not merging.complete and time.monotonic() < min(limit, settled + LOST_TIME):
        say(merging.take())
        gevent.sleep(REPORT_EVERY)
        if not merging.settled(names - _present(runner)):
            settled = time.monotonic()
    if not merging.complete:
        merging.lose()
    last = merging.take()
    last.final = True
    say(last)
    return 2 if last.error else 0


def worker(folder: RunFolder, part: LoadPart, host: str, port: int) -> int:
    """Sends its part. 0 when it was sent, 2 when it could not be."""
    sending = Sending(folder.id, _spec(folder), part)
    begun, seen = Event(), Event()

    def begin(**_: Any) -> None:
        sending.begin()
        begun.set()

    Sender.sending = sending
    environment = Environment(user_classes=[Sender], events=Events())  # type: ignore[no-untyped-call]
    environment.events.request.add_listener(sending.answered)  # type: ignore[no-untyped-call]
    environment.events.test_start.add_listener(begin)  # type: ignore[no-untyped-call]
    runner: Any = environment.create_worker_runner(host, port)
    runner.register_message(COMMAND, lambda environment, msg, **_: sending.command(msg.data))
    runner.register_message(SEEN, lambda environment, msg, **_: seen.set())
    gevent.signal_handler(signal.SIGTERM, sending.command, "cut")
    if not begun.wait(JOIN_TIME):
        print("The master did not begin.", file=sys.stderr)
        return 2
    reporter = gevent.spawn(_tell, sending, runner)
    sending.wait(runner.user_greenlets)
    reporter.kill()
    last = sending.progress(0)
    last.final = True
    runner.send_message(PROGRESS, last.line())
    seen.wait(GRACE)
    return 0


def _tell(sending: Sending, runner: Any) -> None:
    while True:
        runner.send_message(PROGRESS, sending.progress(runner.user_count).line())
        gevent.sleep(REPORT_EVERY)


def _drain(drained: Event, runner: Any) -> None:
    drained.wait()
    runner.send_message(COMMAND, "drain")


def _present(runner: Any) -> set[str]:
    """The workers that were heard of in the last seconds."""
    return {client.id for client in runner.clients.all if client.state != STATE_MISSING}


def _joined(runner: Any, workers: int) -> bool:
    limit = time.monotonic() + JOIN_TIME
    while len(runner.clients.ready) < workers and time.monotonic() < limit:
        gevent.sleep(0.05)
    return len(runner.clients.ready) >= workers


def _spec(folder: RunFolder) -> LoadSpec:
    spec = folder.read_spec()
    assert isinstance(spec, LoadSpec)
    return spec


def main(role: str, path: str, workers: str, where: str) -> int:
    """Takes on one of the two roles."""
    folder = RunFolder(Path(path))
    host, _, port = where.rpartition(":")
    try:
        if role == "master":
            return master(folder, int(workers), int(port))
        index = int(os.environ["JOB_COMPLETION_INDEX"])
        return worker(folder, LoadPart(index, int(workers)), host, int(port))
    except RunError as error:
        say(LoadProgress(final=True, error=f"{error.message} {error.fix}".strip()))
        return 2


if __name__ == "__main__":
    code = main(*sys.argv[1:])
    sys.stdout.flush()
    # threads of the messaging library would hold the process up
    os._exit(code)
