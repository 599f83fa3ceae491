"""One request, one awaited produce. Environment: ADDRESS, KAFKA_BOOTSTRAP, TOPIC."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import AsyncIterator

import uvicorn
from aiokafka import AIOKafkaProducer
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from wire.kafka import brokers_from

FIELDS = ("name", "album", "year", "rank")


@contextlib.asynccontextmanager
async def lifespan(app: Starlette) -> AsyncIterator[None]:
    """The producer lives as long as the application."""
    async with AIOKafkaProducer(
        **brokers_from(os.environ).arguments(), acks="all", enable_idempotence=True
    ) as producer:
        app.state.producer = producer
        yield


async def take(request: Request) -> JSONResponse:
    """One event or a list of them."""
    body = await request.json()
    for event in body if isinstance(body, list) else [body]:
        value = json.dumps({name: event[name] for name in FIELDS}).encode()
        await request.app.state.producer.send_and_wait(os.environ["TOPIC"], value)
    return JSONResponse({"status": "ok"}, 201)


if __name__ == "__main__":
    host, _, port = os.environ["ADDRESS"].rpartition(":")
    app = Starlette(routes=[Route("/input", take, methods=["POST"])], lifespan=lifespan)
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)
