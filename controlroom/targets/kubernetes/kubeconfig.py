"""Contexts of the user's kubeconfig, read and never written."""

from __future__ import annotations

import base64
import contextlib
import logging
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

from controlroom.targets.abilities import WrongConfig
from controlroom.targets.kubernetes import config_files, plugins
from controlroom.targets.kubernetes.config_files import Picked

IN_CLUSTER = "in-cluster"
"""Name of the context that a pod has by its service account."""
_SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")
# it would write over the screen; what it has to say is raised here
logging.getLogger("kubernetes").setLevel(logging.CRITICAL)


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
    return os.pathsep.join(map(str, config_files.paths()))


def contexts() -> Sequence[str]:
    """Names of all contexts. Raises WrongConfig for a file that cannot be read."""
    return list(config_files.merged().contexts)


async def access(context: str) -> Access:
    """Reads the files again, and asks the context's credential plugin where it has one.

    Raises WrongConfig for a context that is not there, for files that cannot be used and for what
    they name, Denied where the plugin gives nothing.
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
        picked = config_files.pick(config_files.merged(), context)
        body = await _whole(context, picked)
        loader = KubeConfigLoader(body, active_context=context, config_base_path="")  # type: ignore[no-untyped-call]
        await loader.load_and_set(found)  # type: ignore[no-untyped-call]
        return _access(context, picked.context.get("namespace") or "", found)
    except (ConfigException, OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise WrongConfig(
            f"The context {context!r} cannot be used: {' '.join(str(error).split())}.",
            "See that `kubectl --context` with the same name works.",
        ) from error


async def log_in(context: str) -> None:
    """Asks the context's plugin now if it would talk with a person, who has the terminal still.

    Raises as `access` does.
    """
    if context == IN_CLUSTER:
        return
    picked = config_files.pick(config_files.merged(), context)
    if "exec" in picked.user and plugins.talks(picked.user["exec"]):
        await plugins.credentials(context, picked.user["exec"], picked.cluster, picked.user_folder)


async def _whole(context: str, picked: Picked) -> dict[str, Any]:
    """A kubeconfig of this context alone, its plugin asked."""
    cluster, user = dict(picked.cluster), dict(picked.user)
    plugin = user.pop("exec", None)
    if plugin is not None:
        given = await plugins.credentials(context, plugin, cluster, picked.user_folder)
        if given.get("token"):
            user["token"] = given["token"]
        if given.get("clientCertificateData"):
            user["client-certificate-data"] = _encoded(given["clientCertificateData"])
            user["client-key-data"] = _encoded(given["clientKeyData"])
    if "token" not in user and "tokenFile" in user:
        user["token"] = Path(user["tokenFile"]).read_text("utf-8").strip()
    cluster["server"] = _server(context, cluster)
    return {
        "contexts": [{"name": context, "context": {"cluster": "its", "user": "its"}}],
        "clusters": [{"name": "its", "cluster": cluster}],
        "users": [{"name": "its", "user": user}],
    }


def _encoded(text: str) -> str:
    return base64.standard_b64encode(text.encode()).decode()


def _server(context: str, cluster: Mapping[str, Any]) -> str:
    """The address with its scheme; http where it has none, whatever else is named: as kubectl."""
    given = str(cluster.get("server") or "localhost:8080")
    parts = _split(given)
    if parts is None or not (parts.scheme and parts.netloc):
        parts = _split(f"http://{given}")
        if parts is None or parts.path not in ("", "/"):
            parts = None
    if parts is None or parts.scheme not in ("http", "https") or not parts.hostname:
        raise WrongConfig(
            f"The context {context!r} cannot be used: its server {given!r} is no address.",
            "Write it as https://host:port in your kubeconfig.",
        )
    return parts.geturl().rstrip("/")


def _split(address: str) -> SplitResult | None:
    try:
        parts = urlsplit(address)
        # a port that is no number is found only when it is asked for
        return parts if parts.port is None or parts.port else None
    except ValueError:
        return None


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
    with _naming("certificate-authority of its cluster"):
        tls = ssl.create_default_context(cafile=found.ssl_ca_cert)
    # an API server may sign its own certificate, which has no key usage for signing
    tls.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if found.cert_file:
        with _naming("client-certificate and client-key of its user"):
            tls.load_cert_chain(found.cert_file, keyfile=found.key_file)
    if not found.verify_ssl:
        tls.check_hostname = False
        tls.verify_mode = ssl.CERT_NONE
    return tls


@contextlib.contextmanager
def _naming(fields: str) -> Iterator[None]:
    """What TLS says of a file names the fields too."""
    try:
        yield
    except (OSError, ValueError) as error:
        raise ValueError(f"{fields}, as file or as data: {error}") from error


def _own_namespace() -> str:
    try:
        return (_SERVICE_ACCOUNT / "namespace").read_text().strip()
    except OSError:
        return ""
