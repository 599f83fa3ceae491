"""Scenarios of these tests' own."""

from tests.consumer.rig import bands, worldcup

__all__ = ["bands", "worldcup"]
