"""What the tables of one scenario must agree on: fields, tallies, templates, samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

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
        self._derived = [each.name for each in scenario.derived]
        self._tallies = {tally.name: tally for tally in scenario.tallies}

    def all(self) -> None:
        self._names()
        self._rules()
        self._derivations()
        self.template(self._root, "log_line", self.scenario.log_line)
        for tally, table in zip(self.scenario.tallies, self._root.tables("tallies"), strict=True):
            self._tally(tally, table)
        tables = self._root.tables("views") or [self._root.table("view")]
        for named, table in zip(self.scenario.views, tables, strict=True):
            named.view.check(self, table)
        if not self.scenario.view.tally:
            tables[0].fail("kind", "no view shows a tally", "declare another of [[views]]")
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
        if len({each.name for each in self.scenario.views}) != len(self.scenario.views):
            self._root.fail("views", "two have the same name", "rename one of them")

    def _derivations(self) -> None:
        tables = self._root.tables("derived")
        for each, table in zip(self.scenario.derived, tables, strict=True):
            if each.name in (*self._fields, ORIGIN) or self._derived.count(each.name) > 1:
                table.fail("name", f"{each.name!r} is there already", "give it another name")
            self.known(table, "from", (each.source,))
            if self.scenario.field(each.source).kind != "text":
                table.fail("from", f"{each.source} is no text", "name a field of kind text")

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
        self.template(table, "key", tally.key, extra=self._derived)
        self.template(table, "member", tally.member, extra=(ORIGIN, *self._derived))
        self.scenario.kinds[tally.kind].check(self, table, tally)
        self.known(table, "unless", tally.unless)
        for name, value in tally.unless.items():
            read = FieldReader(self.scenario.field(name)).read(value)
            if isinstance(read, RefusedValue):
                table.fail("unless", f"{name} {read.message}", "use a value it may hold")
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

    def named(self, table: Table, key: str, name: str, *holds: str) -> Tally:
        """The tally of that name; fails at `key` where none is kept as one of `holds`, as
        `TallyKind.holds` has them."""
        kinds = self.scenario.kinds
        known = [each.name for each in self.scenario.tallies if kinds[each.kind].holds in holds]
        if name not in known:
            kept = " or ".join(holds)
            words = f"use a tally of kind {kept}: {', '.join(known) or 'there is none'}"
            table.fail(key, f"{name!r} is no {kept} tally", words + near(name, known))
        return self._tallies[name]

    def country(self, table: Table, key: str, tally: Tally) -> None:
        """Fails at `key` where the members of the tally are no countries."""
        countries = [f"{{{each.name}}}" for each in self.scenario.derived if each.by == "country"]
        if tally.member not in countries:
            fix = f"make its member {' or '.join(countries) or 'a [[derived]] by country'}"
            table.fail(key, f"the members of {tally.name} are no countries", fix)

    def known(self, table: Table, key: str, given: Iterable[str]) -> None:
        """Fails at `key` for the first name that is no field."""
        for name in given:
            if name not in self._fields:
                words = f"fields are {', '.join(self._fields)}{near(name, self._fields)}"
                table.fail(key, f"{name!r} is not a field", words)

    def template(self, table: Table, key: str, template: str, extra: Sequence[str] = ()) -> None:
        """Fails at `key` where the template names what is no field."""
        named = placeholders(template)
        if named is None:
            table.fail(key, f"{template!r} has a lone brace", "write {field} for a value")
        self.known(table, key, (name for name in named if name not in extra))
