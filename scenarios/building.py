"""From the tables of a scenario file to the types of a scenario."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, cast

from scenarios.derived import DERIVATIONS
from scenarios.limits import NAMES, Limits, changed
from scenarios.reading import Table
from scenarios.scenario import (
    QUEUE,
    CanonicalPair,
    Derived,
    Different,
    Field,
    GrpcRoute,
    HttpRoutes,
    NamedView,
    SampleRow,
    Scenario,
    Tally,
    Traffic,
    Value,
)
from scenarios.tallies.kind import TallyKind
from scenarios.tallies.registry import tally_kinds
from scenarios.views.registry import view_kinds
from scenarios.views.view import ViewKind

NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")
_WIDEST = 10_000
_QUEUE = re.compile(r"[a-z][a-z0-9_-]{0,31}")
_DEPLOYMENT = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,40}")


def build(root: Table, folder: Path | None) -> Scenario:
    """The scenario that the tables describe, not yet checked across tables.

    `folder` holds all that belongs to it, and is the package `scenarios.NAME`; None where its file
    is alone.
    """
    name = root.text("name")
    if not NAME.fullmatch(name):
        root.fail("name", f"is {name!r}", "use a-z, 0-9 and -, at most 41 characters")
    package = f"scenarios.{name}"
    kinds: Mapping[str, TallyKind] = tally_kinds()
    views: Mapping[str, ViewKind] = view_kinds()
    if folder is not None:
        kinds = tally_kinds(f"{package}.tallies", folder / "tallies")
        views = view_kinds(f"{package}.views", folder / "views")
    front = root.maybe_table("grpc_front")
    scenario = Scenario(
        name=name,
        title=root.text("title"),
        noun=root.text("noun", "events"),
        log_line=root.text("log_line"),
        fields=tuple(_field(table) for table in root.tables("fields", least=1)),
        rules=tuple(_rule(table) for table in root.tables("rules")),
        canonical=_canonical(root.maybe_table("canonical")),
        tallies=tuple(_tally(table, kinds) for table in root.tables("tallies", least=1)),
        views=_views(root, views),
        http=_routes(root.table("http")),
        grpc_front=_routes(front) if front is not None else HttpRoutes((), {}),
        wasm=None if (wasm := root.maybe_table("wasm")) is None else _routes(wasm),
        grpc=tuple(_grpc(table) for table in root.tables("grpc")),
        samples=tuple(_sample(table) for table in root.tables("samples", least=1)),
        forms=tuple(_form(table) for table in root.tables("forms")),
        readers=tuple(_reader(table) for table in root.tables("reader")),
        traffic=tuple(_traffic(table) for table in root.tables("traffic")),
        derived=tuple(_derived(table) for table in root.tables("derived")),
        queues=_queues(root),
        limits=_limits(root.maybe_table("health")),
        folder=folder,
        kinds=kinds,
    )
    root.done()
    return scenario


def _limits(table: Table | None) -> Limits:
    if table is None:
        return Limits()
    given = {name: table.get(name, object, "", "a limit") for name in NAMES}
    table.done()
    limits = Limits()
    for name, value in given.items():
        if value == "":
            continue
        try:
            limits = changed(limits, {name: value})
        except ValueError as error:
            table.fail(name, str(error).removeprefix(name).lstrip(": "), "see docs/contributing.md")
    return limits


def _queues(root: Table) -> tuple[str, ...]:
    """`queue` is one, `queues` are several."""
    named, listed = root.maybe_text("queue"), root.maybe_texts("queues")
    if listed is None:
        return (named or QUEUE,)
    if named is not None:
        root.fail("queues", "is given beside queue", "name all of them in queues, and remove queue")
    if not listed:
        root.fail("queues", "is empty", "name a queue, or remove it")
    for place, name in enumerate(listed):
        if name in listed[:place]:
            root.fail("queues", f"names {name!r} twice", "remove one of them")
        if not _QUEUE.fullmatch(name):
            root.fail("queues", f"{name!r} is no name", "use a-z, 0-9, _ and -, at most 32")
    return listed


def _field(table: Table) -> Field:
    name = table.text("name")
    if not _FIELD.fullmatch(name):
        table.fail("name", f"is {name!r}", "use a-z, 0-9 and _, beginning with a letter")
    kind = cast(Literal["text", "integer"], table.choice("kind", ("text", "integer")))
    default = table.maybe_text if kind == "text" else table.maybe_integer
    field = Field(
        name=name,
        label=table.text("label", name.capitalize()),
        kind=kind,
        aliases=table.texts("aliases", ()),
        pattern=table.maybe_text("pattern"),
        max_length=table.integer("max_length", 200),
        minimum=table.maybe_integer("minimum"),
        maximum=table.maybe_integer("maximum"),
        labels=_labels(table),
        default=default("default"),
    )
    table.done()
    _field_fits(table, field)
    return field


def _field_fits(table: Table, field: Field) -> None:
    if field.kind == "text":
        wrong = [key for key in ("minimum", "maximum", "labels") if getattr(field, key) is not None]
    else:
        wrong = ["pattern"] if field.pattern is not None else []
    for key in wrong:
        table.fail(key, f"means nothing for a field of kind {field.kind}", f"remove {key}")
    if not 0 < field.max_length <= 4_000:
        table.fail("max_length", f"is {field.max_length}", "use 1 to 4000 characters")
    if field.minimum is not None and field.maximum is not None and field.minimum > field.maximum:
        table.fail("minimum", "is above the maximum", "swap minimum and maximum")
    try:
        re.compile(field.pattern or "")
    except re.error as error:
        table.fail("pattern", f"is no regular expression: {error}", "fix the expression")


def _labels(table: Table) -> Mapping[int, str] | None:
    given = table.mapping("labels", {})
    labels: dict[int, str] = {}
    for key, word in given.items():
        if not re.fullmatch(r"-?[0-9]{1,18}", key) or not isinstance(word, str):
            table.fail("labels", f"{key} = {word!r}", 'write labels = { 1 = "one", 2 = "two" }')
        labels[int(key)] = word
    return labels or None


def _rule(table: Table) -> Different:
    table.choice("kind", ("different",))
    rule = Different(left=table.text("left"), right=table.text("right"))
    table.done()
    return rule


def _form(table: Table) -> tuple[str, ...]:
    fields = table.texts("fields")
    table.done()
    return fields


def _canonical(table: Table | None) -> CanonicalPair | None:
    if table is None:
        return None
    pair = CanonicalPair(
        left=table.text("left"),
        right=table.text("right"),
        flip=table.text("flip"),
        separator=table.text("separator", "-"),
    )
    table.done()
    return pair


def _tally(table: Table, kinds: Mapping[str, TallyKind]) -> Tally:
    return kinds[table.choice("kind", tuple(kinds))].read(table)


def _derived(table: Table) -> Derived:
    name = table.text("name")
    if not _FIELD.fullmatch(name):
        table.fail("name", f"is {name!r}", "use a-z, 0-9 and _, beginning with a letter")
    label = table.text("label", name.capitalize())
    source, by = table.text("from"), table.choice("by", tuple(DERIVATIONS))
    table.done()
    return Derived(name, label, source, by)


def _views(root: Table, kinds: Mapping[str, ViewKind]) -> tuple[NamedView, ...]:
    """Those of `[[views]]`, or the one of `[view]`."""
    tables = root.tables("views")
    if not tables:
        return (_view(root.table("view"), kinds, "view"),)
    if root.maybe_table("view") is not None:
        root.fail("view", "stands beside [[views]]", "make it one of [[views]]")
    return tuple(_view(table, kinds) for table in tables)


def _view(table: Table, kinds: Mapping[str, ViewKind], default: str | None = None) -> NamedView:
    name = table.text("name", default)
    if not NAME.fullmatch(name):
        table.fail("name", f"is {name!r}", "use a-z, 0-9 and -, at most 41 characters")
    title = table.text("title", name)
    return NamedView(name, title, kinds[table.choice("kind", tuple(kinds))].read(table))


def _routes(table: Table) -> HttpRoutes:
    routes = HttpRoutes(
        paths=table.texts("paths"),
        reply=_texts_of(table, "reply"),
        replies=_texts_of(table, "replies", {}),
    )
    table.done()
    if not routes.paths:
        table.fail("paths", "is empty", 'write paths = ["/input"]')
    for path in (*routes.paths, *routes.replies):
        if not re.fullmatch(r"/[\w./-]*", path, re.ASCII):
            table.fail("paths", f"{path!r} is no path", "begin with / and use a-z, 0-9, . _ - /")
    if len({*routes.paths, *routes.replies}) != len(routes.paths) + len(routes.replies):
        table.fail("paths", "names a path twice", "remove one of them")
    return routes


def _grpc(table: Table) -> GrpcRoute:
    route = GrpcRoute(
        method=table.text("method"),
        request=table.text("request"),
        reply=table.text("reply"),
        reply_fields=_texts_of(table, "reply_fields"),
    )
    table.done()
    if not re.fullmatch(r"/[\w.]+/\w+", route.method, re.ASCII):
        table.fail("method", f"is {route.method!r}", "write /package.Service/Rpc")
    return route


def _reader(table: Table) -> str:
    preset = table.text("preset")
    table.done()
    return preset


def _traffic(table: Table) -> Traffic:
    traffic = Traffic(table.text("deployment"), table.choice("direction", ("inbound", "outbound")))
    table.done()
    if not _DEPLOYMENT.fullmatch(traffic.deployment):
        table.fail("deployment", f"is {traffic.deployment!r}", "use the name of a Deployment")
    return traffic


def _texts_of(
    table: Table, key: str, default: Mapping[str, str] | None = None
) -> Mapping[str, str]:
    given = table.mapping(key, default)
    if not all(isinstance(value, str) for value in given.values()):
        table.fail(key, "must hold texts only", f'write {key} = {{ message = "..." }}')
    return given


def _sample(table: Table) -> SampleRow:
    weight = table.integer("weight", 1)
    if weight < 1:
        table.fail("weight", f"is {weight}", "use 1 or more")
    values = {
        key: _sample_values(table, key, given) for key, given in table.mapping("values").items()
    }
    table.done()
    return SampleRow(weight=weight, values=values)


def _sample_values(table: Table, key: str, given: Any) -> tuple[Value, ...]:
    if isinstance(given, dict):
        return _span(table, key, given)
    values = given if isinstance(given, list) else [given]
    if not values or not all(type(value) in (str, int) for value in values):
        table.fail("values", f"{key} must be texts or whole numbers", f'write {key} = ["...", 1]')
    return tuple(values)


def _span(table: Table, key: str, given: Mapping[str, Any]) -> tuple[Value, ...]:
    """Whole numbers, written as the first and the last of them."""
    first, last = given.get("from", 0.5), given.get("to", 0.5)
    whole = len(given) == 2 and type(first) is int and type(last) is int
    if not whole or not 0 <= last - first < _WIDEST:
        fix = f"write {key} = {{ from = 0, to = 99 }}, at most {_WIDEST} numbers"
        table.fail("values", f"{key} is no span of whole numbers", fix)
    return tuple(range(first, last + 1))
