"""`python -m services.reader`: what is in the stores, by HTTP."""

from __future__ import annotations

from scenarios.loading import load
from services.reader.app import Counted, application, inner_application
from services.reader.gauges import told
from services.reader.repository import Repository
from services.reader.stream import Watcher
from services.shared import golden
from services.shared.entrance import Entrance
from services.shared.lifecycle import Lifecycle
from services.shared.loop import run
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving
from wire.bookkeeping import keeper_of
from wire.documents import Documents
from wire.queues.kind import Where
from wire.stores import redis_client

NEEDED = ("redis_url", "mongo_url", "http_port")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serves until the lifecycle stops; a store that is away is answered with 503.

    So are the books where the queue is in another cluster.
    """
    scenario = load(settings.scenario)
    redis = redis_client(settings.redis_url, settings.redis_password, settings.redis_username)
    documents = Documents(settings.mongo_url, settings.mongo_username, settings.mongo_password)
    where = Where(redis, settings.address)
    keeper, accounts = keeper_of(scenario.name, scenario.queues, where, documents)
    traffic = golden.inbound(f"{settings.pod_ip}:{settings.http_port}")
    repository = Repository(scenario, redis, documents, keeper)
    watcher = Watcher(repository, settings.limits, lifecycle.draining)
    app = Counted(Entrance(application(repository, watcher), settings.guests), traffic)
    inner = inner_application(repository, watcher, settings.purge_token, settings.compat_get_writes)
    lifecycle.inner = Entrance(inner, settings.guests)
    try:
        async with (
            told(scenario, redis),
            serving(app, settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits),
        ):
            lifecycle.service.open()
            await lifecycle.stopping.wait()
    finally:
        await keeper.close()
        for account in accounts:
            await account.close()
        await redis.aclose()
        await documents.close()


if __name__ == "__main__":
    main(start("reader", NEEDED, serve, runner=run))
