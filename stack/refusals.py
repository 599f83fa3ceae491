"""What a balancer says for itself: JSON, in the words of the services, never haproxy's own pages.

The ingress of a lab (`k8s/components/ingress-haproxy`) holds the same lines; a test compares them.
"""

from __future__ import annotations

import json

from wire.problems import (
    BAD_HTTP,
    FAILED,
    NEEDS_HTTP2,
    NO_ANSWER,
    NO_INSTANCE,
    NOT_OFFERED,
    OVERDUE,
    TOO_LARGE,
    TOO_SLOW,
    UNKNOWN_ROUTE,
    WRONG_METHOD,
    Problem,
)

_OWN = (
    BAD_HTTP,
    UNKNOWN_ROUTE,
    WRONG_METHOD,
    TOO_SLOW,
    TOO_LARGE,
    FAILED,
    NOT_OFFERED,
    NO_ANSWER,
    NO_INSTANCE,
    OVERDUE,
)
_OTHERS = (401, 403, 407, 410, 421, 422, 425, 429)
"""The rest of what haproxy may answer by itself; each is a request that it will not take."""
_AGAIN = 1
"""Seconds of Retry-After: a pod is started again about as soon."""
_GRPC = "{ req.hdr(content-type) -m beg application/grpc }"
_HTTP2 = "{ req.ver -m beg 2 }"


def error_lines() -> list[str]:
    """One `http-error` for each status, for the section `defaults`."""
    said = [*((each.status, each) for each in _OWN), *((each, BAD_HTTP) for each in _OTHERS)]
    return [f"http-error {_answer(status, problem)}" for status, problem in sorted(said)]


def ingress_lines() -> list[str]:
    """What the ingress refuses before it looks for a route."""
    return [
        f"http-request return {_answer(405, WRONG_METHOD)} if METH_CONNECT",
        f"http-request return {_answer(400, BAD_HTTP)} if !{{ path_beg / }}",
        f"{_needs_http2()} if {_GRPC} !{_HTTP2}",
    ]


def grpc_lines() -> list[str]:
    """What a gRPC endpoint refuses."""
    return [f"{_needs_http2()} if !{_HTTP2}"]


def _needs_http2() -> str:
    return f"http-request return {_answer(NEEDS_HTTP2.status, NEEDS_HTTP2)}"


def _answer(status: int, problem: Problem) -> str:
    body = json.dumps({"error": problem.sentence, "code": problem.code})
    again = f" hdr Retry-After {_AGAIN}" if problem.retry else ""
    return f"status {status} content-type application/json string '{body}'{again}"
