"""The members there are."""

from scenarios.tallies.kind import TallyKind


class Set(TallyKind):
    """SADD key member."""

    name = "set"
    holds = "set"
    adds = False
    lua = "return add('set', key, member, amount, most)"


KIND = Set()
