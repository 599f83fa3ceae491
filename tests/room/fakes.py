"""A source and commands for the room that record what they were asked."""

from __future__ import annotations

from collections.abc import Sequence

from controlroom.model.frame import Frame
from controlroom.model.held import Held
from controlroom.model.log import LogLine
from controlroom.runs.catalog import ChaosFile
from controlroom.runs.spec import LoadSpec
from controlroom.targets.abilities import Preview, Refused


class FixedSource:
    """Always the same frame, until another is put in."""

    def __init__(self, frame: Frame) -> None:
        self.now = frame
        self.asked = 0
        self.calm = False

    def frame(self, now: float) -> Frame:
        self.asked += 1
        return self.now


KILL = ChaosFile(
    "chaos/pod-kill-consumer.yaml", "pod-kill-consumer", "PodChaos", "pod-kill", "consumer", {}
)
PARTITION = ChaosFile(
    "chaos/partition-redis.yaml", "partition-redis", "NetworkChaos", "partition", "consumer", {},
    "blast", 30.0,
)  # fmt: skip
BROKEN = ChaosFile(
    "chaos/stress.yaml", "stress", "StressChaos", "stress", "consumer", {}, error="not supported"
)


class RecordedCommands:
    """Does nothing and remembers everything."""

    def __init__(self) -> None:
        self.calls: list[tuple[object, ...]] = []
        self.refuse = ""
        """When set, what a start is refused with."""
        self.page: list[LogLine] = []
        self.holding: list[Held] = []

    def _note(self, *call: object) -> str:
        if self.refuse:
            raise Refused(self.refuse, "Try again later.")
        self.calls.append(call)
        return f"{call[0]}: done"

    async def chaos_files(self) -> Sequence[ChaosFile]:
        return (KILL, PARTITION, BROKEN)

    async def preview_fault(self, file: ChaosFile) -> Preview:
        return Preview(
            3, ("consumer-7f9c",), 1, 2, "12 partitions move in about 1 s.",
            "At once; the pod is replaced by the deployment.", (),
        )  # fmt: skip

    async def start_chaos(self, file: ChaosFile) -> str:
        return self._note("chaos", file)

    async def start_load(self, spec: LoadSpec) -> str:
        return self._note("load", spec)

    async def stop_all(self) -> str:
        return self._note("stop_all")

    async def scale(self, deployment: str, replicas: int) -> str:
        return self._note("scale", deployment, replicas)

    async def preview_restart(self, deployment: str) -> Preview:
        return Preview(
            2, ("consumer-7f9c", "consumer-x2b1"), 2, 2, "Each pod is ended once its successor is "
            "ready.", "When all are replaced.",
        )  # fmt: skip

    async def restart(self, deployment: str) -> str:
        return self._note("restart", deployment)

    async def held(self) -> Sequence[Held]:
        return self.holding

    async def pause_held(self, one: Held, on: bool) -> str:
        return self._note("pause_held", one, on)

    async def end_held(self, one: Held) -> str:
        return self._note("end_held", one)

    async def purge_logs(self) -> str:
        return self._note("purge")

    async def choose(self, selection: int, key: str) -> None:
        self._note("choose", selection, key)

    async def log_page(self, before_first: int, n: int) -> Sequence[LogLine]:
        self._note("log_page", before_first, n)
        return self.page

    async def retry(self, source: str) -> None:
        self._note("retry", source)
