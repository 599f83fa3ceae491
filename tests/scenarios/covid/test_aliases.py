"""Routes of public implementations: those that take events, and those that read them."""

from __future__ import annotations

import asyncio

import httpx

from tests.queues.pipeline import HTTP, PATIENCE, Pipeline
from tests.scenarios.covid.conftest import ASSIGNMENT, BRIEF, UNKNOWN


async def test_what_clients_of_others_ask_is_answered(covid: Pipeline) -> None:
    producer, reader, api = await asyncio.gather(
        covid.begin(HTTP),
        covid.begin("services.reader"),
        covid.begin("scenarios.covid.services.subscribers"),
    )
    async with httpx.AsyncClient(timeout=PATIENCE) as client:
        for path, said in (
            ("/input", {"message": "Data inserted"}),
            ("/", {"message": "Data inserted"}),
            ("/nuevoRegistro", "Registro insertado"),
            ("/redispub", "Mensaje publicado"),
        ):
            record = ASSIGNMENT | {"age": len(path)}
            answer = await client.post(producer.url(path), json=record)
            assert (answer.status_code, answer.json()) == (201, said)
            answer = await client.post(producer.url(path), json={"name": "P"})
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid")
        for n in range(3):
            made = await client.post(api.url("/subscribers"), json=BRIEF | {"age": n})
        gone = made.json()["_id"]
        assert (await client.delete(api.url(f"/subscribers/{gone}"))).status_code == 200

        there = [UNKNOWN | BRIEF | {"age": n} for n in (1, 0)]
        for path in ("/obtenerUsuarios", "/api/data", "/output/api/data"):
            people = (await client.get(reader.url(path))).json()
            assert len(people) == 6
            # newest first, without what was taken back
            assert people[:2] == there
        assert len((await client.get(reader.url("/top5/pacientes"))).json()) == 5
        assert (await client.get(reader.url("/api/countries"))).json() == [
            {"location": "Peru", "total": 4},
            {"location": "Guatemala City", "total": 3},
        ]
        assert (await client.post(reader.url("/genders"))).json() == [
            {"location": "Peru", "gender": "female", "total": 4},
            {"location": "Guatemala City", "gender": "unknown", "total": 3},
        ]
        first = await client.get(reader.url("/api/countries"))
        told = {"if-none-match": first.headers["etag"]}
        again = await client.get(reader.url("/api/countries"), headers=told)
        assert again.status_code == 304
