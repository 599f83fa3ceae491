"""Counters as rows and bars, from a real Redis."""

from __future__ import annotations

import pytest

from controlroom.feeds.tallies import TalliesSource
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

    source.choose(0, "4")
    final = await source.read()
    assert [row.labels for row in final.rows] == [("3-3",)]
    source.choose(0, "1")
    empty = await source.read()
    assert (empty.rows, empty.selections[1].selected) == ((), None)
    with pytest.raises(ValueError, match="not one of the choices of match"):
        source.choose(1, "Nobody:Nowhere")
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
