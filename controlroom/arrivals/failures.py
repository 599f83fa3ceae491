"""Words for a request that failed: short, and the same for the same cause."""

from __future__ import annotations

import errno
import json
import re
from collections.abc import Collection

MOST_KINDS = 20
OTHER = "other kinds"
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\u1fff\u2030-\u205e]+")
_ERRNO = {
    errno.ECONNREFUSED: "connection refused",
    errno.ECONNRESET: "connection reset",
    errno.EPIPE: "connection closed",
    errno.ETIMEDOUT: "no answer in time",
    errno.EMFILE: "too many open files",
}


def bounded(kind: str, known: Collection[str]) -> str:
    """The kind as it is counted: short, printable, and one of at most 20."""
    word = _UNPRINTABLE.sub(" ", kind)[:100].strip() or "unknown"
    return word if word in known or len(known) < MOST_KINDS else OTHER


def kind_of_status(status: int, body: bytes) -> str:
    """An answer that is not a success: its status and, where it gives one, the reason."""
    reason = _reason(body)
    return f"HTTP {status}: {reason}" if reason else f"HTTP {status}"


def kind_of_error(error: BaseException) -> str:
    """No answer at all."""
    cause = getattr(error, "original", None) or error
    code = getattr(cause, "errno", None)
    if code in _ERRNO:
        return _ERRNO[code]
    if "timed out" in str(cause).lower() or "timeout" in type(cause).__name__.lower():
        return "no answer in time"
    if type(cause).__name__ in ("HTTPConnectionClosed", "EmptyResponse"):
        return "connection closed before the answer"
    return f"{type(cause).__name__}: {cause}"


def _reason(body: bytes) -> str:
    if body[:1] != b"{" or len(body) > 4096:
        return ""
    try:
        answer = json.loads(body)
    except ValueError:
        return ""
    for key in ("error", "message", "detail", "reason"):
        if isinstance(answer.get(key), str):
            return str(answer[key])
    return ""
