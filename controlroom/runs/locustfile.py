"""The load process: `python -m controlroom.runs.locustfile <run folder>`.

Locust drives the users; what it measures goes to stdout, a `Progress` line four times a second.
A line on stdin commands it (`drain`, `cut`); the end of stdin means that the runner has died,
and drains too.
"""

from __future__ import annotations

import locust  # isort: skip  # patches the standard library, so it comes before all others

import gc
import signal
import sys
from pathlib import Path
from typing import Any

import gevent
from gevent.fileobject import FileObjectPosix
from locust.env import Environment
from locust.event import Events
from locust.exception import StopUser

from controlroom.runs.errors import RunError
from controlroom.runs.folder import RunFolder
from controlroom.runs.report import LoadProgress
from controlroom.runs.sending import Sending
from controlroom.runs.spec import LoadSpec

REPORT_EVERY = 0.25
ANSWER_TIMEOUT = 30.0
"""Seconds that one request waits for its answer."""


class Sender(locust.FastHttpUser):
    """A user: sends its next request as soon as it may."""

    sending: Sending
    host = "http://127.0.0.1"
    network_timeout = ANSWER_TIMEOUT
    connection_timeout = ANSWER_TIMEOUT
    max_redirects = 0
    concurrency = 1

    @locust.task
    def send_all(self) -> None:
        """Ends when the load has no more to send."""
        while self.sending.send(self.client):
            pass
        raise StopUser


def say(progress: LoadProgress) -> bool:
    """Writes one line; False when nobody reads any more."""
    try:
        sys.stdout.buffer.write(progress.line())
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        return False
    return True


def listen(sending: Sending) -> None:
    """Follows the runner's commands until it goes away."""
    for line in FileObjectPosix(sys.stdin.fileno(), "rb", closefd=False):
        sending.command(line.decode("ascii", "replace").strip())
    sending.command("drain")


def tell(sending: Sending, runner: Any) -> None:
    """Reports until it is killed or nobody listens."""
    while say(sending.progress(runner.user_count)):
        gevent.sleep(REPORT_EVERY)
    sending.command("cut")


def drive(sending: Sending) -> None:
    """Sends the whole load."""
    Sender.sending = sending
    environment = Environment(user_classes=[Sender], events=Events())  # type: ignore[no-untyped-call]
    environment.events.request.add_listener(sending.answered)  # type: ignore[no-untyped-call]
    runner = environment.create_local_runner()
    gevent.signal_handler(signal.SIGTERM, sending.command, "drain")
    gevent.spawn(listen, sending)
    gc.collect()
    gc.freeze()
    sending.begin()
    users = sending.users()
    runner.start(users, spawn_rate=users, wait=True)
    reporter = gevent.spawn(tell, sending, runner)
    sending.wait(runner.user_greenlets)
    reporter.kill()
    runner.quit()


def main(folder: RunFolder) -> int:
    """Sends the load of that run. 0 when it was sent, 2 when it could not be."""
    spec = folder.read_spec()
    assert isinstance(spec, LoadSpec)
    try:
        sending = Sending(folder.id, spec)
    except RunError as error:
        say(LoadProgress(final=True, error=f"{error.message} {error.fix}".strip()))
        return 2
    drive(sending)
    last = sending.progress(0)
    last.final = True
    say(last)
    return 0


if __name__ == "__main__":
    sys.exit(main(RunFolder(Path(sys.argv[1]))))
