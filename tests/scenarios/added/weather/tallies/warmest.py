"""A kind of tally: the highest value that each member ever had."""

from __future__ import annotations

from collections.abc import Mapping

from scenarios.scenario import Event, Tally
from scenarios.tallies.kind import TallyKind, Write, Writer


class Warmest(TallyKind):
    """`add` names the field. Amounts are added up, so the value goes before the member."""

    name = "warmest"
    lua = """
local value, name = string.match(member, '^(%d+) (.*)$')
local known = redis.pcall('HGET', key, name)
if type(known) == 'table' then
  return known
end
local more = tonumber(value) - tonumber(known or 0)
return more > 0 and add('hash', key, name, more, most) or 0
"""

    def writer(self, tally: Tally) -> Writer:
        def write(event: Event, escaped: Mapping[str, str]) -> Write:
            member = f"{event[tally.add]} {tally.member.format_map(escaped)}"
            return Write(self.name, tally.key.format_map(escaped), member, 1)

        return write


KIND = Warmest()
