"""HTTP/1.1 without a framework: one request at a time on each connection, connections kept.

An event loop of its own, since the precision of the arrivals is the point: `select` on the epoll
descriptor sleeps to the microsecond, where asyncio's timers round up to the next millisecond.
"""

from __future__ import annotations

import errno
import os
import select
import socket
from collections import deque
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

from controlroom.arrivals.door import CUT, Clock
from controlroom.arrivals.failures import kind_of_error, kind_of_status
from controlroom.arrivals.plan import Plan, PlanError
from controlroom.arrivals.recorder import Recorder
from controlroom.arrivals.requests import HttpRequests

WARM = 8
"""Connections that are opened before the first arrival."""
CONNECT_TIME = 3.0
IDLE = 4.0
"""Seconds that a connection rests before it is closed: servers close theirs from 5 s on, and a
request on one that is just closed would fail."""
BURST = 32
"""Answers that are read before the loop looks at its schedule again."""
_READ = 1 << 14
_IN, _OUT = select.EPOLLIN | select.EPOLLRDHUP, select.EPOLLOUT


class _Connection:
    __slots__ = ("due", "kept", "left", "number", "over", "parser", "rested", "socket", "writing")

    def __init__(self, made: socket.socket) -> None:
        self.socket = made
        self.parser = HttpResponseParser(self)
        self.number = 0
        """Of the request that waits on it; 0 for none, -1 once it is closed."""
        self.due = self.rested = 0.0
        self.left = b""
        """What is still to be written."""
        self.writing = False
        """Whether it waits until it can be written to."""
        self.over = False
        """Whether the answer is whole."""
        self.kept = False
        """Whether the server keeps the connection."""

    def on_message_complete(self) -> None:
        """Of the parser, which knows only now whether the connection stays."""
        self.over = True
        self.kept = self.parser.should_keep_alive()


class HttpDoor:
    """A server by HTTP."""

    def __init__(self, plan: Plan, recorder: Recorder, clock: Clock) -> None:
        self.waiting = 0
        self._requests = HttpRequests(plan)
        self._recorder, self._clock, self._timeout = recorder, clock, plan.timeout
        parts = urlsplit(plan.address)
        self._where = f"{parts.scheme}://{parts.netloc}"
        self._host, self._port = parts.hostname or "", parts.port or 80
        self._warm = min(WARM, plan.most_waiting)
        self._epoll = select.epoll()
        self._family, self._address = socket.AF_INET, (self._host, self._port)
        self._open: dict[int, _Connection] = {}
        self._idle: deque[_Connection] = deque()
        self._deadlines: deque[tuple[float, _Connection, int]] = deque()

    def connect(self) -> None:
        try:
            with socket.create_connection((self._host, self._port), CONNECT_TIME) as tried:
                self._family, self._address = tried.family, tried.getpeername()
        except OSError as error:
            why = error.strerror or "no answer in time"
            raise PlanError(
                f"url: nothing answers at {self._where}: {why}.", "Bring the target up first."
            ) from None
        for _ in range(self._warm):
            self._rest(self._new(), 0.0)

    def start(self, due: float, number: int) -> None:
        self.waiting += 1
        idle, one = self._idle, None
        while idle and one is None:
            one = idle.pop()
            if one.number:
                one = None  # the server has closed it
        try:
            one = one or self._new()
        except OSError as error:
            self.waiting -= 1
            self._recorder.failed(due, kind_of_error(error))
            return
        one.due, one.number, one.over = due, number, False
        self._deadlines.append((due + self._timeout, one, number))
        one.left = self._requests[number]
        self._write(one)

    def poll(self, seconds: float) -> None:
        if seconds > 0:
            select.select((self._epoll,), (), (), seconds)
        for descriptor, mask in self._epoll.poll(0, BURST):
            one = self._open.get(descriptor)
            if one is None:
                continue
            if one.left and mask & _OUT:
                self._write(one)
            if mask & ~_OUT:
                self._read(one)

    def expire(self, now: float) -> None:
        deadlines = self._deadlines
        while deadlines and (deadlines[0][0] <= now or deadlines[0][1].number != deadlines[0][2]):
            _, one, number = deadlines.popleft()
            if one.number == number:
                self._fail(one, f"no answer within {self._timeout:g} s")
        idle = self._idle
        while idle and (idle[0].number or idle[0].rested < now - IDLE):
            self._end(idle.popleft())

    def close(self) -> None:
        for one in list(self._open.values()):
            if one.number > 0:
                self._fail(one, CUT)
            else:
                self._end(one)
        self._epoll.close()

    def _new(self) -> _Connection:
        made = socket.socket(self._family, socket.SOCK_STREAM | socket.SOCK_NONBLOCK)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        code = made.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            made.close()
            raise OSError(code, os.strerror(code))
        one = self._open[made.fileno()] = _Connection(made)
        self._epoll.register(made, _IN)
        return one

    def _rest(self, one: _Connection, now: float) -> None:
        one.number = 0
        one.rested = now
        self._idle.append(one)

    def _write(self, one: _Connection) -> None:
        try:
            one.left = one.left[one.socket.send(one.left) :]
        except BlockingIOError:
            pass  # it is not connected yet, or its buffer is full
        except OSError as error:
            self._fail(one, kind_of_error(error))
            return
        if bool(one.left) != one.writing:
            one.writing = not one.writing
            self._epoll.modify(one.socket, _IN | _OUT if one.writing else _IN)

    def _read(self, one: _Connection) -> None:
        try:
            data = one.socket.recv(_READ)
            if data and one.number:
                one.parser.feed_data(data)
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(one, kind_of_error(error))
            return
        except HttpParserError:
            self._fail(one, "an answer that is not HTTP")
            return
        if one.over:
            self._answered(one, data)
        elif not data or not one.number:
            self._fail(one, "connection closed before the answer")

    def _answered(self, one: _Connection, last: bytes) -> None:
        self.waiting -= 1
        now = self._clock()
        status = one.parser.get_status_code()
        if 200 <= status < 300 and status != 207:
            self._recorder.answered(one.due, now, str(status))
        else:
            # a body that came in pieces is long, and no reason
            kind = kind_of_status(status, last.partition(b"\r\n\r\n")[2])
            self._recorder.failed(one.due, kind, str(status))
        one.over = False
        if one.kept and not one.left:
            self._rest(one, now)
        else:
            self._end(one)

    def _fail(self, one: _Connection, kind: str) -> None:
        """Ends a connection, and the request that waits on it, if there is one."""
        if one.number > 0:
            self.waiting -= 1
            self._recorder.failed(one.due, kind)
        self._end(one)

    def _end(self, one: _Connection) -> None:
        if one.number >= 0:
            one.number = -1
            del self._open[one.socket.fileno()]
            one.socket.close()
