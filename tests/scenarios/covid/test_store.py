"""Values by name in Redis: written by POST, bounded, and apart from every counter."""

from __future__ import annotations

import httpx

from scenarios.covid.services.kept import MOST_BYTES, MOST_NAME, Kept
from tests.queues.pipeline import PATIENCE, Pipeline

STORE = "scenarios.covid.services.store"


async def test_a_value_is_written_by_post_and_read_as_json(covid: Pipeline) -> None:
    # the variable of existing implementations, where the project's own is not set
    service = await covid.begin(STORE)
    async with httpx.AsyncClient(base_url=service.url(""), timeout=PATIENCE) as client:
        assert (await client.get("/")).text == "Hello world"
        assert (await client.post("/store/a?name=P&age=3")).text == "Success"
        assert (await client.get("/a")).json() == {"name": "P", "age": "3"}
        assert (await client.post("/redis/store/b", json=[1, "x"])).text == "Success"
        assert (await client.get("/redis/b")).json() == [1, "x"]
        off = await client.get("/store/a?name=Q")
        assert (off.status_code, off.json()["code"]) == (405, "get_writes_off")
        assert (await client.get("/a")).json()["name"] == "P"
        for path, body, status, word in (
            ("/store/c", b"{nonsense", 400, "not JSON"),
            ("/store/c", b'"' + b"x" * MOST_BYTES + b'"', 413, "too large"),
            (f"/store/{'x' * (MOST_NAME + 1)}", b"1", 400, "key cannot be kept"),
            ("/store/%00", b"1", 400, "key cannot be kept"),
        ):
            answer = await client.post(path, content=body)
            assert answer.status_code == status, path
            assert word in answer.json()["message"]
        missing = await client.get("/nothing")
        assert (missing.status_code, missing.json()["code"]) == (404, "not_found")
        # neither by a name nor by its space does anybody reach what the pipeline has
        for key in ("books", f"{{{covid.name}}}:books", f"{{{covid.name}-kept}}:names"):
            assert (await client.get(f"/{key}")).status_code == 404
        assert (await client.post(f"/store/{{{covid.name}}}:people", json=9)).status_code == 200
        assert not await covid.redis.exists(f"{{{covid.name}}}:people")
    by_get = await covid.begin(STORE, COMPAT_GET_WRITES="1")
    async with httpx.AsyncClient(base_url=by_get.url(""), timeout=PATIENCE) as client:
        assert (await client.get("/store/d?x=1")).text == "Success"
        assert (await client.get("/d")).json() == {"x": "1"}
    async for key in covid.redis.scan_iter(match=f"{{{covid.name}-kept}}:*", count=1000):
        assert await covid.redis.ttl(key) > 0 or key.endswith(":names")
        await covid.redis.delete(key)


async def test_names_are_bounded_and_their_room_comes_back(covid: Pipeline) -> None:
    kept = Kept(covid.redis, covid.name, most=3)
    assert [await kept.write(name, "1") for name in "abcd"] == [True, True, True, False]
    assert await kept.write("a", "2")
    assert (await kept.read("a"), await kept.read("d")) == ("2", None)
    names = f"{{{covid.name}-kept}}:names"
    await covid.redis.zadd(names, {"b": 1})
    assert await kept.write("d", "4")
    assert await covid.redis.zcard(names) == 3
    for name in "abcd":
        await covid.redis.delete(f"{{{covid.name}-kept}}:value:{name}")
    await covid.redis.delete(names)
