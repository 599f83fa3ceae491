"""Which variables of a service may be set for a while, such as by the arm of an experiment.

Its manifest says some as plain values; those below are read too and have a value of their own
where no manifest says one. Secrets, addresses, and what decides where or how long something is kept
are not among them.
"""

from __future__ import annotations

import re
from collections.abc import Collection

_GUARD = frozenset(("DRAIN_SECONDS", "MAX_CONNECTIONS", "MAX_HEADER_BYTES", "REQUEST_SECONDS"))
_INTAKE = _GUARD | {
    "MAX_BODY_BYTES", "MAX_BYTES_IN_FLIGHT", "MAX_RECORD_BYTES", "MAX_RECORDS", "MAX_DEPTH"
}  # fmt: skip
TUNABLES = {
    "producer-http": _INTAKE,
    "producer-grpc": _INTAKE | {"MAX_CALLS", "MAX_MESSAGE_BYTES"},
    "producer-wasm": _INTAKE | {"MAX_MODULE_BYTES", "MAX_MODULE_FUEL"},
    "consumer": frozenset(("BATCH_RECORDS", "DRAIN_SECONDS")),
    "reader": _GUARD | {"MAX_STREAMS", "HEARTBEAT_SECONDS"},
    "error-injector": _GUARD | {"MAX_BODY_BYTES"},
}
"""By deployment, beside the plain values of its manifest."""
_SECRET = re.compile(r"SECRET|PASSWORD|PASSWD|TOKEN|CREDENTIAL|USERNAME|(^|_)(KEY|CERT|CA)(_|$)")
_ADDRESS = re.compile(
    r"(^|_)(PORT|URL|URI|HOST|HOSTS|ORIGINS|ADDRESS|BOOTSTRAP|TARGET|SOCKET|DIR|FILE|PATH|IP)$"
    r"|^(KAFKA|REDIS|MONGO|POD|LD|CONTROLROOM)_|^PYTHON"
)
_FIXED = frozenset(
    ("SCENARIO", "QUEUE", "ORIGIN", "EVENTS_TOPIC", "CONSUMER_GROUP", "WASM_MODULE", "PATH", "HOME")
)


def forbidden(name: str) -> str:
    """What a variable is that nobody may set, in words; empty where it is none of that."""
    if _SECRET.search(name):
        return "a secret"
    if _ADDRESS.search(name):
        return "an address or a place"
    return "what the service is" if name in _FIXED else ""


def settable(deployment: str, given: Collection[str]) -> list[str]:
    """What may be set. `given`: variables that its manifest says as plain values."""
    found = TUNABLES.get(deployment, frozenset()) | set(given)
    return sorted(name for name in found if not forbidden(name))


def refusal(deployment: str, names: Collection[str], given: Collection[str]) -> str:
    """Why these cannot be set, in a sentence; empty where they can."""
    known = settable(deployment, given)
    for name in names:
        if what := forbidden(name):
            return f"{name} of {deployment} is {what}, and is not set by an experiment."
        if name not in known:
            there = ", ".join(known) or "none"
            return f"{deployment} has no setting {name}; it has {there}."
    return ""
