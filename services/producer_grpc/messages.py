"""Between protobuf messages and raw records."""

from __future__ import annotations

from typing import Any

import msgspec
from google.protobuf import descriptor_pool, message_factory
from google.protobuf.message import Message

from scenarios.bodies import BodyError, TooManyRecordsError, Unreadable, parse_records
from scenarios.errors import ScenarioError
from scenarios.reading import near
from services.pb import (
    confproto_pb2,
    controlroom_pb2,
    greet_pb2,
    helloworld_pb2,
    usactar_pb2,
    user_pb2,
)
from services.shared.ids import RULE, keepable
from services.shared.intake import Receipt, RecordError

_FILES = (confproto_pb2, controlroom_pb2, greet_pb2, helloworld_pb2, usactar_pb2, user_pb2)
_encode = msgspec.json.Encoder().encode


def message_class(full_name: str) -> type[Message]:
    """The class of a message by its full name; ScenarioError where no proto has it."""
    known = [
        message.full_name
        for file in _FILES
        for message in file.DESCRIPTOR.message_types_by_name.values()
    ]
    if full_name not in known:
        raise ScenarioError(
            f"no message is called {full_name!r}{near(full_name, known)}",
            "name a message of proto/ in the [[grpc]] table",
        )
    found = descriptor_pool.Default().FindMessageTypeByName(full_name)
    return message_factory.GetMessageClass(found)


def record_of_message(message: Message) -> dict[str, Any]:
    """The raw record in a request of an existing implementation, also where it lies in a message
    of its own."""
    record: dict[str, Any] = {}
    for field in message.DESCRIPTOR.fields:
        value = getattr(message, field.name)
        record |= record_of_message(value) if isinstance(value, Message) else {field.name: value}
    return record


def record_of_event(event: controlroom_pb2.Event | Unreadable) -> Any:
    """The raw record in an event of ours."""
    if isinstance(event, Unreadable):
        return event
    if event.id and not keepable(event.id):
        return Unreadable(event.json, f"the id {RULE}")
    if not event.json:
        return {name: _plain(value) for name, value in event.fields.items()}
    try:
        records = parse_records(event.json, max_records=1)
    except TooManyRecordsError:
        return Unreadable(event.json, "must be one object")
    except BodyError as error:
        return Unreadable(event.json, str(error))
    return records[0] if records.single else Unreadable(event.json, "must be one object")


def _plain(value: controlroom_pb2.Value) -> str | int | None:
    kind = value.WhichOneof("kind")
    return getattr(value, kind) if kind else None


def event_of_record(record: Any, event_id: str) -> controlroom_pb2.Event:
    """A raw record as an event of ours, exactly as it came."""
    text = record.text if isinstance(record, Unreadable) else _encode(record)
    return controlroom_pb2.Event(id=event_id, json=text)


def message_of_receipt(receipt: Receipt) -> controlroom_pb2.Receipt:
    """A receipt for the wire."""
    return controlroom_pb2.Receipt(
        accepted=receipt.accepted,
        rejected=receipt.rejected,
        errors=[
            controlroom_pb2.RecordError(index=error.index, field=error.field, message=error.message)
            for error in receipt.errors
        ],
    )


def receipt_of_message(message: controlroom_pb2.Receipt) -> Receipt:
    """A receipt from the wire."""
    return Receipt(
        message.accepted,
        message.rejected,
        [RecordError(error.index, error.field, error.message) for error in message.errors],
    )
