"""toxiproxy: the links between services and engines, so that a network fault is a real one."""

from stack.engines.toxiproxy.kind import ToxiproxyKind
from stack.engines.toxiproxy.server import Toxiproxy, api_client

__all__ = ["ENGINE", "Toxiproxy", "api_client"]

ENGINE = ToxiproxyKind()
