"""A stack with tiny services: real toxiproxy and haproxy, the tests' own stores by address."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import httpx
import pytest

from stack.config import StackConfig
from stack.local_stack import LocalStack
from stack.pods.pod import Pod
from tests.conftest import Engines
from tests.waiting import until

TINY = Path(__file__).with_name("tiny.py")

MANIFEST = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: endpoints}
data: {SCENARIO: x, KAFKA_BOOTSTRAP: x, REDIS_URL: x, MONGO_URL: x, TINY_DIR: "%(folder)s"}
---
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: ledger}
spec: {accessModes: [ReadWriteMany], resources: {requests: {storage: 1Mi}}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: tiny}
spec:
  selector: {matchLabels: {app.kubernetes.io/name: tiny}}
  template:
    metadata: {labels: {app.kubernetes.io/name: tiny, tier: front}}
    spec:
      terminationGracePeriodSeconds: 5
      containers:
        - name: main
          image: none
          command: [python, "%(tiny)s"]
          envFrom:
            - configMapRef: {name: endpoints}
            - secretRef: {name: stores-consumer, optional: true}
          env:
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: HTTP_PORT, value: "8080"}
            - {name: ADMIN_PORT, value: "9090"}
            - {name: LEDGER_DIR, value: /var/ledger/deep}
            - {name: SCRATCH, value: /tmp}
          ports: [{name: http, containerPort: 8080}, {name: admin, containerPort: 9090}]
          startupProbe:
            {httpGet: {path: /startz, port: admin}, periodSeconds: 1, failureThreshold: 60}
          readinessProbe:
            {httpGet: {path: /readyz, port: admin}, periodSeconds: 1, failureThreshold: 1}
          livenessProbe:
            {httpGet: {path: /livez, port: admin}, periodSeconds: 1, failureThreshold: 2}
          lifecycle: {preStop: {sleep: {seconds: 1}}}
          resources: {requests: {cpu: 100m}}
          volumeMounts: [{name: ledger, mountPath: /var/ledger}, {name: tmp, mountPath: /tmp}]
        - name: side
          image: none
          command: [python, "%(tiny)s"]
          envFrom: [{configMapRef: {name: endpoints}}]
          env:
            - {name: POD_NAME, valueFrom: {fieldRef: {fieldPath: metadata.name}}}
            - {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
            - {name: HTTP_PORT, value: "8081"}
          ports: [{name: side, containerPort: 8081}]
      volumes:
        - {name: ledger, persistentVolumeClaim: {claimName: ledger}}
        - {name: tmp, emptyDir: {}}
---
apiVersion: v1
kind: Service
metadata: {name: tiny}
spec:
  selector: {app.kubernetes.io/name: tiny}
  ports: [{name: http, port: 80, targetPort: http}, {name: side, port: 81, targetPort: side}]
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: tiny}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: tiny}
  minReplicas: 2
  maxReplicas: 5
  metrics:
    - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 500}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: tiny}
spec:
  rules:
    - http:
        paths:
          - path: /side
            pathType: Prefix
            backend: {service: {name: tiny, port: {name: side}}}
          - {path: /, pathType: Prefix, backend: {service: {name: tiny, port: {name: http}}}}
"""


@pytest.fixture
def state() -> Iterator[Path]:
    """A short path: a unix socket's may not be long."""
    folder = Path(tempfile.mkdtemp(prefix="cr", dir="/tmp"))
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def tiny_config(state: Path, engines: Engines, monkeypatch: pytest.MonkeyPatch) -> StackConfig:
    """A stack of tiny services on the tests' engines."""
    monkeypatch.setenv("CONTROLROOM_KAFKA", engines.kafka)
    monkeypatch.setenv("CONTROLROOM_REDIS_URL", engines.redis)
    monkeypatch.setenv("CONTROLROOM_MONGO_URL", engines.mongo)
    monkeypatch.setenv("CONTROLROOM_PROMETHEUS_URL", engines.prometheus)
    manifests, folder = state / "manifests", state / "switches"
    manifests.mkdir()
    folder.mkdir()
    text = MANIFEST % {"folder": folder, "tiny": TINY}
    (manifests / "tiny.yaml").write_text(text)
    return StackConfig(state, "bands", manifests, state)


@pytest.fixture
async def world(tiny_config: StackConfig) -> AsyncIterator[LocalStack]:
    """The stack, ready."""
    world = LocalStack(tiny_config)
    world.start()
    try:
        await until(lambda: world.state == "ready", "the tiny stack is ready", timeout=30)
        yield world
    finally:
        await world.stop()


@pytest.fixture
def pods(world: LocalStack) -> Callable[[], list[Pod]]:
    """The ready pods of the tiny deployment."""
    return lambda: [pod for pod in world.pods() if pod.ready]


@pytest.fixture
async def http() -> AsyncIterator[httpx.AsyncClient]:
    """A client that opens a connection for each request."""
    limits = httpx.Limits(max_keepalive_connections=0)
    async with httpx.AsyncClient(limits=limits, trust_env=False) as client:
        yield client
