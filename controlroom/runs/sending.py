"""The sending of one load inside the load process: turns, requests, answers, the end."""

from __future__ import annotations

import math
import time
from random import Random
from typing import Any

from gevent.event import Event

from controlroom.arrivals.failures import kind_of_error, kind_of_status
from controlroom.runs.records import supply_of
from controlroom.runs.report import LoadProgress
from controlroom.runs.spec import LoadSpec, check_url
from controlroom.runs.supply import WHOLE, LoadPart
from controlroom.runs.tally import AnswerTally

AFTER_NO_CONNECTION = 0.1
"""Seconds that a user waits when it got no answer at all, so that it does not spin."""


class Sending:
    """Shared by all users of the load, or of one part of it."""

    def __init__(self, run: str, spec: LoadSpec, part: LoadPart = WHOLE) -> None:
        """Reads the records. Raises RunError for an address or a file that cannot be used."""
        check_url(spec.address, anywhere=bool(spec.context))
        self._run = run
        self._spec = spec
        self._tally = AnswerTally()
        self._closing = Event()
        self._chance = Random(spec.seed)
        self._rate = None if spec.rate is None else spec.rate / part.of
        self._supply = supply_of(spec, self._closing.set, part)
        self._started = 0.0
        self._slots = 0
        self._stopped_at = math.inf
        self._cut = False

    def users(self) -> int:
        """No more users than requests."""
        total = self._supply.total
        return self._spec.users if total is None else min(self._spec.users, total)

    def begin(self) -> None:
        """The clock of the load starts."""
        self._started = time.perf_counter()

    def send(self, client: Any) -> bool:
        """Sends one request and waits for its answer; False when no more are to be sent."""
        due = self._wait_for_turn()
        request = self._supply.take()
        if request is None:
            return False
        number, body = request
        self._tally.sent += 1
        headers = {"Content-Type": "application/json"}
        if self._spec.batch == 1:
            headers["X-Event-Id"] = f"{self._run}-{number}"
        context = {"number": number, "due": due}
        client.post(self._spec.address, data=body, headers=headers, name="send", context=context)
        if self._spec.wait_most:
            # it ends with the load
            self._closing.wait(self._chance.uniform(self._spec.wait_least, self._spec.wait_most))
        return True

    def answered(
        self, response_time: float, response: Any, context: Any, exception: Any, **_: Any
    ) -> None:
        """Locust's request event: one answer, or the reason why there is none."""
        status = response.status_code or 0
        if status and (status == 207 or not 200 <= status < 300):
            self._tally.bad(kind_of_status(status, bytes(response.content or b"")))
        elif exception is not None or not status:
            self._tally.bad(kind_of_error(exception))
            self._closing.wait(AFTER_NO_CONNECTION)
        else:
            late = None if self._rate is None else time.perf_counter() - context["due"]
            self._tally.good(context["number"], response_time / 1e3, late)

    def command(self, word: str) -> None:
        """`drain`: no new requests; `cut`: no waiting for answers either."""
        self._stopped_at = min(self._stopped_at, time.perf_counter())
        self._cut = self._cut or word == "cut"
        self._supply.close("stopped")

    def wait(self, users: Any) -> None:
        """Returns when the last answer is in, or may be waited for no longer."""
        deadline = self._started + self._spec.timeout
        self._closing.wait(max(0.0, deadline - time.perf_counter()))
        self._supply.close("timeout")
        while len(users) and not self._cut and time.perf_counter() < self._patience(deadline):
            users.join(timeout=0.05)
        users.kill()
        if self._tally.sent > self._tally.done:
            left = self._tally.sent - self._tally.done
            self._tally.bad("no answer when the load ended", left)

    def progress(self, users: int) -> LoadProgress:
        """What happened since the call before."""
        new = self._tally.report()
        new.elapsed = time.perf_counter() - self._started
        new.users = users
        new.total = self._supply.total
        new.bound = self._supply.bound or ""
        return new

    def _patience(self, deadline: float) -> float:
        return min(deadline, self._stopped_at) + self._spec.drain

    def _wait_for_turn(self) -> float:
        if self._rate is None:
            return time.perf_counter()
        due = self._started + self._slots / self._rate
        self._slots += 1
        self._closing.wait(max(0.0, due - time.perf_counter()))
        return due
