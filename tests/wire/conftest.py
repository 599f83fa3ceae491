"""Scenarios of these tests' own, with both document stores."""

from tests.consumer.rig import bands, worldcup
from tests.stores import engines_on_both
from tests.wire.filled import filled

__all__ = ["bands", "engines_on_both", "filled", "worldcup"]
