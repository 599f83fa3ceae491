"""What a kind of tally is: how a file declares one, what an event adds, how Redis takes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NamedTuple

from scenarios.reading import Table
from scenarios.scenario import Event, Tally

if TYPE_CHECKING:
    from scenarios.checking import ScenarioChecks


class Write(NamedTuple):
    """What one event adds to `key` (without the scenario).

    Amounts for the same kind, key and member are added up before Redis is told of them.
    """

    kind: str
    key: str
    member: str
    amount: int


Writer = Callable[[Event, Mapping[str, str]], Write]
"""The write of an event, given with its values as they are and escaped for keys and members."""


class TallyKind:
    """A kind of tally; what is not overridden is that of a hash."""

    name: str
    """As `kind` in a scenario; a-z, 0-9 and -."""
    holds: ClassVar[Literal["hash", "set", "number", "newest"]] = "hash"
    """What Redis has under the key; views ask for hashes, sets, and the newest of a few."""
    members: ClassVar[bool] = True
    """Whether the tally has members; `member` is then mandatory, else it is refused."""
    adds: ClassVar[bool] = True
    """Whether `add` means something."""
    placed: ClassVar[bool] = False
    """Whether a write depends on where and when the event lies, see `place`."""
    lua: str
    """Body of a function of `key, member, amount, most` that adds to the tally and returns the
    answer of Redis, or its error. It follows `wire/tallies.lua`; members of hashes and sets are
    added by `add(holds, key, member, amount, most)` alone, which keeps the lists that views read.
    A rebuild calls it too, on keys that are not there."""

    def read(self, table: Table) -> Tally:
        """The tally that a table of a scenario declares. Raises ScenarioError."""
        tally = Tally(
            name=table.text("name"),
            kind=self.name,
            key=table.text("key"),
            member=table.text("member", ""),
            add=table.text("add", ""),
            unless=table.mapping("unless", {}),
        )
        table.done()
        if self.members != bool(tally.member):
            fix = "hash and set need a member, counter none"
            table.fail("member", f"does not fit kind {self.name}", fix)
        if tally.add and not self.adds:
            table.fail("add", f"means nothing for a {self.name}", "remove add")
        return tally

    def check(self, check: ScenarioChecks, table: Table, tally: Tally) -> None:
        """Fails where the tally does not fit the fields of its scenario."""

    def place(self, write: Write, document: Mapping[str, Any]) -> Write:
        """The write of a stored document (`wire.keys.logs_collection`), made of that of its event;
        where `placed`. It depends on nothing that differs when the same record is counted again.
        Of the members of a key the `amount` highest are kept, so no others are written."""
        return write

    def writer(self, tally: Tally) -> Writer:
        """Makes the writes of one tally; bound once, called for every different event."""
        name, fill_key, fill_member, add = (
            self.name, tally.key.format_map, tally.member.format_map, tally.add,
        )  # fmt: skip

        def write(event: Event, escaped: Mapping[str, str]) -> Write:
            amount = int(event[add]) if add else 1
            return Write(name, fill_key(escaped), fill_member(escaped), amount)

        return write
