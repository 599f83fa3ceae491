"""One post, one awaited insert. Environment: ADDRESS, MONGO_URL, COLLECTION."""

from __future__ import annotations

import os
from typing import Any

import uvicorn
from motor.motor_asyncio import AsyncIOMotorClient
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

_client: AsyncIOMotorClient[dict[str, Any]] = AsyncIOMotorClient(os.environ["MONGO_URL"])
_documents = _client["controlroom"][os.environ["COLLECTION"]]


async def take(request: Request) -> JSONResponse:
    """One document."""
    record = await request.json()
    await _documents.insert_one(record)
    return JSONResponse({"_id": str(record["_id"])}, 201)


if __name__ == "__main__":
    host, _, port = os.environ["ADDRESS"].rpartition(":")
    app = Starlette(routes=[Route("/subscribers", take, methods=["POST"])])
    uvicorn.run(app, host=host, port=int(port), log_level="warning", access_log=False)
