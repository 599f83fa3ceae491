"""The API of subscribers: its routes with good, tolerant and bad requests, on real stores."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx

from tests.conftest import Engines
from tests.consumer.proxies import link
from tests.queues.pipeline import PATIENCE, Pipeline, values
from tests.scenarios.covid.conftest import ASSIGNMENT, BRIEF, UNKNOWN
from wire import keys

MISSING = {"message": "Cannot find subscriber"}
Client = httpx.AsyncClient


async def made(api: Client, *records: dict[str, Any]) -> list[dict[str, Any]]:
    answers = await asyncio.gather(*(api.post("/subscribers", json=each) for each in records))
    assert {answer.status_code for answer in answers} == {201}
    return [answer.json() for answer in answers]


async def walked(api: Client, path: str) -> list[list[dict[str, Any]]]:
    """All pages, by the links that they give."""
    pages, following = [], path
    while following:
        answer = await api.get(following)
        assert answer.status_code == 200, answer.text
        pages.append(answer.json())
        following = answer.links.get("next", {}).get("url", "")
    return pages


async def test_a_subscriber_is_made_found_changed_and_taken_back(
    api: Client, covid: Pipeline
) -> None:
    created = await api.post("/subscribers/", json=BRIEF | {"age": "35", "origen": "grpc"})
    document = created.json()
    name = document.pop("_id")
    assert (created.status_code, document) == (201, {**UNKNOWN, **BRIEF, "origen": "grpc"})
    where = f"/subscribers/{name}"
    assert (await api.get(where)).json() == document | {"_id": name}

    # only what is given is changed
    changed = await api.patch(where, json={"name": "Pablo M.", "location": None, "age": 99})
    assert changed.json() == document | {"_id": name, "name": "Pablo M."}
    changed = await api.patch(f"{where}/", json={"location": " Peru "})
    assert changed.json() == (await api.get(where)).json()
    assert changed.json()["location"] == "Peru"
    for body in ({}, {"age": 3}, {"name": 5}, {"location": ""}, [1]):
        refused = await api.patch(where, json=body)
        assert refused.status_code == 400, body
        assert refused.json()["message"]

    gone = await api.delete(where)
    assert (gone.status_code, gone.json()) == (200, {"message": "Deleted Subscriber"})
    for answer in (
        await api.get(where),
        await api.delete(where),
        await api.patch(where, json={"name": "x"}),
        await api.get("/subscribers/nobody"),
    ):
        assert (answer.status_code, answer.json() | MISSING) == (404, answer.json())
    assert (await api.get("/subscribers")).json() == []
    # what was counted stays in the books, and the counters say what came
    books = await covid.handled(acknowledged=1)
    assert (books["counted"], books["stored"], books["lost"], books["doubled"]) == (1, 1, 0, 0)
    assert await covid.redis.hgetall(keys.counter_key(covid.name, "people")) == {
        "Guatemala City": "1"
    }


async def test_lists_are_paged_and_totals_are_by_origin(api: Client) -> None:
    wanted = [
        (BRIEF if n % 2 else ASSIGNMENT) | {"age": n, "origen": "grpc" if n % 3 else "redis"}
        for n in range(40)
    ]
    # in requests of one and of many, so that documents lie in several logs
    documents = await made(api, *wanted[:20])
    answer = await api.post("/subscribers", json=wanted[20:])
    assert (answer.status_code, answer.json()) == (
        201,
        {"accepted": 20, "rejected": 0, "errors": []},
    )
    everybody = (await api.get("/subscribers")).json()
    assert len({one["_id"] for one in everybody}) == 40
    assert values(everybody[:0] + [{**one, "_id": 0} for one in everybody]) == values(
        [{**UNKNOWN, **one, "_id": 0} for one in wanted]
    )
    assert {one["_id"] for one in documents} < {one["_id"] for one in everybody}

    pages = await walked(api, "/subscribers?limit=7")
    assert [len(page) for page in pages] == [7, 7, 7, 7, 7, 5]
    assert [one for page in pages for one in page] == everybody
    redis = [one for one in everybody if one["origen"] == "redis"]
    pages = await walked(api, "/subscribers/origen/?origen=redis&limit=4")
    assert [one for page in pages for one in page] == redis
    answer = await api.request("GET", "/subscribers/origen/", json={"origen": "redis"})
    assert answer.json() == redis
    assert (await api.get("/subscribers/origen?origen=faulty")).json() == []

    assert (await api.delete(f"/subscribers/{redis[0]['_id']}")).status_code == 200
    # a page that began at it goes on
    rest = await api.get(f"/subscribers/origen?origen=redis&after={redis[0]['_id']}")
    assert rest.json() == redis[1:]
    totals = (await api.get("/subscribers/totalorigen/")).json()
    assert totals == [{"origen": "grpc", "total": 26}, {"origen": "redis", "total": 13}]


REFUSED: list[tuple[str, str, bytes | None, int, str]] = [
    ("GET", "/subscribers?limit=0", None, 400, "limit is '0'"),
    ("GET", "/subscribers?limit=9999999999999", None, 400, "limit is"),
    ("GET", "/subscribers?after=nobody", None, 400, "after is 'nobody'"),
    ("GET", "/subscribers/origen/", None, 400, "origen is None"),
    ("GET", "/subscribers/origen/?origen=smoke", None, 400, "origen is 'smoke'"),
    ("PUT", "/subscribers", None, 405, "PUT /subscribers"),
    ("GET", "/subscriber", None, 404, "GET /subscriber"),
    ("POST", "/subscribers", b"", 400, "the body is empty"),
    ("POST", "/subscribers", b"{nonsense", 400, "line 1"),
    ("POST", "/subscribers", b'{"name": "P"}', 400, "location is missing"),
    ("POST", "/subscribers", b'{"origen": 5}', 400, "origen must be one of http"),
    ("POST", "/subscribers", b"[" + b"0," * 10_001 + b"0]", 413, "10000"),
    ("POST", "/subscribers", b"[1, 2]", 400, "must be an object, is a number"),
]


async def test_what_is_wrong_is_said_in_message_and_a_key_counts_once(
    api: Client, covid: Pipeline
) -> None:
    for method, path, body, status, words in REFUSED:
        answer = await api.request(method, path, content=body)
        assert answer.status_code == status, (method, path, answer.text)
        assert words in answer.json()["message"]
    # what is no record is not kept; records that were refused are, with their reasons
    books = await covid.handled(rejected=4)
    assert books["acknowledged"] == 0

    # sent again under the same key, it is one subscriber
    first, second = [
        await api.post("/subscribers", json=BRIEF, headers={"idempotency-key": "k-1"})
        for _ in range(2)
    ]
    assert first.json() == second.json()
    assert first.json()["_id"] == "k-1"
    assert (await api.post("/subscribers", json=BRIEF | {"_id": "k-2"})).json()["_id"] == "k-2"
    everybody = (await api.get("/subscribers")).json()
    assert sorted(one["_id"] for one in everybody) == ["k-1", "k-2"]


QUESTIONS = ("/subscribers", "/subscribers/origen/?origen=http", "/subscribers/k-1")


async def test_a_store_that_is_away_is_503_with_a_message(
    covid: Pipeline, engines: Engines
) -> None:
    async with link(engines.toxiproxy, engines.mongo) as where:
        service = await covid.begin("scenarios.covid.services.subscribers", MONGO_URL=where.url)
        async with Client(base_url=service.url(""), timeout=PATIENCE) as api:
            created = await api.post("/subscribers", json=BRIEF | {"_id": "k-1"})
            assert created.status_code == 201
            await where.cut()
            answers = [await api.get(path) for path in QUESTIONS]
            answers.append(await api.patch("/subscribers/k-1", json={"name": "x"}))
            answers.append(await api.delete("/subscribers/k-1"))
            for answer in answers:
                assert answer.status_code == 503, answer.text
                assert "a store does not answer" in answer.json()["message"]
                assert int(answer.headers["retry-after"]) > 0
            await where.mend()
            # nothing of what was refused was done
            (one,) = (await api.get("/subscribers")).json()
            assert (one["_id"], one["name"]) == ("k-1", BRIEF["name"])
            await covid.handled(stored=1, acknowledged=1)


async def test_what_the_service_cannot_do_is_500_with_a_message(
    api: Client, covid: Pipeline
) -> None:
    (made_one,) = await made(api, BRIEF)
    # a document that somebody changed by hand, so that it holds no event any more
    (stored,) = await covid.stored()
    logs = keys.logs_collection(covid.name)
    await covid.documents.change(logs, stored["_id"], {"event": 5})
    for path in ("/subscribers", f"/subscribers/{made_one['_id']}"):
        answer = await api.get(path)
        assert (answer.status_code, answer.headers["content-type"]) == (500, "application/json")
        assert answer.json()["message"]
        assert "Traceback" not in answer.text
    # the others go on
    assert (await api.post("/subscribers", json=ASSIGNMENT)).status_code == 201
    assert (await api.get("/subscribers/totalorigen/")).json() == [{"origen": "http", "total": 2}]
