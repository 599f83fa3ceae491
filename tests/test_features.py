"""docs/features.md is true: each test that it names exists, and its sum is right."""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

from controlroom.commands.registry import with_key

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "features.md"
FEATURES = 81
TAKEN = frozenset({"ctrl+a", "ctrl+b", "ctrl+d", "ctrl+k", "ctrl+q", "ctrl+s", "ctrl+u", "ctrl+w"})
"""Keys that multiplexers, editors and the line of a shell have."""
_NAMED = re.compile(r"`(tests/[\w/]+\.py)::(test_\w+)`")


def rows() -> list[list[str]]:
    """Number, feature, state, where, tests of each row."""
    found = []
    for line in PAGE.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if line.startswith("| ") and cells[0].isdigit():
            found.append(cells)
    return found


@cache
def in_file(file: str) -> frozenset[str]:
    """Names of the tests in a file."""
    tree = ast.parse((ROOT / file).read_text())
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, kinds))


def test_every_row_says_its_state_and_the_sum_is_right() -> None:
    found = rows()
    assert all(len(row) == 5 for row in found)
    assert [int(row[0]) for row in found] == list(range(1, FEATURES + 1))
    assert len({row[1] for row in found}) == FEATURES
    states = Counter(row[2] for row in found)
    assert states.keys() <= {"whole", "part", "missing"}
    said = f"{states['whole']} whole, {states['part']} in part, {states['missing']} missing."
    assert said in PAGE.read_text()


def test_whatever_is_whole_names_its_tests_and_they_exist() -> None:
    for number, feature, state, where, tests in rows():
        named = _NAMED.findall(tests)
        assert len(named) == tests.count("`") / 2, f"row {number}: not all are FILE::TEST"
        if state == "whole":
            assert named, f"row {number}: {feature} has no test"
        if state == "part":
            assert where, f"row {number}: {feature} says not what there is of it"
        for file, test in named:
            assert (ROOT / file).is_file(), f"row {number}: there is no {file}"
            assert test in in_file(file), f"row {number}: there is no {file}::{test}"


def test_no_act_lies_on_a_key_that_other_programs_take() -> None:
    acts = [one for one in with_key(False) if one.dangerous or one.changes]
    assert acts
    assert not [one.id for one in acts if one.key.startswith("ctrl+")]
    assert not [one.id for one in with_key(False) if one.key in TAKEN]
