"""Selectors of a scenario as flags."""

from __future__ import annotations

import pytest

from controlroom.commands.exits import CommandError
from controlroom.commands.tallies import chosen, key_of
from controlroom.model.tallies import Selection, TallyChoice
from scenarios.loading import load

MATCHES = Selection(
    "Match",
    (TallyChoice("Argentina:Francia", "Argentina – Francia"), TallyChoice("A:B", "A – B")),
    None,
)


def test_flags_are_the_scenarios_selectors_in_its_order() -> None:
    cup = load("worldcup")
    assert chosen(cup, ["--match=A:B", "--phase", "Final"]) == [(0, "Final"), (1, "A:B")]
    assert chosen(cup, []) == []


def test_a_view_says_which_selectors_there_are() -> None:
    covid = load("covid")
    assert chosen(covid, ["--country", "Peru", "--view=gender"]) == [(0, "gender"), (1, "Peru")]
    assert chosen(covid, ["--view", "stored", "--page", "2", "--filter", "age=9"]) == [
        (0, "stored"), (1, "age=9"), (2, "2"),
    ]  # fmt: skip
    with pytest.raises(CommandError, match="no view is called 'mapp'") as caught:
        chosen(covid, ["--view", "mapp"])
    assert "map" in caught.value.fix
    with pytest.raises(CommandError, match="'--country' is not known"):
        chosen(covid, ["--view", "map", "--country", "Peru"])


@pytest.mark.parametrize("words", [["--team", "A"], ["phase"], ["--phase"]])
def test_what_is_no_selector_is_refused(words: list[str]) -> None:
    with pytest.raises(CommandError, match=r"phase|team"):
        chosen(load("worldcup"), words)


@pytest.mark.parametrize(
    "value",
    ["Argentina:Francia", "argentina - francia", "Argentina – Francia", "ARGENTINA:francia"],
)
def test_a_value_is_a_key_or_a_label_however_it_is_written(value: str) -> None:
    assert key_of(MATCHES, value) == "Argentina:Francia"


def test_an_unknown_value_names_what_there_is() -> None:
    with pytest.raises(CommandError) as caught:
        key_of(MATCHES, "Chile - Perú")
    assert "Argentina – Francia" in caught.value.fix
