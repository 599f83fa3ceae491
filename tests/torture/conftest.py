"""A scenario of these tests' own on the tests' own stack, with both document stores."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.own_stack import OwnStack
from tests.stores import stack_on_both

__all__ = ["stack_on_both"]


@pytest.fixture
def fresh(stack: OwnStack, make_scenario: Callable[[str], Path]) -> Iterator[Path]:
    """The stack runs a scenario that nobody has used; its file."""
    path = make_scenario("bands")
    stack.run("up", "--scenario", str(path), timeout=180)
    yield path
    stack.run("up", "--scenario", "bands", timeout=180)
