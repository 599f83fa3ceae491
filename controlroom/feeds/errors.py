"""From an error of a client library to one sentence and one fix.

Errors are known by the names of their classes, so that no client library is imported here.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlroom.targets.abilities import Denied, TargetError

TITLES = {
    "tallies": "Redis",
    "books": "the books",
    "golden": "Prometheus",
    "fleet": "the target",
    "queues": "Kafka",
    "log": "MongoDB",
    "runs": "the runs folder",
}
DENIED = frozenset(
    {
        "AuthenticationError",
        "AuthenticationFailedError",
        "NoPermissionError",
        "PermissionError",
        "SaslAuthenticationFailed",
        "TopicAuthorizationFailedError",
    }
)
MONGO_UNAUTHENTICATED = 18
SILENT = frozenset({"TimeoutError", "ReadTimeout", "ConnectTimeout", "ServerSelectionTimeoutError"})
GONE = frozenset(
    {
        "ConnectionError",
        "ConnectError",
        "ConnectionRefusedError",
        "ConnectionResetError",
        "BusyLoadingError",
        "KafkaConnectionError",
        "NodeNotReadyError",
        "AutoReconnect",
        "NetworkTimeout",
        "ReadError",
        "RemoteProtocolError",
        "FileNotFoundError",
    }
)
UNREADABLE = frozenset(
    {
        "AssertionError",
        "AttributeError",
        "InvalidBSON",
        "InvalidResponse",
        "JSONDecodeError",
        "LookupError",
        "SchemaError",
        "TypeError",
        "ValueError",
        "error",
    }
)
"""What reading an answer raises that is not as the engine answers (`error` is that of struct)."""
ENGINES = {"redis": "Redis", "aiokafka": "Kafka", "pymongo": "MongoDB", "bson": "MongoDB"}
"""Whose client a library is."""
ASKERS = {"books": "the books need", "log": "the log needs", "tallies": "the tallies need"}
"""Sources that ask several engines."""
SEVERAL = frozenset({"books", "log"})
"""Those whose figures always come of several, so that an answer alone does not tell of which."""
OURS = frozenset({"controlroom", "host", "scenarios", "stack", "wire"})
"""Whose errors are sentences by themselves."""
LIBRARIES = frozenset({"redis", "aiokafka", "httpx", "pymongo", "motor", "wire", "requests"})
STRANGER = "look what its address leads to, and what else writes there; it is asked again by itself"
WAIT = "it is asked again by itself; `controlroom status` shows whether it runs"


@dataclass(frozen=True, slots=True)
class Trouble:
    """What a panel says of a source that did not answer."""

    error: str
    fix: str
    denied: bool = False


def foreseen(error: Exception) -> bool:
    """Whether it comes from a source or the network, and not from a mistake of ours."""
    return isinstance(error, TargetError | OSError | TimeoutError) or _library(error) in LIBRARIES


def explain(source: str, error: Exception) -> Trouble:
    """One sentence of what failed and one of what to do."""
    causes = [error, *([error.__cause__] if error.__cause__ else [])]
    title = _title(source, causes)
    names = {kind.__name__ for cause in causes for kind in type(cause).__mro__}
    if isinstance(error, TargetError):
        return Trouble(str(error), error.fix or WAIT, isinstance(error, Denied))
    if names & DENIED or getattr(error.__cause__, "code", None) == MONGO_UNAUTHENTICATED:
        fix = "check the password or the permissions of its address"
        return Trouble(f"{title} refuses these credentials", fix, denied=True)
    if names & SILENT:
        return Trouble(f"{title} did not answer in time", WAIT)
    if names & GONE:
        return Trouble(f"{title} cannot be reached", WAIT)
    if names & UNREADABLE and _library(error) not in OURS:
        who = (
            f"an engine that {ASKERS[source]}" if source in SEVERAL and title[-1] != "," else title
        )
        told = " ".join(f"{type(error).__name__}: {error}".split())[:120]
        return Trouble(f"{who} answered what cannot be read ({told})", STRANGER)
    detail = " ".join(str(error).split())[:160] or type(error).__name__
    subject = title.removesuffix(",")
    engine = subject.partition(",")[0]
    return Trouble(f"{subject}: {detail.removeprefix(f'{engine}: ')}", WAIT)


def _title(source: str, causes: Sequence[BaseException]) -> str:
    """Who did not answer; of a source that asks several engines, which of them."""
    title = TITLES.get(source, source)
    engines = [ENGINES[name] for name in map(_library, causes) if name in ENGINES]
    if source not in ASKERS or not engines or engines[0] == title:
        return title
    return f"{engines[0]}, which {ASKERS[source]},"


def _library(error: BaseException) -> str:
    return type(error).__module__.partition(".")[0]
