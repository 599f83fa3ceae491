"""`python -m services.producer_grpc.send HOST:PORT name=value ...`: one event by gRPC.

Prints the receipt as JSON. Exit codes: 0 Kafka has it, 1 it was refused or nobody took it,
2 wrong usage. Values are sent as texts; the server reads numbers in texts.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from typing import cast

import grpc
from google.protobuf import json_format

from services.pb import controlroom_pb2 as pb


def send(address: str, fields: Mapping[str, str], event_id: str, seconds: float) -> pb.Receipt:
    """The receipt of one event. Raises grpc.RpcError."""
    values = {name: pb.Value(text=text) for name, text in fields.items()}
    with grpc.insecure_channel(address) as channel:
        call = channel.unary_unary(
            "/controlroom.v1.Ingest/Send",
            request_serializer=pb.Event.SerializeToString,
            response_deserializer=pb.Receipt.FromString,
        )
        return call(pb.Event(id=event_id, fields=values), timeout=seconds)  # type: ignore[no-any-return]


def main(arguments: Sequence[str]) -> int:
    """Send what the command line says; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m services.producer_grpc.send", description="Sends one event by gRPC."
    )
    parser.add_argument("address", help="host:port of the server")
    parser.add_argument("fields", nargs="+", metavar="name=value", help="the fields of the event")
    parser.add_argument("--id", default="", help="id of the event, to recognise it")
    parser.add_argument("--deadline", type=float, default=5.0, metavar="SECONDS")
    given = parser.parse_args(arguments)
    pairs = [text.partition("=") for text in given.fields]
    for name, equals, _ in pairs:
        if not (name and equals):
            parser.error(f"{name!r} is not name=value")
    fields = {name: value for name, _, value in pairs}
    try:
        receipt = send(given.address, fields, given.id, given.deadline)
    except grpc.RpcError as failure:
        error = cast(grpc.Call, failure)
        trailing = dict(error.trailing_metadata() or ())
        body = {"error": error.details(), "code": trailing.get("code", error.code().name.lower())}
        print(json.dumps(body, ensure_ascii=False), file=sys.stderr)
        return 1
    print(json.dumps(json_format.MessageToDict(receipt, always_print_fields_with_no_presence=True)))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
