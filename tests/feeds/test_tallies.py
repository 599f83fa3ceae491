"""Counters as rows and bars, from a real Redis."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from controlroom.commands import tallies as command
from controlroom.commands.exits import CommandError
from controlroom.commands.verb_context import VerbContext
from controlroom.feeds import views
from controlroom.feeds.tallies import TalliesSource
from controlroom.model.tallies import Chosen
from tests.feeds.world import World, prediction, vote


async def test_an_empty_scenario_has_no_rows_and_a_total_of_zero(bands: World) -> None:
    source = TalliesSource(bands.endpoints.redis, bands.scenario)
    await source.open()
    found = await source.read()
    assert (found.rows, found.total, found.bars) == ((), 0, False)
    await source.close()


async def test_rows_are_sorted_and_carry_the_mean(bands: World) -> None:
    await bands.store([vote(rank=4), vote(rank=5), vote("AC:DC 100%", "Live\x1b[31m", 2)])
    source = TalliesSource(bands.endpoints.redis, bands.scenario)
    await source.open()
    found = await source.read()
    assert found.columns == ("Band", "Album")
    assert found.average_label == "Rank"
    assert [(row.labels, row.count, row.average) for row in found.rows] == [
        (("Caifanes", "El Silencio"), 2, 4.5),
        (("AC:DC 100%", "Live [31m"), 1, 2.0),
    ]
    assert found.total == 3
    await source.close()


async def test_what_did_not_change_is_the_same_object(bands: World) -> None:
    await bands.store([vote()])
    source = TalliesSource(bands.endpoints.redis, bands.scenario)
    await source.open()
    first = await source.read()
    assert await source.read() is first
    await bands.store([vote()])
    assert (await source.read()).total == 2
    await source.close()


async def test_bars_follow_the_selection(worldcup: World) -> None:
    await worldcup.store(
        [
            prediction("Argentina", "Guatemala", "5-2", 2),
            prediction("Argentina", "Guatemala", "5-2", 2),
            prediction("Argentina", "Guatemala", "3-1", 2),
            prediction("Brasil", "Croacia", "1-1", 2),
            prediction("Argentina", "Francia", "3-3", 4),
        ]
    )
    source = TalliesSource(worldcup.endpoints.redis, worldcup.scenario)
    await source.open()
    found = await source.read()
    phase, match = found.selections
    assert (phase.selected, match.selected) == ("2", "Argentina:Guatemala")
    assert [choice.label for choice in phase.choices] == [
        "Octavos",
        "Cuartos",
        "Semifinal",
        "Final",
    ]
    assert [choice.label for choice in match.choices] == [
        "Argentina – Guatemala",
        "Brasil – Croacia",
    ]
    assert [(row.labels, row.count) for row in found.rows] == [(("5-2",), 2), (("3-1",), 1)]
    assert found.total == 5

    final = await source.read(("4",))
    assert [row.labels for row in final.rows] == [("3-3",)]
    empty = await source.read(("1",))
    assert (empty.rows, empty.selections[1].selected) == ((), None)
    await source.close()


async def test_two_selections_are_answered_side_by_side(worldcup: World) -> None:
    await worldcup.store([prediction("A", "B", "1-0", 2), prediction("C", "D", "2-2", 4)])
    source = TalliesSource(worldcup.endpoints.redis, worldcup.scenario)
    await source.open()
    screens = ("2", "A:B"), ("4", "C:D"), ("4",), ()
    for _ in range(2):
        found = await asyncio.gather(*(source.read(chosen) for chosen in screens))
        assert [each.chosen for each in found] == [screens[0], screens[1], screens[1], screens[0]]
        shown = [row.labels for each in found for row in each.rows]
        assert shown == [("1-0",), ("2-2",), ("2-2",), ("1-0",)]
        assert [each.total for each in found] == [2] * 4
    await source.close()


@pytest.mark.parametrize(
    ("gone", "instead"),
    [
        (("4", "Nobody:Nowhere"), ("4", "C:D")),
        (("4", "A:B"), ("4", "C:D")),
        (("9", "A:B"), ("2", "A:B")),
        (("", "", ""), ("2", "A:B")),
        (("1", "A:B"), ("1",)),
    ],
)
async def test_what_is_not_there_falls_back_to_what_is(
    worldcup: World, gone: Chosen, instead: Chosen
) -> None:
    await worldcup.store([prediction("A", "B", "1-0", 2), prediction("C", "D", "2-2", 4)])
    source = TalliesSource(worldcup.endpoints.redis, worldcup.scenario)
    await source.open()
    assert (await source.read(gone)).chosen == instead
    await source.close()


async def test_a_choice_beyond_the_listed_is_shown_too(
    worldcup: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "MOST", 1)
    await worldcup.store([prediction(each, "B", "1-0", 2) for each in "ACD"])
    source = TalliesSource(worldcup.endpoints.redis, worldcup.scenario)
    await source.open()
    found = await source.read(("2", "D:B"))
    _, match = found.selections
    assert [choice.key for choice in match.choices] == ["A:B", "D:B"]
    assert (found.chosen, match.more) == (("2", "D:B"), 1)
    assert [name async for piece in source.choices(("2",)) for name in sorted(piece)] == [
        "A:B", "C:B", "D:B",
    ]  # fmt: skip
    await source.close()


async def test_a_table_has_nothing_to_select(bands: World) -> None:
    await bands.store([vote()])
    source = TalliesSource(bands.endpoints.redis, bands.scenario)
    await source.open()
    found = await source.read(("4", "C:D"))
    assert (found.chosen, len(found.rows)) == ((), 1)
    await source.close()


async def test_a_match_that_appears_later_is_selected_by_itself(worldcup: World) -> None:
    source = TalliesSource(worldcup.endpoints.redis, worldcup.scenario)
    await source.open()
    assert (await source.read()).selections[1].selected is None
    await worldcup.store([prediction("A", "B:C", "1-0", 3)])
    found = await source.read()
    assert found.selections[1].choices[0].label == "A – B:C"
    assert [(row.labels, row.count) for row in found.rows] == [(("1-0",), 1)]
    await source.close()


async def test_the_command_asks_with_what_its_flags_select(
    worldcup: World, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    @asynccontextmanager
    async def reading(*_: object) -> AsyncIterator[VerbContext]:
        yield VerbContext(worldcup.target, worldcup.endpoints, worldcup.scenario)  # type: ignore[arg-type]

    async def printed(*flags: str, every: bool = False) -> dict[str, Any]:
        arguments = {"more": list(flags), "settings": None, "all": every, "json": True}
        await command.main(argparse.Namespace(**arguments))
        found: dict[str, Any] = json.loads(capsys.readouterr().out)
        return found

    monkeypatch.setattr(command, "verb_context", reading)
    monkeypatch.setattr(views, "MOST", 1)
    await worldcup.store([prediction(each, "B", "1-0", 2) for each in "ACD"])
    await worldcup.store([prediction("A", "B", "3-3", 4)])
    final = await printed("--phase", "final")
    assert final["rows"] == [{"labels": ["3-3"], "count": 1, "average": None, "key": "3-3"}]
    beyond = await printed("--phase=2", "--match", "d - b")
    assert [each["selected"] for each in beyond["selections"]] == ["2", "D:B"]
    assert await printed("--match", "C:B", every=True) == {
        "labels": ["1-0"], "count": 1, "average": None, "key": "1-0",
    }  # fmt: skip
    with pytest.raises(CommandError, match="there is no 'Z:B'"):
        await printed("--match", "Z:B")
