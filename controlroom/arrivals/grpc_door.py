"""A gRPC server: a call for each request, over one connection, in the threads of grpcio."""

from __future__ import annotations

import queue
from typing import Any

import grpc

from controlroom.arrivals.door import CUT, Clock
from controlroom.arrivals.plan import Plan, PlanError
from controlroom.arrivals.recorder import Recorder
from controlroom.arrivals.requests import GrpcRequests

CONNECT_TIME = 3.0
SEND, SEND_BATCH = "/controlroom.v1.Ingest/Send", "/controlroom.v1.Ingest/SendBatch"


class GrpcDoor:
    """A server by gRPC."""

    def __init__(self, plan: Plan, recorder: Recorder, clock: Clock) -> None:
        self.waiting = 0
        self._where = plan.url.removeprefix("grpc://").strip("/")
        self._requests = GrpcRequests(plan)
        self._recorder, self._clock, self._timeout = recorder, clock, plan.timeout
        self._calls: dict[int, tuple[float, Any]] = {}
        self._ended: queue.SimpleQueue[tuple[int, float]] = queue.SimpleQueue()

    def connect(self) -> None:
        self._channel = grpc.insecure_channel(self._where)
        method = SEND if self._requests.batch == 1 else SEND_BATCH
        # without serializers a message is its bytes
        self._send: Any = self._channel.unary_unary(method, None, None)
        try:
            grpc.channel_ready_future(self._channel).result(CONNECT_TIME)
        except grpc.FutureTimeoutError:
            raise PlanError(
                f"url: no gRPC server answers at {self._where}.", "Bring the target up first."
            ) from None

    def start(self, due: float, number: int) -> None:
        self.waiting += 1
        patience = due + self._timeout - self._clock()
        call = self._send.future(self._requests[number], timeout=patience)
        self._calls[number] = due, call
        call.add_done_callback(lambda _: self._ended.put((number, self._clock())))

    def poll(self, seconds: float) -> None:
        ended = self._ended
        try:
            self._end(*ended.get(timeout=max(0.0, seconds)))
            while True:
                self._end(*ended.get_nowait())
        except queue.Empty:
            pass

    def expire(self, now: float) -> None:
        """Each call has its deadline with it."""

    def close(self) -> None:
        self._channel.close()
        for due, _ in self._calls.values():
            self.waiting -= 1
            self._recorder.failed(due, CUT)
        self._calls.clear()

    def _end(self, number: int, at: float) -> None:
        self.waiting -= 1
        due, call = self._calls.pop(number)
        code = call.code()
        if code is grpc.StatusCode.OK and call.result() == self._requests.receipt:
            self._recorder.answered(due, at, code.name)
        elif code is grpc.StatusCode.OK:
            self._recorder.failed(due, "events were rejected", code.name)
        elif code is grpc.StatusCode.DEADLINE_EXCEEDED:
            self._recorder.failed(due, f"no answer within {self._timeout:g} s", code.name)
        else:
            self._recorder.failed(due, code.name, code.name)
