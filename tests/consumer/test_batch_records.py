"""How many records a consumer takes at once is a setting."""

from __future__ import annotations

import pytest

from services.shared.settings import Settings, SettingsError
from tests.consumer.rig import Rig
from wire.committed import read_committed

NEEDED = {"SCENARIO": "bands", "POD_NAME": "one", "POD_IP": "127.0.0.1"}
EVENTS, MOST = 200, 20


async def test_a_consumer_takes_no_more_at_once(bands: Rig) -> None:
    await bands.produce(bands.events(EVENTS), partitions=1)
    await bands.consumer(BATCH_RECORDS=str(MOST))
    assert (await bands.settled(EVENTS)).closed
    rounds = (await read_committed(bands.redis, bands.name)).version
    assert rounds >= EVENTS / MOST, "each is counted by itself"


@pytest.mark.parametrize("text", ["0", "many", "20001"])
def test_what_is_no_number_of_records_is_told(text: str) -> None:
    with pytest.raises(SettingsError, match="BATCH_RECORDS"):
        Settings.from_env(environ={**NEEDED, "BATCH_RECORDS": text})
    assert Settings.from_env(environ={**NEEDED, "BATCH_RECORDS": "50"}).batch_records == 50
