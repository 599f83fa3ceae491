"""One number."""

from scenarios.tallies.kind import TallyKind


class Counter(TallyKind):
    """INCRBY key amount."""

    name = "counter"
    holds = "number"
    members = False
    lua = "return redis.pcall('INCRBY', key, amount)"


KIND = Counter()
