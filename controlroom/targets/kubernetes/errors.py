"""From an API server's answer to a sentence and its fix."""

from __future__ import annotations

import re

import msgspec

from controlroom.targets.abilities import Denied, TargetError, Unreachable
from controlroom.targets.kubernetes.resources import Json

CANNOT = re.compile(
    r'User "(?P<user>[^"]*)" cannot (?P<verb>\S+) resource "(?P<resource>[^"]*)"'
    r'(?: in API group "(?P<group>[^"]*)")?'
    r'(?: in the namespace "(?P<namespace>[^"]*)")?'
)
"""How the API server's authorizer words a refusal."""
RBAC_FIX = "Ask for one of the roles of k8s/components/rbac: controlroom-viewer or -operator."


class ApiError(TargetError):
    """The API server refused a request. `status` is the HTTP code, `reason` its own word."""

    def __init__(self, message: str, fix: str, status: int, reason: str) -> None:
        super().__init__(message, fix)
        self.status = status
        self.reason = reason


def refusal(status: int, body: bytes, method: str, path: str, stranger_at: str = "") -> TargetError:
    """The error of an answer that is not 2xx. `stranger_at`: the server, where it answered with a
    page for browsers."""
    said = _status(body)
    if stranger_at:
        return stranger(stranger_at, f"{status} with a page for browsers")
    message = str(said.get("message") or body[:200].decode(errors="replace")).strip()
    reason = str(said.get("reason") or "")
    if status == 401:
        fix = "Log in again as your cluster wants it, then ask once more."
        return Denied("The cluster refuses these credentials (401).", fix)
    if status == 403:
        return _denied(message)
    if status in (429, 502, 503, 504):
        return Unreachable(f"The API server is busy or away ({status}): {message}.", "")
    return ApiError(f"{method} {path}: {message}", "", status, reason)


def stranger(server: str, answer: str) -> Unreachable:
    """The error of an answer that no API server gives."""
    return Unreachable(
        f"{server} is no API server of Kubernetes: it answers {answer}.",
        "Look at the server of the context in your kubeconfig, and at proxies on the way.",
    )


def _denied(message: str) -> TargetError:
    found = CANNOT.search(message)
    if found is None:
        # admission refuses with the same code: its own words say why
        return Denied(message.rstrip(".") + ".", "Fix what it names.")
    plural, slash, sub = found["resource"].partition("/")
    resource = (f"{plural}.{found['group']}" if found["group"] else plural) + slash + sub
    where = f" in namespace {found['namespace']}" if found["namespace"] else ""
    verb, user = found["verb"], found["user"]
    return Denied(f"{user} lacks the verb {verb} on {resource}{where}.", RBAC_FIX)


def _status(body: bytes) -> Json:
    try:
        said = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return {}
    return said if isinstance(said, dict) else {}
