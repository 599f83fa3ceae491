"""toxiproxy: the links between services and engines, so that a network fault is a real one."""

from stack.engines.toxiproxy.server import Toxiproxy, api_client

__all__ = ["Toxiproxy", "api_client"]
