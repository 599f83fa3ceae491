"""The local stack as a whole: engines, links, balancer, deployments, faults, autoscaler."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import shutil
import time
from collections.abc import Iterable
from typing import Literal

from host.errors import StackError
from host.paths import private_dir
from host.ports import Ports
from stack.autoscaler import Scaling
from stack.balance import Balancer, backend_name
from stack.config import (
    PURGE_TOKEN,
    RequestedReplicas,
    StackConfig,
    choose,
    guests,
    module,
    overridden,
)
from stack.configuring import Overrides, Values
from stack.disk import Disks
from stack.engines.engine import Beside, Engine
from stack.engines.haproxy import Haproxy
from stack.engines.prometheus import Prometheus
from stack.engines.registry import engines_for
from stack.faults.leases import Leases
from stack.faults.plan import Planner
from stack.faults.population import Population
from stack.lag import LagReader
from stack.links import StackLinks
from stack.manifests import load
from stack.pods.controller import Controller
from stack.pods.environment import Surroundings
from stack.pods.pod import Pod
from stack.pods.ports import PodPorts
from stack.pods.usage import PERIOD, Usage
from stack.requests import RequestRules
from stack.scaler import Scaler
from stack.splits import SplitRules
from stack.supervisor.engine_supervisor import EngineSupervisor
from stack.supervisor.events import Events
from stack.supervisor.order import levels
from stack.supervisor.output import Output
from stack.targets_file import TargetsFile
from wire import keys
from wire.accounts import ACCOUNTS, login_of
from wire.ending import end
from wire.queues.registry import queue_kind

POD_GRACE = 4.0
ENGINE_GRACE = 5.0
"""Seconds that each has when the whole stack goes down."""

log = logging.getLogger(__name__)


class LocalStack:
    """Made from a configuration; `start` returns at once, `stop` when everything has ended.

    Raises StackError for manifests and scenarios that cannot be used.
    """

    def __init__(self, config: StackConfig) -> None:
        self.config = config
        self.state: Literal["starting", "ready", "stopping"] = "starting"
        self.started = time.time()
        self.events = Events()
        self.usage = Usage()
        self.chosen = choose(config.scenario, config.state)
        self.manifests = load(config.manifests, *self.chosen.manifests())
        self.engines = engines_for(config.state)
        private_dir(config.state)
        ports = Ports(config.state)
        self.links = StackLinks(self.engines, ports, self.manifests.deployments)
        self._haproxy = self.engines.own(Haproxy)
        self.balancer = Balancer(
            self._haproxy,
            ports,
            self.manifests,
            self.pods,
            lambda text: self.events.add("engine", "haproxy", "Trouble", text),
        )
        self.supervisors = {name: self._supervisor(engine) for name, engine in self.engines.items()}
        self._levels = levels({name: engine.needs for name, engine in self.engines.items()})
        self.disks = Disks(config.state, self._own_engines(), self.engines["redis"], self.events)
        self._pod_ports = PodPorts(ports)
        self.overrides = Overrides()
        self.controllers = {name: self._controller(name) for name in self.manifests.deployments}
        population = Population(
            self.manifests.namespace,
            self.controllers,
            {name: self.supervisors[name] for name in self.engines.linked},
        )
        self.requests = RequestRules(self._haproxy, self.manifests, backend_name)
        self.splits = SplitRules(self._haproxy, self.manifests, backend_name, self.controllers)
        planner = Planner(
            population,
            self.links,
            self.requests,
            self.splits,
            list(self.manifests.deployments),
        )
        self.faults = Leases(planner, self.links, self.events, self.manifests.namespace)
        self._scalings = {n: Scaling(rules) for n, rules in self.manifests.autoscalers.items()}
        self._lag = LagReader(lambda name: self.engines[name].url())
        self._requested = RequestedReplicas(config.state)
        self._targets = self._targets_file()
        self._linked = False
        self._unlinked = ""
        """Why the links to the stores cannot be made, while that is so."""
        self._tasks: list[asyncio.Task[None]] = []

    def start(self) -> None:
        """Starts everything; what others need starts first."""
        shutil.rmtree(self.config.state / "pods", ignore_errors=True)
        for group in self._levels:
            for name in group:
                supervisor = self.supervisors[name]
                supervisor.start([self.supervisors[need] for need in supervisor.engine.needs])
        scalers = [self._scaler(name).run() for name in self._scalings]
        for loop in (self._rise(), self._measure(), self.disks.run(), *scalers):
            self._tasks.append(asyncio.ensure_future(loop))

    async def stop(self) -> None:
        """Ends faults, services and engines, in this order."""
        self.state = "stopping"
        await end(self._tasks)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self.faults.close(), 2)
        await self._lag.close()
        await asyncio.gather(*(c.close(POD_GRACE) for c in self.controllers.values()))
        for group in reversed(self._levels):
            await asyncio.gather(*(self.supervisors[name].stop(ENGINE_GRACE) for name in group))
        await self.links.close()

    def pods(self) -> Iterable[Pod]:
        """All pods of all deployments."""
        return (pod for controller in self.controllers.values() for pod in controller.pods)

    def message(self) -> str:
        """What the stack is waiting for; empty when nothing."""
        if self.state == "stopping":
            return "stopping"
        for supervisor in self.supervisors.values():
            if not supervisor.serving.is_set():
                return f"{supervisor.engine.name}: {supervisor.message or supervisor.state}"
        if self._unlinked:
            return f"links: {self._unlinked}"
        for controller in self.controllers.values():
            if controller.ready < controller.replicas or controller.rolling:
                counts = f"{controller.ready} of {controller.replicas} ready"
                return f"{controller.name}: {counts} {controller.message}".strip()
        return ""

    def controller(self, name: str) -> Controller:
        """The deployment of that name. Raises StackError."""
        if name not in self.controllers:
            raise StackError(
                f"There is no deployment {name!r}.",
                f"Use one of {', '.join(self.controllers)}.",
                "not_found",
            )
        return self.controllers[name]

    def supervisor(self, name: str) -> EngineSupervisor:
        """The engine of that name. Raises StackError."""
        if name not in self.supervisors:
            raise StackError(
                f"There is no engine {name!r}.",
                f"Use one of {', '.join(self.supervisors)}.",
                "not_found",
            )
        return self.supervisors[name]

    def pod(self, name: str) -> tuple[Controller, Pod]:
        """The pod of that name and its deployment. Raises StackError."""
        for controller in self.controllers.values():
            for pod in controller.pods:
                if pod.name == name:
                    return controller, pod
        raise StackError(f"There is no pod {name!r}.", "See `controlroom status`.", "not_found")

    def tail(self, name: str, lines: int, previous: bool = False) -> list[str]:
        """The last lines of a pod or an engine, or of the life before; a pod that was never
        restarted has that of the pod whose place it took. Raises StackError."""
        if name in self.supervisors:
            return self.supervisors[name].output.tail(lines, previous)
        controller, pod = self.pod(name)
        if not previous:
            return pod.tail(lines)
        return pod.tail(lines, previous) or controller.before(lines)

    def scale(self, name: str, replicas: int) -> None:
        """Another number of pods, within the bounds of the autoscaler. Raises StackError."""
        controller = self.controller(name)
        if not self.offered(name):
            raise StackError(
                f"The scenario {self.chosen.scenario.name} has no [{controller.deployment.table}], "
                f"so {name} does not run.",
                "Give the scenario that table, or start another scenario.",
                "refused",
            )
        minimum, maximum = self.manifests.bounds(name)
        if replicas < minimum or (maximum is not None and replicas > maximum):
            bounds = f"{minimum} to {maximum}" if maximum is not None else f"{minimum} or more"
            raise StackError(
                f"{name} may have {bounds} replicas; {replicas} were asked for.",
                f"Ask for {bounds}, or change the bounds in {self.config.manifests}.",
                "refused",
            )
        self._requested.keep(name, replicas)
        if name in self._scalings:
            self._scalings[name].by_hand(time.monotonic(), replicas)
        controller.scale(replicas, "asked for")

    def configure(self, name: str, values: Values) -> None:
        """Other variables: its pods are replaced one by one. Raises StackError."""
        controller = self.controller(name)
        if self.overrides.change(controller.deployment, values):
            controller.restart(self._surroundings(name))

    def use_scenario(self, name_or_path: str) -> bool:
        """Another scenario: new values, and all pods replaced one by one. Raises StackError.

        The stack is `starting` until no pod serves the scenario before. False where it has other
        services than this stack, which has to be started again for it.
        """
        chosen = choose(name_or_path, self.config.state)
        if load(self.config.manifests, *chosen.manifests()) != self.manifests:
            return False
        self.chosen = chosen
        requested = self._requested.read()
        for name, controller in self.controllers.items():
            controller.restart(self._surroundings(name))
            if controller.deployment.table:
                why = f"the scenario is {self.chosen.scenario.name}"
                controller.scale(self._first_replicas(name, requested), why)
        if self.state == "ready":
            self.state = "starting"
            self._tasks.append(asyncio.ensure_future(self._settle()))
        return True

    def _supervisor(self, engine: Engine) -> EngineSupervisor:
        file = private_dir(self.config.state / "logs") / f"{engine.name}.log"
        hooks = {"toxiproxy": self._relink, "haproxy": self._rebalance}
        return EngineSupervisor(engine, Output(file), self.events, hooks.get(engine.name))

    async def _rebalance(self) -> None:
        """Gives a new haproxy the pods, the rules of faults and the splits again."""
        await self.balancer.started()
        await self.requests.started()
        await self.splits.started()

    def _controller(self, name: str) -> Controller:
        return Controller(
            self.manifests.deployments[name],
            self._surroundings(name),
            self._pod_ports,
            self.events,
            self.balancer.sync,
            self._changed,
        )

    def _surroundings(self, deployment: str) -> Surroundings:
        endpoints = self.manifests.config_maps.get("endpoints", {})
        name = self.chosen.scenario.name
        stores = queue_kind(self._queue(deployment)).stores
        filled = self.links.endpoints(deployment) | {
            "SCENARIO": self.chosen.reference,
            "EVENTS_TOPIC": keys.events_topic(name),
            "CONSUMER_GROUP": keys.consumer_group(name),
            "DISK_RESERVE": str(self.disks.reserve),
            **guests(os.environ),
            **module(os.environ),
        }
        return Surroundings(
            namespace=self.manifests.namespace,
            project=self.config.project,
            state=self.config.state,
            packages=self.chosen.packages,
            overrides=self.overrides.of(deployment),
            services=self.balancer.services(),
            config_maps={
                **overridden(self.manifests.config_maps, os.environ),
                "endpoints": {**endpoints, **filled},
            },
            secrets={
                **{each.secret: self._secret(login_of(each, stores)) for each in ACCOUNTS},
                **self._purging(os.environ.get(PURGE_TOKEN, "")),
            },
        )

    def _purging(self, token: str) -> dict[str, dict[str, str]]:
        """The Secret by which the reader purges over HTTP, where the user wants that."""
        return {"purge": self._secret("operator") | {"PURGE_TOKEN": token}} if token else {}

    def _own_engines(self) -> dict[str, Engine]:
        """Those that have a folder here."""
        return {name: each for name, each in self.engines.items() if not each.external}

    def _secret(self, account: str) -> dict[str, str]:
        parts = (self.engines[name].variables(account) for name in self.engines.linked)
        return {key: value for part in parts for key, value in part.items()}

    def _targets_file(self) -> TargetsFile | None:
        own = self.engines.find(Prometheus)
        return TargetsFile(own.targets, self.manifests.namespace) if own is not None else None

    async def _relink(self) -> None:
        """toxiproxy forgets its proxies when it dies; links stand as soon as stores are known."""
        if self._linked:
            await self.links.sync()

    async def _rise(self) -> None:
        """Services start when the engines that they need serve."""
        for name in self.engines.needed:
            await self.supervisors[name].serving.wait()
        self._linked = True
        while True:
            try:
                await self.links.sync()
                break
            except StackError as error:
                if self._unlinked != error.message:
                    log.warning("links: %s", error)
                self._unlinked = error.message
                await asyncio.sleep(0.2)
        self._unlinked = ""
        requested = self._requested.read()
        for name, controller in self.controllers.items():
            controller.take(self._surroundings(name))
            controller.start(self._first_replicas(name, requested))
        await self._settle()
        seconds = time.time() - self.started
        self.events.add("stack", "stack", "Ready", f"after {seconds:.1f} s")
        beside = Beside(self.config.project, self.config.state / "logs", self.events)
        await asyncio.gather(*(engine.once_up(beside) for engine in self.engines.values()))

    async def _settle(self) -> None:
        """`ready` once nothing is waited for."""
        while self.message() or not self.balancer.idle:
            await asyncio.sleep(0.1)
        self.state = "ready"

    def offered(self, name: str) -> bool:
        """Whether the scenario has what a deployment is there for."""
        table = self.manifests.deployments[name].table
        return not table or getattr(self.chosen.scenario, table, None) is not None

    def _first_replicas(self, name: str, requested: dict[str, int]) -> int:
        if not self.offered(name):
            return 0
        minimum, maximum = self.manifests.bounds(name)
        replicas = requested.get(name, self.manifests.first_replicas(name))
        return max(minimum, replicas if maximum is None else min(replicas, maximum))

    def _changed(self) -> None:
        self.balancer.soon()
        self._list_targets()

    def _list_targets(self) -> None:
        if self._targets is not None:
            try:
                self._targets.write(self.pods(), self._haproxy.address())
            except StackError as error:
                log.warning("targets of prometheus: %s", error)

    async def _measure(self) -> None:
        while True:
            pids = [pid for pod in self.pods() for pid in pod.pids]
            pids += [
                supervisor.pid
                for supervisor in self.supervisors.values()
                if supervisor.pid is not None
            ]
            self.usage.sample(pids)
            await asyncio.sleep(PERIOD)

    def _queue(self, deployment: str) -> str:
        """The queue that its pods serve; one that the scenario has not they refuse themselves."""
        scenario = self.chosen.scenario
        named = self.manifests.deployments[deployment].template.variable("QUEUE")
        return named if named in scenario.queues else scenario.queue

    def _scaler(self, name: str) -> Scaler:
        return Scaler(
            self.controllers[name],
            self._scalings[name],
            self.usage,
            lambda: self._lag.of(self.chosen.scenario, self._queue(name)),
            lambda replicas: self._requested.keep(name, replicas),
            self.events,
        )
