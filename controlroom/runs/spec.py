"""What is asked of a run: the same fields from the command line, the dialog and the disk."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from controlroom.arrivals.address import ROUTES, PathName, address, wrong_with
from controlroom.runs.errors import SpecError
from host.durations import format_duration, parse_duration

if TYPE_CHECKING:
    from stack.faults.kind import Kind

Schedule = Literal["", "constant", "poisson"]

DEFAULT_TIMEOUT = 600.0
"""Every load ends: this bounds one that was given no time of its own (seconds)."""
LONGEST = 24 * 3600.0
USERS = 10
MOST_USERS = 2000
MOST_WAIT = 3600.0
MOST_BATCH = 1000
WORKERS = 2
MOST_WORKERS = 20
DRAIN = 10.0


@dataclass(frozen=True, slots=True)
class LoadSpec:
    """A load. Closed: `users` in parallel, each sending its next request when it has its answer.
    Open: requests start on a schedule, whatever the answers do."""

    run_kind: ClassVar[str] = "load"
    url: str = ""
    """The ingress (`http://127.0.0.1:8080`); one with a path of its own is used as it is.
    Empty until the run is started: then the target's ingress."""
    scenario: str = ""
    """Name or file of the scenario whose events are sent. Empty until the run is started."""
    path: PathName = "http"
    file: str | None = None
    """File of records; None sends generated ones."""
    seed: int | None = None
    """Of the generated records, or of the order in which those of the file are sent. Until the run
    is started None is one that is drawn then; a run that has none sends the file as it stands."""
    users: int = USERS
    """Requests that may wait for an answer at a time. An open load drops what is above it."""
    number: int | None = None
    """Requests to send, exactly; None is as many as the other bounds allow."""
    rate: float | None = None
    """Requests per second over all users; None is as fast as the answers come."""
    open: Schedule = ""
    """The gaps between the starts of an open load; empty for a closed one."""
    timeout: float = DEFAULT_TIMEOUT
    """Seconds after which no new request is sent."""
    wait_least: float = 0.0
    wait_most: float = 0.0
    """Each user waits so many seconds, drawn anew each time, between its requests."""
    repeat: bool = False
    """Begin the file again at its end."""
    batch: int = 1
    """Events in one request; more than one are sent as an array."""
    drain: float = DRAIN
    """Seconds that requests in flight get to be answered once no new ones are sent."""
    context: str = ""
    """The cluster that it is sent to; empty for the local stack."""
    namespace: str = ""
    """Where the services are in that cluster; empty for the context's own."""
    in_cluster: int = 0
    """Load processes that Jobs of the cluster run; 0 is one on this machine."""

    @property
    def workers(self) -> int:
        """As many of them as there is work for."""
        return min(self.in_cluster, self.users, self.number or self.users)

    @property
    def address(self) -> str:
        """Where requests go."""
        return address(self.url, self.path)

    @property
    def title(self) -> str:
        """One line for the run strip."""
        what = f"{self.number} requests" if self.number is not None else "requests"
        pace = f", {self.rate:g}/s" if self.rate is not None else ""
        place = " in the cluster" if self.in_cluster else ""
        seed = f", seed {self.seed}" if self.seed is not None else ""
        if self.open:
            gaps = "" if self.open == "constant" else f", {self.open}"
            return f"{what} on schedule over {self.path}{pace}{gaps}{seed}"
        return f"{what} by {self.users} users over {self.path}{pace}{self._waits}{seed}{place}"

    @property
    def _waits(self) -> str:
        return f", {self.wait} s apart" if self.wait_most else ""

    @property
    def wait(self) -> str:
        """As the command line takes it."""
        return f"{self.wait_least:g}-{self.wait_most:g}"

    def command(self) -> str:
        """The command line that does the same."""
        words = ["controlroom", "run"]
        if self.file is not None:
            words += ["-f", self.file]
        words += ["--concurrence", str(self.users)]
        if self.number is not None:
            words += ["-n", str(self.number)]
        words += ["--timeout", format_duration(self.timeout)]
        if self.path != "http":
            words += ["--path", self.path]
        if self.rate is not None:
            words += ["--rate", f"{self.rate:g}"]
        if self.open:
            words += ["--open"] if self.open == "constant" else ["--open", self.open]
        if self.wait_most:
            words += ["--wait", self.wait]
        if self.repeat:
            words.append("--repeat")
        if self.seed is not None:
            words += ["--seed", str(self.seed)]
        if self.batch != 1:
            words += ["--batch", str(self.batch)]
        if self.in_cluster:
            words += ["--in-cluster", str(self.in_cluster)]
        words += where_flags(self.context, self.namespace)
        return shlex.join(words)


@dataclass(frozen=True, slots=True)
class ChaosSpec:
    """A fault: one Chaos Mesh object."""

    run_kind: ClassVar[str] = "chaos"
    manifest: Mapping[str, Any]
    name: str
    source: str = ""
    """File that the manifest was read from."""
    run_for: float | None = field(default=None)
    """Seconds that were asked for instead of the manifest's own duration."""
    mode: str = ""
    """Mode that was asked for instead of the manifest's own; empty for that one."""
    value: str = ""
    """Value that was asked for instead of the manifest's own."""
    target: str = ""
    """What was asked for as `app.kubernetes.io/name` instead of the manifest's own."""
    context: str = ""
    """The cluster that it hits; empty for the local stack."""
    namespace: str = ""
    """Where the services are in that cluster; empty for the context's own."""

    @property
    def title(self) -> str:
        """What the manifest says of itself, else kind, action and name."""
        notes = (self.manifest.get("metadata") or {}).get("annotations") or {}
        own = notes.get("controlroom/title")
        if own:
            return str(own)
        return f"{self.words} on {self.target}" if self.target else f"{self.words} {self.name}"

    @property
    def _kind(self) -> Kind:
        # the image of the load process has nothing of what a kind needs
        from stack.faults.registry import kind_of

        return kind_of(self.kind)

    @property
    def words(self) -> str:
        """Kind and action: `PodChaos pod-kill`."""
        return self._kind.title(self._spec)

    @property
    def _spec(self) -> Mapping[str, Any]:
        return self.manifest.get("spec") or {}

    @property
    def duration(self) -> float | None:
        """Seconds that it lasts; None where it is over at once."""
        if self.one_shot:
            return None
        if not self._kind.selects:
            return self._kind.lasts(self.manifest)
        if self.run_for is not None:
            return self.run_for
        given = self._spec.get("duration")
        return parse_duration(given) if isinstance(given, str) else None

    @property
    def one_shot(self) -> bool:
        """Whether it is over as soon as it is done, whatever its duration says."""
        return self._kind.one_shot(self._spec)

    @property
    def kind(self) -> str:
        """`PodChaos`, `NetworkChaos`."""
        return str(self.manifest.get("kind", ""))

    @property
    def action(self) -> str:
        """`pod-kill`, `delay`, `cpu` and so on; empty where the kind says it all."""
        return self._kind.action(self._spec)

    def command(self) -> str:
        """The command line that does the same."""
        words = ["controlroom", "chaos", "run", self.source or self.name, "--yes"]
        words += self.flags() + where_flags(self.context, self.namespace)
        return shlex.join(words)

    def flags(self) -> list[str]:
        """What was asked for instead of what the manifest has."""
        return change_flags(self.run_for, self.mode, self.value, self.target)


def change_flags(run_for: float | None, mode: str, value: str, target: str) -> list[str]:
    """What is asked for instead of what an object has, as the command line takes it."""
    words = [] if run_for is None else ["--duration", format_duration(run_for)]
    for flag, given in (("mode", mode), ("value", value), ("target", target)):
        words += [f"--{flag}", given] if given else []
    return words


def where_flags(context: str, namespace: str = "") -> list[str]:
    """The cluster that is meant, as the command line takes it."""
    words = ["--context", context] if context else []
    return words + (["--namespace", namespace] if namespace else [])


def check_load(spec: LoadSpec) -> LoadSpec:
    """The same spec. Raises SpecError that names the first flag that cannot be used."""
    check_url(spec.url, anywhere=bool(spec.context))
    if spec.path not in ROUTES:
        fix = f"Give --path with one of {', '.join(ROUTES)}."
        raise SpecError(f"--path {spec.path} is not known.", fix)
    _within("--concurrence", spec.users, 1, MOST_USERS)
    if spec.number is not None:
        _within("-n", spec.number, 1, None)
    _within("--batch", spec.batch, 1, MOST_BATCH)
    if spec.rate is not None and not 0 < spec.rate <= 1e6:
        raise SpecError(
            f"--rate {spec.rate:g} cannot be kept.", "Give requests per second, such as --rate 200."
        )
    _check_open(spec)
    if not 0 <= spec.wait_least <= spec.wait_most <= MOST_WAIT:
        raise SpecError(
            f"--wait {spec.wait} cannot be kept.",
            f"Give the least and the most seconds, up to {MOST_WAIT:g}, such as --wait 0.1-0.9.",
        )
    if spec.wait_most and spec.rate is not None:
        raise SpecError(
            "--wait and --rate both say when a request is sent.", "Leave one of them out."
        )
    if not 0 < spec.timeout <= LONGEST:
        raise SpecError(
            f"--timeout {format_duration(spec.timeout)} cannot be used.",
            f"Give more than nothing and at most {format_duration(LONGEST)}, such as 3m.",
        )
    _within("--in-cluster", spec.in_cluster, 0, MOST_WORKERS)
    if spec.in_cluster and not spec.context:
        raise SpecError(
            "--in-cluster wants a cluster, and none is named.", "Give --context NAME with it."
        )
    _check_source(spec)
    return spec


def within_bounds(spec: LoadSpec, users: int, seconds: float) -> None:
    """Raises SpecError where the load is longer or wider than the settings allow."""
    if spec.timeout > seconds:
        raise SpecError(
            f"--timeout {format_duration(spec.timeout)} is longer than {format_duration(seconds)}.",
            "Give a shorter one, or raise max_load_seconds in the settings.",
        )
    if spec.users > users:
        raise SpecError(
            f"--concurrence {spec.users} is more than {users} users.",
            "Give fewer, or raise max_users in the settings.",
        )


def _check_open(spec: LoadSpec) -> None:
    if not spec.open:
        return
    if spec.rate is None:
        raise SpecError(
            "--open starts requests on a schedule, and none is given.",
            "Give requests per second, such as --rate 200.",
        )
    if spec.in_cluster:
        raise SpecError("--open is sent from this machine.", "Leave --in-cluster out.")


def _check_source(spec: LoadSpec) -> None:
    if spec.file is None and spec.repeat:
        raise SpecError(
            "--repeat begins a file again, but no file is given.",
            "Give -f FILE, or leave --repeat out: generated records never end.",
        )


def check_url(url: str, anywhere: bool = False) -> None:
    """Raises SpecError unless it is plain HTTP, to this machine's own loopback or, for the
    ingress of a cluster, anywhere."""
    if wrong := wrong_with(url, anywhere=anywhere):
        raise SpecError(f"--url {wrong}", _URL_FIX)


_URL_FIX = "Give an address such as http://127.0.0.1:8080, or leave --url out."


def _within(flag: str, value: int, least: int, most: int | None) -> None:
    if value < least or (most is not None and value > most):
        bounds = f"from {least} to {most}" if most is not None else f"of {least} or more"
        raise SpecError(f"{flag} {value} cannot be used.", f"Give a whole number {bounds}.")
