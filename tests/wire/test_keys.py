"""Names in the stores: what is a tally and what lies beside them."""

from __future__ import annotations

import inspect

import pytest

from wire import keys

MADE = [
    made for name, made in inspect.getmembers(keys, inspect.isfunction)
    if name.endswith("_key") and made not in (keys.counter_key, keys.disk_key)
]  # fmt: skip


@pytest.mark.parametrize("made", MADE, ids=lambda made: made.__name__)
def test_no_key_of_its_own_is_a_tally(made: object) -> None:
    assert callable(made)
    wanted = len(inspect.signature(made).parameters)
    name = made(*("bands", "one")[:wanted])
    assert not keys.is_tally(name.removeprefix(keys.counter_key("bands", "")))


@pytest.mark.parametrize("key", ["band", "country:es", "bookshop", "oncely", "queued"])
def test_what_a_scenario_names_is_one(key: str) -> None:
    assert keys.is_tally(key)


@pytest.mark.parametrize("key", ["%top:band", "%sums", "%floors"])
def test_what_lies_beside_one_is_none(key: str) -> None:
    assert not keys.is_tally(key)
