"""Contexts of the user's kubeconfig, read and never written."""

from __future__ import annotations

import logging
import os
import ssl
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from controlroom.targets.abilities import Denied, Refused, TargetError

IN_CLUSTER = "in-cluster"
"""Name of the context that a pod has by its service account."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# it would write over the screen; what it has to say is raised here
logging.getLogger("kubernetes").setLevel(logging.CRITICAL)
_said: ContextVar[list[str] | None] = ContextVar("said", default=None)


class _Listener(logging.Handler):
    """The library only logs why a credential plugin failed, and goes on as nobody."""

    def emit(self, record: logging.LogRecord) -> None:
        """Keeps it for whoever reads that kubeconfig now."""
        heard = _said.get()
        if heard is not None:
            heard.append(record.getMessage())


_reader = logging.getLogger("kubernetes.aio.config.kube_config")
_reader.setLevel(logging.ERROR)
_reader.propagate = False
_reader.addHandler(_Listener())
_FIX = "Name one of your contexts by --context, or set KUBECONFIG to the file that has it."


@dataclass(frozen=True, slots=True)
class Access:
    """How the API server of one context is reached, and as whom."""

    context: str
    server: str
    namespace: str
    """The context's own; empty where it names none."""
    tls: ssl.SSLContext | bool
    headers: Mapping[str, str] = field(default_factory=dict)
    server_name: str | None = None
    """The name that the server's certificate has to hold, where it is not the address's."""
    proxy: str | None = None


def files() -> str:
    """The files that make up the kubeconfig, as `KUBECONFIG` lists them."""
    return os.environ.get("KUBECONFIG") or str(Path.home() / ".kube" / "config")


def contexts() -> Sequence[str]:
    """Names of all contexts. Raises TargetError for a file that cannot be read."""
    config = _merged()
    return [] if config is None else [str(one["name"]) for one in config.value["contexts"]]


async def access(context: str) -> Access:
    """Reads the files anew, and asks the context's credential plugin where it has one.

    Raises Refused for a context that is not there, TargetError for files that cannot be read.
    """
    from kubernetes.aio.client import Configuration
    from kubernetes.aio.config import ConfigException
    from kubernetes.aio.config.incluster_config import load_incluster_config
    from kubernetes.aio.config.kube_config import KubeConfigLoader

    found = type.__call__(Configuration)
    found.verify_ssl = True
    try:
        if context == IN_CLUSTER:
            load_incluster_config(client_configuration=found, try_refresh_token=False)  # type: ignore[no-untyped-call]
            return _access(context, _own_namespace(), found)
        config = _merged()
        known = [] if config is None else [str(one["name"]) for one in config.value["contexts"]]
        if context not in known:
            names = f"It has {', '.join(known)}." if known else "It has none."
            raise Refused(f"The kubeconfig {files()} has no context {context!r}. {names}", _FIX)
        loader = KubeConfigLoader(config, active_context=context, config_base_path=None)  # type: ignore[no-untyped-call]
        await _load(loader, found)
        own = loader.current_context["context"].get("namespace") or ""
        return _access(context, own, found)
    except (ConfigException, OSError, ValueError, KeyError) as error:
        raise TargetError(
            f"The context {context!r} cannot be used: {' '.join(str(error).split())}.",
            "See that `kubectl --context` with the same name works.",
        ) from error


async def _load(loader: Any, found: Any) -> None:
    heard: list[str] = []
    before = _said.set(heard)
    try:
        await loader.load_and_set(found)
    finally:
        _said.reset(before)
    plugin = loader.current_context["context"].get("user") and loader._user.safe_get("exec")
    if plugin and heard:
        why = " ".join(heard[-1].split())
        raise Denied(
            f"The credential plugin {plugin['command']} gave nothing: {why}.",
            "Log in as your cluster wants it; the plugin is asked again by itself.",
        )


def _merged() -> Any:
    """All files as one; None where there is none."""
    import yaml
    from kubernetes.aio.config.kube_config import KubeConfigMerger

    try:
        return KubeConfigMerger(files()).config  # type: ignore[no-untyped-call]
    except (OSError, yaml.YAMLError, AttributeError, TypeError, KeyError) as error:
        raise TargetError(f"{files()} is not a kubeconfig: {error}.", _FIX) from error


def _access(context: str, namespace: str, found: Any) -> Access:
    token = found.api_key.get("BearerToken")
    headers = {"Authorization": token} if token else {}
    return Access(
        context,
        found.host.rstrip("/"),
        namespace,
        _tls(found),
        headers,
        getattr(found, "tls_server_name", None),
        getattr(found, "proxy", None),
    )


def _tls(found: Any) -> ssl.SSLContext | bool:
    if not found.host.startswith("https"):
        return False
    tls = ssl.create_default_context(cafile=found.ssl_ca_cert)
    # an API server may sign its own certificate, which has no key usage for signing
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if found.cert_file:
        tls.load_cert_chain(found.cert_file, keyfile=found.key_file)
    if not found.verify_ssl:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


def _own_namespace() -> str:
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        return ""
