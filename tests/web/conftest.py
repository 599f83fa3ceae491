"""A scenario of these tests' own; pages do not depend on the document store."""

from tests.consumer.rig import bands

__all__ = ["bands"]
