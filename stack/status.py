"""What the stack says of itself, as JSON."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

from host.version import VERSION
from stack.balance import INGRESS
from stack.engines.engine import Engine
from stack.pods.container import ContainerRun
from stack.pods.controller import Controller
from stack.pods.pod import Pod
from stack.supervisor.keeper import Keeper
from stack.world import World

Json = dict[str, Any]


async def status(world: World) -> Json:
    """Everything but secrets. CPU in cores, memory in bytes, times in seconds since the epoch;
    `last_event` is the number of the newest event, so that only new ones need to be asked for."""
    links = await world.links.status() if world.keepers["toxiproxy"].serving.is_set() else []
    return {
        "stack": _stack(world),
        "engines": [_engine(world, keeper) for keeper in world.keepers.values()],
        "deployments": [
            _deployment(world, c)
            for c in world.controllers.values()
            if c.pods or world.offered(c.name)
        ],
        "pods": [_pod(world, pod) for pod in world.pods()],
        "links": links,
        "faults": [fault.to_json() for fault in await world.faults.all()],
        "endpoints": _bare_doors(world),
        "last_event": world.events.last,
    }


def endpoints(world: World) -> Json:
    """The doors for any client of this user, secrets included; null where not known yet."""
    return _doors(world, lambda engine: engine.url())


def _bare_doors(world: World) -> Json:
    """Those that are known already, without a login: a status is copied into reports."""
    doors = _doors(world, lambda engine: engine.address())
    return {door: address for door, address in doors.items() if address is not None}


def _doors(world: World, told: Callable[[Engine], str]) -> Json:
    found: Json = {INGRESS: None}
    if world.keepers["haproxy"].serving.is_set():
        found[INGRESS] = f"http://127.0.0.1:{world.balancer.ingress_port}"
    for door, name in world.engines.doors.items():
        found[door] = told(world.engines[name]) if world.keepers[name].prepared else None
    return found


def _stack(world: World) -> Json:
    return {
        "pid": os.getpid(),
        "started": world.started,
        "state": world.state,
        "scenario": world.chosen.scenario.name,
        "scenario_file": str(world.chosen.file),
        "namespace": world.manifests.namespace,
        "version": VERSION,
        "message": world.message(),
    }


def _engine(world: World, keeper: Keeper) -> Json:
    pids = [keeper.pid] if keeper.pid is not None else []
    known = keeper.prepared
    use = world.disks.uses.get(keeper.engine.name)
    return {
        "name": keeper.engine.name,
        "state": keeper.state,
        "pid": keeper.pid,
        "address": keeper.engine.address() if known else "",
        "started": keeper.child.started if keeper.child and pids else None,
        "restarts": keeper.restarts,
        "cpu": world.usage.cpu(pids),
        "memory": world.usage.memory(pids),
        "disk": use.to_json() if use else None,
        "version": keeper.engine.version,
        "message": keeper.message or keeper.engine.note,
    }


def _deployment(world: World, controller: Controller) -> Json:
    minimum, maximum = world.manifests.bounds(controller.name)
    return {
        "name": controller.name,
        "replicas": controller.replicas,
        "ready": controller.ready,
        "minimum": minimum if maximum is not None else None,
        "maximum": maximum,
        "message": controller.message,
    }


def _pod(world: World, pod: Pod) -> Json:
    return {
        "name": pod.name,
        "deployment": pod.deployment,
        "ready": pod.ready,
        "phase": pod.phase,
        "restarts": pod.restarts,
        "started": pod.started,
        "cpu": world.usage.cpu(pod.pids),
        "memory": world.usage.memory(pod.pids),
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
