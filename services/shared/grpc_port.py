"""The port of a gRPC server."""

from __future__ import annotations

import grpc

from services.shared.settings import SettingsError


def listen(server: grpc.aio.Server, address: str) -> None:
    """Binds without TLS. Raises SettingsError, with its fix, where somebody has the port."""
    try:
        server.add_insecure_port(address)
    except RuntimeError as error:
        raise SettingsError(
            f"cannot listen on {address}", "free the port, or set GRPC_PORT and POD_IP"
        ) from error
