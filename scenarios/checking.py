"""What the tables of one scenario must agree on: fields, tallies, templates, samples."""

from __future__ import annotations

from collections.abc import Iterable

from scenarios.fields import FieldReader, RefusedValue
from scenarios.reading import Table, near
from scenarios.scenario import ORIGIN, Field, Scenario, Tally
from scenarios.templates import placeholders


def check(scenario: Scenario, root: Table) -> None:
    """Raise ScenarioError for the first table that does not fit the others."""
    ScenarioChecks(scenario, root).all()


class ScenarioChecks:
    """The checks; views use its public ones."""

    def __init__(self, scenario: Scenario, root: Table) -> None:
        self.scenario = scenario
        self._root = root
        self._fields = [field.name for field in scenario.fields]
        self._tallies = {tally.name: tally for tally in scenario.tallies}

    def all(self) -> None:
        self._names()
        self._rules()
        self.template(self._root, "log_line", self.scenario.log_line)
        for tally, table in zip(self.scenario.tallies, self._root.tables("tallies"), strict=True):
            self._tally(tally, table)
        self.scenario.view.check(self, self._root.table("view"))
        for route, table in zip(self.scenario.grpc, self._root.tables("grpc"), strict=True):
            for template in route.reply_fields.values():
                self.template(table, "reply_fields", template, extra=("id",))
        self._samples()

    def _names(self) -> None:
        seen: set[str] = set()
        for field, table in zip(self.scenario.fields, self._root.tables("fields"), strict=True):
            for name in (field.name, *field.aliases):
                if name.casefold() in seen:
                    table.fail("name", f"{name!r} names two fields", "rename one of them")
                seen.add(name.casefold())
            if field.name == ORIGIN:
                table.fail("name", "'origin' is the way of every event", "give it another name")
            self._default(field, table)
        if len(self._tallies) != len(self.scenario.tallies):
            self._root.fail("tallies", "two have the same name", "rename one of them")

    def _default(self, field: Field, table: Table) -> None:
        if field.default is None:
            return
        read = FieldReader(field).read(field.default)
        if isinstance(read, RefusedValue):
            table.fail("default", read.message, "use a value that the field may hold")
        if self.scenario.wasm is not None:
            table.fail("default", "is not known to the WASM producer", "remove it, or [wasm]")

    def _rules(self) -> None:
        for rule, table in zip(self.scenario.rules, self._root.tables("rules"), strict=True):
            self.known(table, "left", (rule.left,))
            self.known(table, "right", (rule.right,))
        for form, table in zip(self.scenario.forms, self._root.tables("forms"), strict=True):
            self.known(table, "fields", form)
            for name in form:
                if self.scenario.field(name).default is None:
                    table.fail("fields", f"{name} may never be absent", "give it a default")
        pair, pair_table = self.scenario.canonical, self._root.maybe_table("canonical")
        if pair is not None and pair_table is not None:
            self.known(pair_table, "left", (pair.left,))
            self.known(pair_table, "right", (pair.right,))
            self.known(pair_table, "flip", (pair.flip,))
            for name in (pair.left, pair.right, pair.flip):
                if self.scenario.field(name).kind != "text":
                    pair_table.fail("left", f"{name} is no text", "name fields of kind text")

    def _tally(self, tally: Tally, table: Table) -> None:
        self.template(table, "key", tally.key)
        self.template(table, "member", tally.member, extra=(ORIGIN,))
        if tally.add:
            self.known(table, "add", (tally.add,))
            if self.scenario.field(tally.add).kind != "integer":
                table.fail("add", f"{tally.add} is no integer field", "name an integer field")

    def _samples(self) -> None:
        readers = {field.name: FieldReader(field) for field in self.scenario.fields}
        for row, table in zip(self.scenario.samples, self._root.tables("samples"), strict=True):
            self.known(table, "values", row.values)
            for name, reader in readers.items():
                if name not in row.values and reader.default is None:
                    table.fail("values", f"{name} is missing", f'add {name} = ["..."]')
                for value in row.values.get(name, ()):
                    read = reader.read(value)
                    if isinstance(read, RefusedValue):
                        table.fail("values", f"{name} {read.message}", "use a value it may hold")

    def named(self, table: Table, key: str, name: str, holds: str) -> Tally:
        """The tally of that name; fails at `key` where none is kept as `holds`, hash or set."""
        kinds = self.scenario.kinds
        known = [each.name for each in self.scenario.tallies if kinds[each.kind].holds == holds]
        if name not in known:
            words = f"use a tally of kind {holds}: {', '.join(known) or 'there is none'}"
            table.fail(key, f"{name!r} is no {holds} tally", words + near(name, known))
        return self._tallies[name]

    def known(self, table: Table, key: str, given: Iterable[str]) -> None:
        """Fails at `key` for the first name that is no field."""
        for name in given:
            if name not in self._fields:
                words = f"fields are {', '.join(self._fields)}{near(name, self._fields)}"
                table.fail(key, f"{name!r} is not a field", words)

    def template(self, table: Table, key: str, template: str, extra: tuple[str, ...] = ()) -> None:
        """Fails at `key` where the template names what is no field."""
        named = placeholders(template)
        if named is None:
            table.fail(key, f"{template!r} has a lone brace", "write {field} for a value")
        self.known(table, key, (name for name in named if name not in extra))
