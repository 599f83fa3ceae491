"""`python -m services.error_injector`: answers with errors, as its settings say."""

from __future__ import annotations

from services.error_injector.answering import ErrorApp, Errors
from services.shared import golden
from services.shared.lifecycle import Lifecycle
from services.shared.settings import Settings
from services.shared.start import main, start
from services.shared.web import serving

NEEDED = ("http_port", "admin_port")


async def serve(settings: Settings, lifecycle: Lifecycle) -> None:
    """Serve until the lifecycle stops."""
    traffic = golden.inbound(f"{settings.pod_ip}:{settings.http_port}")
    app = ErrorApp(Errors.from_env(), traffic, settings.limits.max_body_bytes)
    door = (settings.pod_ip, settings.http_port, "HTTP_PORT", settings.limits)
    async with serving(app, *door, whole=True):
        lifecycle.service.open()
        await lifecycle.stopping.wait()


if __name__ == "__main__":
    main(start("error-injector", NEEDED, serve))
