"""An engine of a test's own: a server that gives back each line to whoever begins with its word."""

from .kind import ToyKind

__all__ = ["ENGINE"]

ENGINE = ToyKind()
