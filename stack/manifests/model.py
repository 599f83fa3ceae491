"""What manifests say, as plain data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class Probe:
    """An HTTP question to a container. Times are seconds, thresholds are answers in a row."""

    path: str
    port: int
    initial_delay: float = 0.0
    period: float = 10.0
    timeout: float = 1.0
    success_threshold: int = 1
    failure_threshold: int = 3


@dataclass(frozen=True, slots=True)
class EnvVar:
    """One variable. `text` is the value, the field's path, or the key in the object `source`."""

    name: str
    kind: Literal["value", "field", "config", "secret"]
    text: str
    source: str = ""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class EnvSource:
    """A ConfigMap or Secret, all keys of which become variables."""

    kind: Literal["config", "secret"]
    name: str
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Mount:
    """Where a volume is seen by a container."""

    volume: str
    path: str


@dataclass(frozen=True, slots=True)
class Container:
    """One program of a pod."""

    name: str
    command: tuple[str, ...]
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvSource, ...] = ()
    ports: Mapping[str, int] = field(default_factory=dict)
    startup: Probe | None = None
    readiness: Probe | None = None
    liveness: Probe | None = None
    pre_stop_sleep: float = 0.0
    cpu_request: float | None = None
    """Cores."""
    mounts: tuple[Mount, ...] = ()


@dataclass(frozen=True, slots=True)
class Volume:
    """A folder: `claim` names the claim that keeps it; empty means one for each pod."""

    name: str
    claim: str = ""


@dataclass(frozen=True, slots=True)
class PodTemplate:
    """What every pod of a deployment is made from."""

    labels: Mapping[str, str]
    containers: tuple[Container, ...]
    volumes: tuple[Volume, ...] = ()
    grace: float = 30.0
    """Seconds between the signal to end and SIGKILL."""

    def variable(self, name: str) -> str:
        """The value that a container gives a variable; empty where none does."""
        given = (each for container in self.containers for each in container.env)
        return next((each.text for each in given if (each.name, each.kind) == (name, "value")), "")

    def cpu_request(self) -> float | None:
        """Cores asked for by all containers; None where one asks for nothing."""
        requests = [container.cpu_request for container in self.containers]
        return None if None in requests else sum(r for r in requests if r is not None)


@dataclass(frozen=True, slots=True)
class Deployment:
    """A number of equal pods."""

    name: str
    template: PodTemplate
    replicas: int | None = None
    """None where an autoscaler decides."""
    surge: int = 1
    unavailable: int = 0
    table: str = ""
    """Table that a scenario must have for this to run; empty where it always does."""
    on_demand: bool = False
    """Whether it has no pod until something asks for it."""


@dataclass(frozen=True, slots=True)
class ServicePort:
    """One port of a Service and the container port behind it."""

    name: str
    number: int
    target: str | int
    h2c: bool = False
    """HTTP/2 without TLS, as gRPC speaks it."""


@dataclass(frozen=True, slots=True)
class Service:
    """A name for the ready pods with these labels."""

    name: str
    selector: Mapping[str, str]
    ports: tuple[ServicePort, ...]


@dataclass(frozen=True, slots=True)
class ScalePolicy:
    """At most `value` pods (or per cent of them) may come or go within `period` seconds."""

    kind: Literal["Pods", "Percent"]
    value: int
    period: float


@dataclass(frozen=True, slots=True)
class ScalingRules:
    """How fast one direction may go. Defaults differ by direction."""

    window: float
    policies: tuple[ScalePolicy, ...]
    select: Literal["Max", "Min", "Disabled"] = "Max"


@dataclass(frozen=True, slots=True)
class Autoscaler:
    """Bounds and aim of a deployment's number of pods."""

    name: str
    deployment: str
    minimum: int
    maximum: int
    utilization: int | None
    """Per cent of the CPU request, as an average over the pods; None where CPU does not matter."""
    up: ScalingRules
    down: ScalingRules
    lag: int | None = None
    """Records that may wait for each pod; None where the lag does not matter."""
    period: float = 5.0
    """Seconds between two looks."""


@dataclass(frozen=True, slots=True)
class Route:
    """One path of the ingress."""

    path: str
    exact: bool
    service: str
    port: str | int
    host: str = ""


@dataclass(frozen=True, slots=True)
class Manifests:
    """Everything of one folder."""

    namespace: str
    deployments: Mapping[str, Deployment]
    services: Mapping[str, Service]
    autoscalers: Mapping[str, Autoscaler]
    """By the name of the deployment."""
    routes: tuple[Route, ...]
    config_maps: Mapping[str, Mapping[str, str]]
    claims: tuple[str, ...]

    def bounds(self, deployment: str) -> tuple[int, int | None]:
        """Least and greatest number of pods; no greatest without an autoscaler."""
        scaler = self.autoscalers.get(deployment)
        return (scaler.minimum, scaler.maximum) if scaler else (0, None)

    def first_replicas(self, deployment: str) -> int:
        """The number of pods at the first start."""
        minimum, _ = self.bounds(deployment)
        if self.deployments[deployment].on_demand:
            return minimum
        return max(self.deployments[deployment].replicas or 0, minimum, 1)
