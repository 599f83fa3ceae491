"""What is asked of Redis for a view: the keys that the consumers write."""

from __future__ import annotations

import pytest

from scenarios.events import EventCodec
from scenarios.loading import load
from scenarios.scenario import Event
from wire import keys
from wire.tops import Ask
from wire.views import Questions


def test_a_table_asks_for_its_hash_and_the_one_of_its_mean() -> None:
    asked = Questions(load("bands"))
    assert asked.firsts() == []
    assert asked.rows(7) == Ask("hash", "{bands}:votes", 7, "{bands}:rank")


@pytest.mark.parametrize("team", ["Guatemala", "a:b", "100%", "%3A", "{phase}"])
def test_bars_ask_for_the_keys_that_an_event_was_counted_under(team: str) -> None:
    cup = load("worldcup")
    event: Event = {"team1": team, "team2": "~", "score": "2-5", "phase": 3}
    hashed, _, listed = EventCodec(cup).tally_writes(event)
    asked = Questions(cup)
    assert asked.firsts() == ["1", "2", "3", "4"]
    assert asked.choices("3", 9) == Ask("set", keys.counter_key("worldcup", listed.key), 9)
    chosen = asked.rows(5, ("3", listed.member))
    assert chosen == Ask("hash", keys.counter_key("worldcup", hashed.key), 5)
