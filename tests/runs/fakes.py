"""A target of the tests that holds faults as the abilities say, and can misbehave."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from controlroom.model.fleet import Deployment, Fleet
from controlroom.targets.abilities import (
    Configured,
    FaultStatus,
    LoadRequest,
    LoadStatus,
    Preview,
    Refused,
    Unreachable,
)
from host.durations import parse_duration
from wire.tunables import refusal


class FakeTarget:
    """Faults are leases: each ends by itself at its duration."""

    def __init__(self) -> None:
        self.held: dict[str, FaultStatus] = {}
        self.refuses = ""
        self.away = False
        self.dies_while_injecting = False
        self.sticky = False
        """Nothing is ever recovered."""
        self.asked: list[str] = []
        self.replicas = {"consumer": 2, "reader": 1}
        self.variables: dict[str, dict[str, dict[str, str | None]]] = {
            "consumer": {"consumer": {}},
            "producer-grpc": {"front": {}, "server": {"MAX_CALLS": "7"}},
        }
        self.slow = 0
        """Looks that pods take until they are ready."""

    async def fleet(self) -> Fleet:
        """What is wanted is there at once, or after a few looks."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        self.slow = max(0, self.slow - 1)
        made = (
            Deployment(name, many, 0 if self.slow else many, 0, 1.0, None, None, 1, 4)
            for name, many in self.replicas.items()
        )
        return Fleet(tuple(made), ())

    async def scale(self, deployment: str, replicas: int) -> None:
        """Takes it."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        self.replicas[deployment] = replicas

    async def configured(self, deployment: str, names: Sequence[str]) -> Configured:
        """What was set; pods take a few looks."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        if why := refusal(deployment, names, ()):
            raise Refused(why)
        self.slow = max(0, self.slow - 1)
        found = self.variables[deployment]
        values = {one: {name: there.get(name) for name in names} for one, there in found.items()}
        return Configured(values, "1 of 2 replaced" if self.slow else "")

    async def configure(
        self, deployment: str, values: Mapping[str, Mapping[str, str | None]]
    ) -> None:
        """Takes them."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        for container, wanted in values.items():
            self.variables[deployment][container].update(wanted)

    async def preview(self, manifest: Mapping[str, Any]) -> Preview:
        """Hits one of two."""
        return Preview(2, ("consumer-a",), 1, 1, "It is killed.", "It is replaced at once.")

    async def inject(self, manifest: Mapping[str, Any], run: str) -> FaultStatus:
        """Takes the lease."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        if self.refuses:
            raise Refused(self.refuses)
        fault = f"f-{len(self.held) + 1}"
        spec = manifest["spec"]
        now = time.time()
        ends = now + parse_duration(spec["duration"]) if "duration" in spec else None
        self.held[fault] = FaultStatus(
            fault, run, manifest["kind"], spec["action"], manifest["metadata"]["name"],
            ("consumer-a",), "running", now, now, None, ends,
        )  # fmt: skip
        if self.dies_while_injecting:
            self.dies_while_injecting = False
            raise Unreachable("The stack hung up.", "Bring it up.")
        return self.held[fault]

    async def faults(self) -> Sequence[FaultStatus]:
        """All leases; those past their end are over."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        for fault, one in self.held.items():
            over = one.ends is None or time.time() >= one.ends
            if over and not self.sticky:
                self.held[fault] = self._over(one)
        return list(self.held.values())

    async def recover(self, fault: str) -> FaultStatus:
        """Ends a lease."""
        if self.away:
            raise Unreachable("The stack does not answer.", "Bring it up.")
        self.asked.append(fault)
        if not self.sticky:
            self.held[fault] = self._over(self.held[fault])
        return self.held[fault]

    async def check_pause(self, fault: str) -> None:
        """Every fault can be paused."""

    async def pause(self, fault: str, on: bool) -> None:
        """It cannot."""
        raise Refused("Not here.")

    async def inner_ingress(self) -> str:
        """It sends no load."""
        raise Refused("Not here.")

    async def start_load(self, request: LoadRequest) -> str:
        """It sends none."""
        raise Refused("Not here.")

    def load_lines(self, load: str, heard: float | None) -> AsyncIterator[bytes]:
        """There are none."""
        raise Refused("Not here.")

    async def drain_load(self, load: str) -> None:
        """There is none."""
        raise Refused("Not here.")

    async def end_load(self, load: str) -> None:
        """There is none."""
        raise Refused("Not here.")

    async def loads(self) -> Sequence[LoadStatus]:
        """It sends none."""
        return ()

    def _over(self, one: FaultStatus) -> FaultStatus:
        if one.phase == "finished":
            return one
        return replace(one, phase="finished", recovered=time.time())
