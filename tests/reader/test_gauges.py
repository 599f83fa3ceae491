"""What the reader tells Prometheus of the tallies."""

from __future__ import annotations

from tests.consumer.rig import Rig
from tests.waiting import until


async def told(rig: Rig) -> tuple[str, int]:
    """The lines of the gauge, and the sum of its values."""
    service, _ = await rig.reader()

    async def lines() -> list[str]:
        answer = await service.get("/metrics")
        found = answer.text.splitlines() if answer else []
        return [line for line in found if line.startswith("controlroom_tally{")]

    await until(lines, "the gauge is told", timeout=60)
    found = await lines()
    return "\n".join(found), int(sum(float(line.rpartition(" ")[2]) for line in found))


async def test_the_scores_of_every_match_are_told(worldcup: Rig) -> None:
    events = worldcup.events(40)
    await worldcup.consumer()
    await worldcup.produce(events)
    await worldcup.settled(40)
    text, total = await told(worldcup)
    assert total == 40
    assert f'scenario="{worldcup.name}"' in text
    assert f"{events[0]['phase']} · " in text


async def test_the_rows_of_a_table_are_told(bands: Rig) -> None:
    events = bands.events(40)
    await bands.consumer()
    await bands.produce(events)
    await bands.settled(40)
    text, total = await told(bands)
    assert total == 40
    assert f'group="{events[0]["name"]}"' in text
    assert f'label="{events[0]["album"]}"' in text
