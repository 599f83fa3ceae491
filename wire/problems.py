"""Every error that a service answers with, by its code. One fact, one place.

`docs/errors.json` is made of this list. A client decides by `code`; the text of an answer is for
people and may change.
"""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One kind of error."""

    code: str
    status: int
    """HTTP status."""
    grpc: str
    """Name of the gRPC status."""
    sentence: str
    retry: bool = False
    """The same request may succeed later."""

    def to_json(self) -> dict[str, str | int | bool]:
        """The entry in docs/errors.json."""
        return {
            "code": self.code,
            "http": self.status,
            "grpc": self.grpc,
            "retry": self.retry,
            "sentence": self.sentence,
        }


NO_RECORDS = Problem("no_records", 400, "INVALID_ARGUMENT", "The body holds no records at all.")
TOO_DEEP = Problem("too_deep", 400, "INVALID_ARGUMENT", "The body is nested too deep.")
BAD_ID = Problem("bad_id", 400, "INVALID_ARGUMENT", "The id of the event cannot be kept.")
BAD_HTTP = Problem("bad_http", 400, "INVALID_ARGUMENT", "The request is not HTTP.")
BAD_QUERY = Problem("bad_query", 400, "INVALID_ARGUMENT", "A parameter is not offered or wrong.")
NOT_CONFIRMED = Problem(
    "not_confirmed", 400, "FAILED_PRECONDITION", "A purge has to name the scenario."
)
FOREIGN_ORIGIN = Problem(
    "foreign_origin", 403, "PERMISSION_DENIED", "The page of another web site asks for this."
)
PURGE_INSIDE = Problem(
    "purge_inside", 403, "PERMISSION_DENIED", "A purge is asked for inside, with its token."
)
WRONG_TOKEN = Problem("wrong_token", 401, "UNAUTHENTICATED", "The token is missing or wrong.")
NOT_FOUND = Problem("not_found", 404, "NOT_FOUND", "What was asked for is not there.")
UNKNOWN_ROUTE = Problem("unknown_route", 404, "UNIMPLEMENTED", "There is no such path or method.")
WRONG_METHOD = Problem("wrong_method", 405, "UNIMPLEMENTED", "The path takes another method.")
GET_WRITES_OFF = Problem(
    "get_writes_off",
    405,
    "UNIMPLEMENTED",
    "Writes by GET are off; COMPAT_GET_WRITES=1 allows them.",
)
TOO_SLOW = Problem(
    "too_slow", 408, "DEADLINE_EXCEEDED", "The request did not arrive in time.", True
)
TOO_LARGE = Problem("too_large", 413, "RESOURCE_EXHAUSTED", "The body has too many bytes.")
TOO_MANY_RECORDS = Problem(
    "too_many_records", 413, "RESOURCE_EXHAUSTED", "The body has too many records."
)
BAD_ENCODING = Problem(
    "bad_encoding", 415, "INVALID_ARGUMENT", "The body is encoded in a way that is not read."
)
WRONG_TYPE = Problem(
    "wrong_type", 415, "INVALID_ARGUMENT", "The body is of a type that is not taken here."
)
NEEDS_HTTP2 = Problem("needs_http2", 415, "INVALID_ARGUMENT", "gRPC needs HTTP/2.")
FOREIGN_HOST = Problem(
    "foreign_host", 421, "PERMISSION_DENIED", "The name of the host is none of this service."
)
INVALID = Problem(
    "invalid", 422, "INVALID_ARGUMENT", "No event was accepted; `errors` has field and reason."
)
KEY_REUSED = Problem(
    "key_reused", 422, "INVALID_ARGUMENT", "The id was given before, for another event."
)
HEADERS_TOO_LARGE = Problem(
    "headers_too_large", 431, "RESOURCE_EXHAUSTED", "Request line and headers are too long."
)
FAILED = Problem("failed", 500, "INTERNAL", "The service failed; its log has the reason.")
INJECTED = Problem("injected", 500, "INTERNAL", "The error injector failed this one on purpose.")
MODULE_FAILED = Problem(
    "module_failed", 500, "INTERNAL", "The module of the WASM producer failed at the request."
)
NOT_OFFERED = Problem(
    "not_offered", 501, "UNIMPLEMENTED", "The request needs a transfer coding that is not offered."
)
UNAVAILABLE = Problem(
    "unavailable", 503, "UNAVAILABLE", "The queue did not take the events in time.", True
)
BUSY = Problem(
    "busy", 503, "RESOURCE_EXHAUSTED", "As many events as are taken wait for the queue.", True
)
TOO_MANY_BYTES = Problem(
    "too_many_bytes",
    503,
    "RESOURCE_EXHAUSTED",
    "As many bytes of bodies as are taken are under way.",
    True,
)
BACKLOG_FULL = Problem(
    "backlog_full", 503, "RESOURCE_EXHAUSTED", "Too many events wait for the stores.", True
)
DISK_FULL = Problem("disk_full", 503, "RESOURCE_EXHAUSTED", "A store's disk is nearly full.", True)
NO_ANSWER = Problem("no_answer", 502, "UNAVAILABLE", "The service ended before it answered.", True)
NO_INSTANCE = Problem(
    "no_instance", 503, "UNAVAILABLE", "No instance of the service is ready.", True
)
OVERDUE = Problem("overdue", 504, "UNAVAILABLE", "The service did not answer in time.", True)
STORE_AWAY = Problem("store_away", 503, "UNAVAILABLE", "A store does not answer.", True)
TOO_MANY_CONNECTIONS = Problem(
    "too_many_connections", 503, "RESOURCE_EXHAUSTED", "Too many connections are open.", True
)
TOO_MANY_STREAMS = Problem(
    "too_many_streams", 503, "RESOURCE_EXHAUSTED", "Too many live streams are open.", True
)
DEADLINE = Problem(
    "deadline",
    504,
    "DEADLINE_EXCEEDED",
    "The caller's deadline passed before the queue had it.",
    True,
)

PROBLEMS: tuple[Problem, ...] = tuple(
    value for value in list(globals().values()) if isinstance(value, Problem)
)
"""All of them, by status."""
