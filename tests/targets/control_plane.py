"""An API server of one's own with its etcd, without any node: for what needs no running pod."""

from __future__ import annotations

import base64
import contextlib
import os
import shutil
import signal
import ssl
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from lab import programs
from tests.ports import free_port

CONTEXT = "plane"
TOKEN = "the-admin-of-a-test"
READY_TIME = 240.0


def kubelab() -> Path | None:
    """The lab's binary: of `CONTROLROOM_KUBELAB`, or of the cache."""
    given = os.environ.get("CONTROLROOM_KUBELAB")
    if given:
        return Path(given)
    return programs.folder() / "kubelab" if programs.is_built() else None


@dataclass
class ControlPlane:
    """etcd and kube-apiserver in a folder, on loopback."""

    folder: Path
    program: Path
    port: int = field(default_factory=free_port)
    etcd_port: int = field(default_factory=free_port)
    peer_port: int = field(default_factory=free_port)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    more: tuple[str, ...] = ()
    """More arguments of the API server."""

    @property
    def server(self) -> str:
        """Its address."""
        return f"https://127.0.0.1:{self.port}"

    @property
    def kubeconfig(self) -> Path:
        """The administrator's."""
        return self.folder / "kubeconfig"

    def up(self) -> None:
        """Starts both; returns when the API server is ready."""
        self.folder.mkdir(parents=True, exist_ok=True)
        (self.folder / "tokens.csv").write_text(f'{TOKEN},admin,admin,"system:masters"\n')
        _keys(self.folder)
        self._start_etcd()
        self.start_apiserver()
        self.write_kubeconfig(self.kubeconfig, TOKEN)

    def down(self) -> None:
        """Ends both and removes what they kept."""
        for process in reversed(self.processes.values()):
            process.kill()
            process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def start_apiserver(self) -> None:
        """Starts the API server on the same etcd and port; returns when it is ready."""
        self._spawn(
            "kube-apiserver",
            f"--etcd-servers=http://127.0.0.1:{self.etcd_port}",
            f"--secure-port={self.port}",
            "--bind-address=127.0.0.1",
            f"--cert-dir={self.folder}",
            f"--token-auth-file={self.folder}/tokens.csv",
            "--authorization-mode=RBAC",
            "--service-account-issuer=https://kubernetes.default.svc",
            f"--service-account-key-file={self.folder}/sa.pub",
            f"--service-account-signing-key-file={self.folder}/sa.key",
            "--service-cluster-ip-range=10.99.0.0/16",
            "--disable-admission-plugins=ServiceAccount",
            "--profiling=false",
            *self.more,
        )
        deadline = time.monotonic() + READY_TIME
        while not self._ready():
            if self.processes["kube-apiserver"].poll() is not None or time.monotonic() > deadline:
                raise AssertionError((self.folder / "kube-apiserver.log").read_text()[-3000:])
            time.sleep(0.1)

    def stop_apiserver(self) -> None:
        """Kills the API server; etcd goes on."""
        self.processes["kube-apiserver"].send_signal(signal.SIGKILL)
        self.processes["kube-apiserver"].wait()

    def compact(self) -> None:
        """Makes etcd forget all earlier revisions, so that old watches are answered 410."""
        address = f"http://127.0.0.1:{self.etcd_port}/v3/kv"
        found = _post(f"{address}/range", {"key": base64.b64encode(b"/").decode(), "limit": "1"})
        _post(f"{address}/compaction", {"revision": found["header"]["revision"], "physical": True})

    def write_kubeconfig(self, path: Path, token: str, namespace: str = "controlroom") -> Path:
        """A kubeconfig for somebody with that token."""
        path.write_text(yaml.safe_dump(self.config(token, namespace)))
        return path

    def config(self, token: str, namespace: str = "controlroom") -> dict[str, Any]:
        """As `write_kubeconfig` writes it."""
        cluster = {
            "server": self.server,
            "certificate-authority": str(self.folder / "apiserver.crt"),
        }
        context = {"cluster": CONTEXT, "user": "someone", "namespace": namespace}
        return {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": CONTEXT, "cluster": cluster}],
            "users": [{"name": "someone", "user": {"token": token}}],
            "contexts": [{"name": CONTEXT, "context": context}],
            "current-context": CONTEXT,
        }

    def kubectl(self, *words: str, stdin: str | None = None, check: bool = True) -> str:
        """What `kubectl WORDS` says as the administrator."""
        done = subprocess.run(
            [str(self.program), "kubectl", "--kubeconfig", str(self.kubeconfig), *words],
            input=stdin,
            text=True,
            capture_output=True,
            timeout=120,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return done.stdout

    def _start_etcd(self) -> None:
        client, peer = (f"http://127.0.0.1:{p}" for p in (self.etcd_port, self.peer_port))
        self._spawn(
            "etcd",
            f"--data-dir={self.folder}/etcd",
            "--unsafe-no-fsync",
            f"--listen-client-urls={client}",
            f"--advertise-client-urls={client}",
            f"--listen-peer-urls={peer}",
            f"--initial-advertise-peer-urls={peer}",
            f"--initial-cluster=default={peer}",
            "--log-level=warn",
        )

    def _spawn(self, name: str, *arguments: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            self.processes[name] = subprocess.Popen(
                [str(self.program), name, *arguments],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd=self.folder,
            )

    def _ready(self) -> bool:
        crt = self.folder / "apiserver.crt"
        if not crt.exists():
            return False
        request = urllib.request.Request(
            f"{self.server}/readyz", headers={"Authorization": f"Bearer {TOKEN}"}
        )
        try:
            context = ssl.create_default_context(cafile=str(crt))
            with urllib.request.urlopen(request, timeout=2, context=context) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False


@contextlib.contextmanager
def standing(folder: Path, *more: str) -> Iterator[ControlPlane]:
    """A control plane while the block runs. `more` are arguments of the API server."""
    program = kubelab()
    assert program is not None, "build the lab first: `controlroom lab build`"
    made = ControlPlane(folder, program, more=more)
    try:
        made.up()
        yield made
    finally:
        made.down()


def _keys(folder: Path) -> None:
    if (folder / "sa.pub").exists():
        return
    key, public = str(folder / "sa.key"), str(folder / "sa.pub")
    curve = ["ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key]
    subprocess.run(["openssl", *curve], check=True, capture_output=True)
    subprocess.run(
        ["openssl", "ec", "-in", key, "-pubout", "-out", public], check=True, capture_output=True
    )


def _post(url: str, body: dict[str, Any]) -> Any:
    import json

    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())
