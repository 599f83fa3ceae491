"""One greeting, one awaited post. Environment: ADDRESS, SUBSCRIBERS_URL.

The session is kept, which the usual implementations do not do.
"""

from __future__ import annotations

import asyncio
import os
from typing import Any

import aiohttp
import grpc

from services.pb import greet_pb2, greet_pb2_grpc

FIELDS = ("name", "location", "age", "infectedtype", "state")


class Greeter(greet_pb2_grpc.GreetServiceServicer):
    """Answers once the API has the record."""

    def __init__(self, session: aiohttp.ClientSession) -> None:
        self._session = session

    async def Greet(  # noqa: N802 - the name of the method on the wire
        self, request: greet_pb2.GreetRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> greet_pb2.GreetResponse:
        """See proto/greet.proto."""
        values = [getattr(request.greeting, name) for name in FIELDS]
        record = {**dict(zip(FIELDS, values, strict=True)), "origen": "grpc"}
        url = f"{os.environ['SUBSCRIBERS_URL']}/subscribers"
        async with self._session.post(url, json=record) as answer:
            answer.raise_for_status()
        return greet_pb2.GreetResponse(result=" - ".join(values))


async def main() -> None:
    """Serves until it is killed."""
    server = grpc.aio.server()
    async with aiohttp.ClientSession() as session:
        greet_pb2_grpc.add_GreetServiceServicer_to_server(Greeter(session), server)
        server.add_insecure_port(os.environ["ADDRESS"])
        await server.start()
        await server.wait_for_termination()


if __name__ == "__main__":
    asyncio.run(main())
