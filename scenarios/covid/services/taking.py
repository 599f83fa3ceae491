"""What POST /subscribers does to records: each goes to the queue with its own origin and id."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any, NamedTuple

import msgspec

from scenarios.bodies import Given, Unreadable
from scenarios.events import EventCodec
from services.shared.ids import RULE, Ids, keepable
from services.shared.intake import Accept, Receipt, Sent
from services.shared.turn import breathing

from .words import ORIGEN, ORIGINS

DEFAULT = "http"
"""The origin of a record that names none: this is an HTTP door."""
_encode = msgspec.json.Encoder().encode


class _Record(NamedTuple):
    raw: Any
    event_id: str
    origin: str


class Taking:
    """The `accept` port of the API. `intake_of` makes the intake of an origin."""

    def __init__(self, codec: EventCodec, intake_of: Callable[[str], Accept]) -> None:
        self._codec = codec
        self._intakes = {origin: intake_of(origin) for origin in ORIGINS}

    async def accept(self, records: Given, ids: Ids) -> Receipt:
        """Take raw records; a single one is answered by its document."""
        sent, place = Sent(), 0
        last = _Record(None, "", DEFAULT)
        async for part in breathing(records):
            told = [_told(raw, ids[place + at] if ids else "") for at, raw in enumerate(part)]
            place += len(part)
            for origin, run in groupby(told, lambda one: one.origin):
                wanted = list(run)
                last = wanted[-1]
                named = [one.event_id for one in wanted]
                raws = [one.raw for one in wanted]
                sent.add(await self._intakes[origin](raws, named if any(named) else ()))
        return sent.receipt._replace(reply=self._document(last, sent.receipt.last_id))

    def _document(self, record: _Record, event_id: str) -> dict[str, Any] | None:
        event = self._codec.validate(record.raw)
        if isinstance(event, list):
            return None
        return {"_id": event_id, **event, ORIGEN: record.origin}


def _told(raw: Any, event_id: str) -> _Record:
    """A record with the id and the origin that it names itself; one that names them wrongly is
    refused and kept as any other."""
    if type(raw) is not dict:
        return _Record(raw, event_id, DEFAULT)
    event_id = event_id or raw.get("_id", "")
    origin = raw.get(ORIGEN, DEFAULT)
    if origin not in ORIGINS:
        refused = Unreadable(_encode(raw), f"must be one of {', '.join(ORIGINS)}", ORIGEN)
        return _Record(refused, "", DEFAULT)
    if event_id != "" and (type(event_id) is not str or not keepable(event_id)):
        return _Record(Unreadable(_encode(raw), RULE, "_id"), "", DEFAULT)
    return _Record(raw, event_id, origin)
