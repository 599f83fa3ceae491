"""A number for each member."""

from scenarios.tallies.kind import TallyKind


class Hash(TallyKind):
    """HINCRBY key member amount."""

    name = "hash"
    lua = "return add('hash', key, member, amount, most)"


KIND = Hash()
