"""What the tables of one scenario must agree on: fields, tallies, templates, samples."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.fields import FieldReader, Refused
from scenarios.reading import Table, near
from scenarios.scenario import BarsView, Scenario, TableView, Tally
from scenarios.templates import places


def check(scenario: Scenario, root: Table) -> None:
    """Raise ScenarioError for the first table that does not fit the others."""
    _Check(scenario, root).all()


class _Check:
    def __init__(self, scenario: Scenario, root: Table) -> None:
        self._scenario = scenario
        self._root = root
        self._fields = [field.name for field in scenario.fields]
        self._tallies = {tally.name: tally for tally in scenario.tallies}

    def all(self) -> None:
        self._names()
        self._rules()
        self._template(self._root, "log_line", self._scenario.log_line)
        for tally, table in zip(self._scenario.tallies, self._root.tables("tallies"), strict=True):
            self._tally(tally, table)
        view, table = self._scenario.view, self._root.table("view")
        if isinstance(view, TableView):
            self._table_view(view, table)
        else:
            self._bars_view(view, table)
        for route, table in zip(self._scenario.grpc, self._root.tables("grpc"), strict=True):
            for template in route.reply_fields.values():
                self._template(table, "reply_fields", template, extra=("id",))
        self._samples()

    def _names(self) -> None:
        seen: set[str] = set()
        for field, table in zip(self._scenario.fields, self._root.tables("fields"), strict=True):
            for name in (field.name, *field.aliases):
                if name.casefold() in seen:
                    table.fail("name", f"{name!r} names two fields", "rename one of them")
                seen.add(name.casefold())
        if len(self._tallies) != len(self._scenario.tallies):
            self._root.fail("tallies", "two have the same name", "rename one of them")

    def _rules(self) -> None:
        for rule, table in zip(self._scenario.rules, self._root.tables("rules"), strict=True):
            self._known(table, "left", (rule.left,))
            self._known(table, "right", (rule.right,))
        pair, pair_table = self._scenario.canonical, self._root.maybe_table("canonical")
        if pair is not None and pair_table is not None:
            self._known(pair_table, "left", (pair.left,))
            self._known(pair_table, "right", (pair.right,))
            self._known(pair_table, "flip", (pair.flip,))
            for name in (pair.left, pair.right, pair.flip):
                if self._scenario.field(name).kind != "text":
                    pair_table.fail("left", f"{name} is no text", "name fields of kind text")

    def _tally(self, tally: Tally, table: Table) -> None:
        self._template(table, "key", tally.key)
        self._template(table, "member", tally.member)
        if tally.add:
            self._known(table, "add", (tally.add,))
            if self._scenario.field(tally.add).kind != "integer":
                table.fail("add", f"{tally.add} is no integer field", "name an integer field")

    def _table_view(self, view: TableView, table: Table) -> None:
        shown = self._named(table, "tally", view.tally, "hash")
        self._known(table, "columns", view.columns)
        if shown.member != ":".join(f"{{{name}}}" for name in view.columns):
            table.fail(
                "columns",
                f"do not fit the member {shown.member!r} of the tally {shown.name}",
                "make the member the columns as {field}, joined by :",
            )
        if view.average:
            other = self._named(table, "average", view.average, "hash")
            if other.member != shown.member or not other.add:
                table.fail("average", "has other members or adds nothing", "use the same member")

    def _bars_view(self, view: BarsView, table: Table) -> None:
        shown = self._named(table, "tally", view.tally, "hash")
        choices = self._named(table, "choices", view.choices, "set")
        first = view.selectors[0]
        self._known(table, "selectors", (first,))
        if not self._scenario.field(first).labels:
            table.fail("selectors", f"the field {first} has no labels", f"give {first} labels")
        if places(choices.key) != (first,):
            table.fail("choices", f"its key must name {{{first}}} only", "change the key")
        if set(places(shown.key) or ()) != {first, *(places(choices.member) or ())}:
            table.fail(
                "tally",
                "its key must name the fields of the selector and of the choices' member",
                f"change the key of the tally {shown.name}",
            )

    def _samples(self) -> None:
        readers = {field.name: FieldReader(field) for field in self._scenario.fields}
        for row, table in zip(self._scenario.samples, self._root.tables("samples"), strict=True):
            self._known(table, "values", row.values)
            for name, reader in readers.items():
                if name not in row.values:
                    table.fail("values", f"{name} is missing", f'add {name} = ["..."]')
                for value in row.values[name]:
                    read = reader.read(value)
                    if isinstance(read, Refused):
                        table.fail("values", f"{name} {read.message}", "use a value it may hold")

    def _named(self, table: Table, key: str, name: str, kind: str) -> Tally:
        known = [tally.name for tally in self._tallies.values() if tally.kind == kind]
        if name not in known:
            words = f"use a tally of kind {kind}: {', '.join(known) or 'there is none'}"
            table.fail(key, f"{name!r} is no {kind} tally", words + near(name, known))
        return self._tallies[name]

    def _known(self, table: Table, key: str, given: Iterable[str]) -> None:
        for name in given:
            if name not in self._fields:
                words = f"fields are {', '.join(self._fields)}{near(name, self._fields)}"
                table.fail(key, f"{name!r} is not a field", words)

    def _template(self, table: Table, key: str, template: str, extra: tuple[str, ...] = ()) -> None:
        named = places(template)
        if named is None:
            table.fail(key, f"{template!r} has a lone brace", "write {field} for a value")
        self._known(table, key, (name for name in named if name not in extra))
