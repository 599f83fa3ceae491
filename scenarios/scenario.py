"""The types of a scenario: fields, rules, tallies, routes, view, log line, sample data.

What belongs to a scenario is in its folder; no other code knows a scenario by name.
`scenarios.loading` reads the files, `scenarios.events` applies them to events.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from scenarios.limits import Limits

if TYPE_CHECKING:
    from scenarios.tallies.kind import TallyKind
    from scenarios.views.view import View

QUEUE = "kafka"
"""The queue of a scenario that names none."""

ORIGIN = "origin"
"""In templates of tallies: the way by which an event came. No field may have the name."""

Value = str | int
Event = Mapping[str, Value]
"""One validated event: field name -> value, exactly the scenario's fields, in its order."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field of an event and what it may hold."""

    name: str
    label: str
    kind: Literal["text", "integer"]
    aliases: tuple[str, ...] = ()
    """Other names accepted on the wire; all names are matched without regard to case."""
    pattern: str | None = None
    """A regular expression that a text must match in full."""
    max_length: int = 200
    minimum: int | None = None
    maximum: int | None = None
    labels: Mapping[int, str] | None = None
    """Words for the values of an integer field, such as the phases of a cup."""
    default: Value | None = None
    """The value of records that have none; None where a record must have one."""


@dataclass(frozen=True, slots=True)
class Different:
    """Rule: the two fields must not hold the same value."""

    left: str
    right: str


@dataclass(frozen=True, slots=True)
class CanonicalPair:
    """Tallies see the pair in sorted order, with the parts of `flip` swapped along.

    `Argentina, Guatemala, 5-2` and `Guatemala, Argentina, 2-5` are one prediction.
    """

    left: str
    right: str
    flip: str
    separator: str = "-"


@dataclass(frozen=True, slots=True)
class Traffic:
    """Requests that a Deployment takes (`inbound`, at a door of clients), or makes (`outbound`)."""

    deployment: str
    direction: str


@dataclass(frozen=True, slots=True)
class Derived:
    """A value that is made of a text field. Tallies can name it as they name a field."""

    name: str
    label: str
    source: str
    """Name of the field that it is made of."""
    by: str
    """One of `scenarios.derived`."""


@dataclass(frozen=True)
class Tally:
    """One Redis write per event. Templates hold `{field}` and are filled with escaped values."""

    name: str
    kind: str
    """One of `scenarios.tallies.registry`."""
    key: str
    member: str = ""
    add: str = ""
    """Name of the integer field that is added; one is added where it is empty."""
    unless: Mapping[str, Value] = dataclasses.field(default_factory=dict)
    """Field -> value of events that are not counted."""


@dataclass(frozen=True, slots=True)
class HttpRoutes:
    """Paths of one HTTP producer, and what it answers to a single accepted event."""

    paths: tuple[str, ...]
    reply: Mapping[str, str]
    replies: Mapping[str, str] = dataclasses.field(default_factory=dict)
    """Further paths that answer a text of their own instead."""


@dataclass(frozen=True, slots=True)
class GrpcRoute:
    """One RPC of an existing implementation that this scenario accepts."""

    method: str
    """`/package.Service/Rpc`."""
    request: str
    """Full protobuf name of the request; its fields are the event's fields by name."""
    reply: str
    reply_fields: Mapping[str, str]
    """Field of the reply -> template with `{field}`."""


@dataclass(frozen=True, slots=True)
class SampleRow:
    """One kind of generated event: how often, and which values (a list is chosen from)."""

    weight: int
    values: Mapping[str, tuple[Value, ...]]


@dataclass(frozen=True, slots=True)
class NamedView:
    """One of the views of a scenario, which are paged through."""

    name: str
    title: str
    view: View


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything that makes one scenario differ from another."""

    name: str
    title: str
    noun: str
    """What one event is called, in the plural: `votes`, `predictions`."""
    fields: tuple[Field, ...]
    rules: tuple[Different, ...]
    canonical: CanonicalPair | None
    tallies: tuple[Tally, ...]
    views: tuple[NamedView, ...]
    """At least one; the first is shown where nobody chooses."""
    log_line: str
    """Template with `{field}` for one line of the log pane."""
    http: HttpRoutes
    grpc_front: HttpRoutes
    """Paths of the HTTP front of the gRPC producer."""
    grpc: tuple[GrpcRoute, ...]
    wasm: HttpRoutes | None
    """Paths of the front of the WASM producer, which does not run without them."""
    samples: tuple[SampleRow, ...]
    forms: tuple[tuple[str, ...], ...] = ()
    """Forms of a record: fields with a default, of which a record has all of one form at least."""
    readers: tuple[str, ...] = ()
    """Sets of routes of the reader: files of a folder `reader`, without their end."""
    traffic: tuple[Traffic, ...] = ()
    """What of its own services is shown beside that of the product's."""
    derived: tuple[Derived, ...] = ()
    queues: tuple[str, ...] = (QUEUE,)
    """Names of `wire.queues.registry`, each once; the first is that of whoever names none."""
    limits: Limits = dataclasses.field(default_factory=Limits)
    """From which figures on it is degraded, or broken."""
    folder: Path | None = dataclasses.field(default=None, compare=False)
    """Where all that belongs to it is; None where its file is alone."""
    kinds: Mapping[str, TallyKind] = dataclasses.field(default_factory=dict, compare=False)
    """Name -> kind, of all tallies that it can have."""

    @property
    def view(self) -> View:
        """The first view that shows tallies."""
        return next((each.view for each in self.views if each.view.tally), self.views[0].view)

    def named_view(self, name: str) -> NamedView:
        """The view of that name, the first one for an empty name; KeyError where there is none."""
        for each in self.views:
            if not name or each.name == name:
                return each
        raise KeyError(name)

    @property
    def queue(self) -> str:
        """The first of its queues."""
        return self.queues[0]

    def side(self, queue: str) -> str:
        """By what the figures of a queue are told apart in the stores: its name, but nothing for
        the first, which a scenario has had since before it had several."""
        return "" if queue == self.queue else queue

    def field(self, name: str) -> Field:
        """The field of that name; KeyError where there is none."""
        for field in self.fields:
            if field.name == name:
                return field
        raise KeyError(name)

    def tally(self, name: str) -> Tally:
        """The tally of that name; KeyError where there is none."""
        for tally in self.tallies:
            if tally.name == name:
                return tally
        raise KeyError(name)
