"""A number for each range of an integer field."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from scenarios.reading import Table
from scenarios.scenario import Event, Tally
from scenarios.tallies.kind import TallyKind, Write, Writer
from scenarios.tallies.kinds.hash import KIND as HASH
from scenarios.templates import placeholders

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


@dataclass(frozen=True)
class RangesTally(Tally):
    """`member` is the field alone, such as `{age}`."""

    starts: tuple[int, ...] = ()
    """Where each range begins; the last has no end."""

    @property
    def ranges(self) -> tuple[str, ...]:
        """All members that there can be, in their order: `0-11`, `12-17`, `18+`; before them what
        is below the first."""
        ends = self.starts[1:]
        inner = [
            f"{start}-{end - 1}" if end - 1 > start else str(start)
            for start, end in zip(self.starts, ends, strict=False)
        ]
        return (f"<{self.starts[0]}", *inner, f"{self.starts[-1]}+")


class Ranges(TallyKind):
    """Counted as a hash is; the member is the range in which the value lies."""

    name = "ranges"
    lua = HASH.lua

    def read(self, table: Table) -> RangesTally:
        starts = table.get("starts", list, None, "a list of whole numbers")
        if not starts or not all(type(start) is int for start in starts):
            table.fail("starts", "must hold whole numbers", "write starts = [0, 18, 65]")
        if starts != sorted(set(starts)):
            table.fail("starts", "do not rise", "write them from the lowest to the highest")
        made = super().read(table)
        if len(placeholders(made.member) or ()) != 1 or made.member[0] + made.member[-1] != "{}":
            table.fail("member", f"{made.member!r} is not one field", 'write member = "{age}"')
        return RangesTally(
            made.name,
            self.name,
            made.key,
            made.member,
            made.add,
            made.unless,
            starts=tuple(starts),
        )

    def check(self, check: ScenarioChecks, table: Table, tally: Tally) -> None:
        name = tally.member[1:-1]
        check.known(table, "member", (name,))
        if check.scenario.field(name).kind != "integer":
            table.fail("member", f"{name} is no integer field", "name an integer field")

    def writer(self, tally: Tally) -> Writer:
        assert isinstance(tally, RangesTally)
        field, starts, ranges = tally.member[1:-1], tally.starts, tally.ranges
        fill_key, add = tally.key.format_map, tally.add

        def write(event: Event, escaped: Mapping[str, str]) -> Write:
            amount = int(event[add]) if add else 1
            member = ranges[bisect_right(starts, int(event[field]))]
            return Write(HASH.name, fill_key(escaped), member, amount)

        return write


KIND = Ranges()
