"""What an open load shall do: read from its file, checked whole before anything is sent."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import msgspec

from controlroom.arrivals.address import PathName, address, wrong_with

Arrivals = Literal["constant", "poisson"]

FASTEST = 100_000.0
LONGEST = 24 * 3600.0
SLOWEST_ANSWER = 600.0
MOST_WAITING = 20_000
MOST_EVENTS = 1000
"""Events in one request."""


class PlanError(Exception):
    """A plan cannot be used: one sentence that names the field, and one of how to mend it."""

    def __init__(self, message: str, fix: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.fix = fix


class Plan(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An open load. It ends after `seconds` or `number` arrivals, whichever comes first."""

    url: str
    """The ingress; one with a path of its own is used as it is. `grpc://HOST:PORT` is a gRPC
    server, spoken to without the front of the path `grpc`."""
    rate: float
    """Arrivals per second."""
    seconds: float
    """Length of the schedule. Answers may come until `timeout` later."""
    path: PathName = "http"
    arrivals: Arrivals = "constant"
    """Equal gaps, or gaps of a Poisson process."""
    seed: int = 1
    """Of the gaps and of the events."""
    scenario: str = "bands"
    """Name or file of the scenario whose events are sent."""
    batch: int = 1
    """Events in one request."""
    timeout: float = 10.0
    """Seconds that a request waits for its answer."""
    most_waiting: int = 1000
    """Requests that may wait for an answer at a time; arrivals above it are dropped."""
    number: int | None = None
    """Most arrivals; None is as many as the time holds."""
    bodies: str = ""
    """File of request bodies, one a line, sent in turn instead of generated events."""
    run: str = ""
    """Gives each request of one event the id `RUN-NUMBER`, from 1; empty gives none."""
    anywhere: bool = False
    """Whether it may leave this machine, as for the ingress of a cluster."""

    @property
    def address(self) -> str:
        """Where requests go."""
        return self.url if self.native else address(self.url, self.path)

    @property
    def native(self) -> bool:
        """Whether a gRPC server is spoken to by itself."""
        return self.url.startswith("grpc:")


def read_plan(path: Path) -> Plan:
    """The plan of that file. Raises PlanError."""
    try:
        plan = msgspec.json.decode(path.read_bytes(), type=Plan)
    except OSError as error:
        raise PlanError(f"{path} cannot be read: {error.strerror}.", "Name a file.") from None
    except msgspec.ValidationError as error:
        raise PlanError(f"{path}: {_named(str(error))}.", f"It has {_known()}.") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise PlanError(f"{path} is not JSON: {error}.", "Write one JSON object.") from None
    return check(plan)


def check(plan: Plan) -> Plan:
    """The same plan. Raises PlanError that names the first field that cannot be used."""
    wrong = wrong_with(plan.url, ("http", "grpc"), plan.anywhere)
    if wrong:
        raise PlanError(f"url: {wrong}", "Give an address such as http://127.0.0.1:8080.")
    if plan.native and plan.path != "grpc":
        raise PlanError(f"path {plan.path}: {plan.url} is a gRPC server.", "Give the path grpc.")
    _within("rate", plan.rate, FASTEST, "arrivals per second")
    _within("seconds", plan.seconds, LONGEST, "seconds")
    _within("timeout", plan.timeout, SLOWEST_ANSWER, "seconds")
    _within("batch", plan.batch, MOST_EVENTS, "events")
    _within("most_waiting", plan.most_waiting, MOST_WAITING, "requests")
    if plan.number is not None:
        _within("number", plan.number, int(FASTEST * LONGEST), "arrivals")
    return plan


def _within(name: str, value: float, most: float, unit: str) -> None:
    # what is no number is not above nothing either
    if not 0 < value <= most:
        raise PlanError(
            f"{name} {value:g} cannot be used.", f"Give more than 0 and at most {most:g} {unit}."
        )


def _named(error: str) -> str:
    """`rate: Expected ...` instead of a path behind it."""
    what, found, field = error.partition(" - at `$.")
    return f"{field.rstrip('`')}: {what}" if found else what


def _known() -> str:
    return ", ".join(Plan.__struct_fields__)
