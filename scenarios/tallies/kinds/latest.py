"""The last events of each key, a few of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scenarios.reading import Table
from scenarios.scenario import Event, Tally
from scenarios.tallies.kind import TallyKind, Write, Writer
from scenarios.templates import escape

MOST = 100
"""Events that a key may keep."""
_PLACE = 4
"""Parts of a member before those of the event: time, offset, place in a list, partition."""


@dataclass(frozen=True)
class LatestTally(Tally):
    """`member` is what is kept of an event."""

    keep: int = 5


class Latest(TallyKind):
    """A sorted set without scores, so that the members lie in the order of their bytes: each begins
    with the time at which it was produced and with its place. So what is kept follows from the
    events alone, whoever counts them, in which order and how often."""

    name = "latest"
    holds = "newest"
    adds = False
    placed = True
    lua = """
local answer = redis.pcall('ZADD', key, 0, member)
if type(answer) == 'table' then
  return answer
end
return redis.pcall('ZREMRANGEBYRANK', key, 0, -1 - tonumber(amount))
"""

    def read(self, table: Table) -> LatestTally:
        keep = table.integer("keep", 5)
        if not 0 < keep <= MOST:
            table.fail("keep", f"is {keep}", f"keep 1 to {MOST}")
        made = super().read(table)
        return LatestTally(
            made.name, self.name, made.key, made.member, unless=made.unless, keep=keep
        )

    def writer(self, tally: Tally) -> Writer:
        assert isinstance(tally, LatestTally)
        fill_key, fill_member, keep = tally.key.format_map, tally.member.format_map, tally.keep

        def write(event: Event, escaped: Mapping[str, str]) -> Write:
            return Write(self.name, fill_key(escaped), fill_member(escaped), keep)

        return write

    def place(self, write: Write, document: Mapping[str, Any]) -> Write:
        at, offset, index = max(0, document["at"]), document["o"], document.get("i", 0)
        first = f"{at:015d}:{offset:015d}:{index:06d}:{escape(document['tp'])}"
        return write._replace(member=f"{first}:{write.member}")


def parts_of(member: str) -> tuple[int, str]:
    """When an event of the sorted set was produced, ms since the epoch, and what is kept of it."""
    at, *rest = member.split(":", _PLACE)
    return int(at), rest[-1]


KIND = Latest()
