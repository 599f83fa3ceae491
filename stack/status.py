"""What the stack says of itself, as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from host.version import VERSION
from stack.balance import INGRESS
from stack.engines.engine import Engine
from stack.local_stack import LocalStack
from stack.pods.container import ContainerRun
from stack.pods.controller import Controller
from stack.pods.pod import Pod
from stack.supervisor.engine_supervisor import EngineSupervisor

Json = dict[str, Any]


async def status(stack: LocalStack) -> Json:
    """Everything but secrets. CPU in cores, memory in bytes, times in seconds since the epoch;
    `last_event` is the number of the newest event, so that only new ones need to be asked for."""
    links = await stack.links.status() if stack.supervisors["toxiproxy"].serving.is_set() else []
    return {
        "stack": _daemon(stack),
        "engines": [_engine(stack, supervisor) for supervisor in stack.supervisors.values()],
        "deployments": [
            _deployment(stack, c) for c in stack.controllers.values() if c.pods or _runs(stack, c)
        ],
        "pods": [_pod(stack, pod) for pod in stack.pods()],
        "links": links,
        "faults": [fault.to_json() for fault in await stack.faults.all()],
        "endpoints": _bare_endpoints(stack),
        "last_event": stack.events.last,
    }


def _runs(stack: LocalStack, controller: Controller) -> bool:
    """Whether it should have pods, or may be given some."""
    resting = controller.deployment.on_demand and not controller.replicas
    return stack.offered(controller.name) and not resting


def endpoints(stack: LocalStack) -> Json:
    """The endpoints for any client of this user, secrets included; null where not known yet."""
    return _addresses(stack, lambda engine: engine.url())


def _bare_endpoints(stack: LocalStack) -> Json:
    """Those that are known already, without a login: a status is copied into reports."""
    addresses = _addresses(stack, lambda engine: engine.address())
    return {endpoint: address for endpoint, address in addresses.items() if address is not None}


def _addresses(stack: LocalStack, told: Callable[[Engine], str]) -> Json:
    found: Json = {INGRESS: None}
    if stack.supervisors["haproxy"].serving.is_set():
        found[INGRESS] = f"http://127.0.0.1:{stack.balancer.ingress_port}"
    for endpoint, name in stack.engines.endpoints.items():
        found[endpoint] = told(stack.engines[name]) if stack.supervisors[name].prepared else None
    return found


def _daemon(stack: LocalStack) -> Json:
    return {
        "pid": os.getpid(),
        "started": stack.started,
        "state": stack.state,
        "scenario": stack.chosen.scenario.name,
        "scenario_file": str(stack.chosen.place),
        "namespace": stack.manifests.namespace,
        "version": VERSION,
        "message": stack.message(),
    }


def _engine(stack: LocalStack, supervisor: EngineSupervisor) -> Json:
    pids = [supervisor.pid] if supervisor.pid is not None else []
    known = supervisor.prepared
    use = stack.disks.uses.get(supervisor.engine.name)
    return {
        "name": supervisor.engine.name,
        "state": supervisor.state,
        "pid": supervisor.pid,
        "address": supervisor.engine.address() if known else "",
        "started": supervisor.child.started if supervisor.child and pids else None,
        "restarts": supervisor.restarts,
        "cpu": stack.usage.cpu(pids),
        "memory": stack.usage.memory(pids),
        "disk": use.to_json() if use else None,
        "version": supervisor.engine.version,
        "message": supervisor.message or supervisor.engine.note,
    }


def _deployment(stack: LocalStack, controller: Controller) -> Json:
    minimum, maximum = stack.manifests.bounds(controller.name)
    return {
        "name": controller.name,
        "replicas": controller.replicas,
        "ready": controller.ready,
        "minimum": minimum if maximum is not None else None,
        "maximum": maximum,
        "message": controller.message,
    }


def _pod(stack: LocalStack, pod: Pod) -> Json:
    return {
        "name": pod.name,
        "deployment": pod.deployment,
        "ready": pod.ready,
        "phase": pod.phase,
        "restarts": pod.restarts,
        "started": pod.started,
        "cpu": stack.usage.cpu(pod.pids),
        "memory": stack.usage.memory(pod.pids),
        "message": pod.message,
        "containers": [_container(container) for container in pod.containers],
    }


def _container(container: ContainerRun) -> Json:
    return {
        "name": container.name,
        "pid": container.pid,
        "state": container.state,
        "restarts": container.restarts,
        "ports": dict(container.ports),
    }
