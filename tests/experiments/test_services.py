"""What services took and did: means and highest values, and nothing where nothing is known."""

from __future__ import annotations

from controlroom.experiments.services import MIB, FleetSeen, ServicesSeen, together
from controlroom.model.fleet import Deployment, Engine, Fleet, Pod


def fleet(
    *pods: str, replicas: int, restarts: int = 0, engine_restarts: int = 0, cpu: float | None = 0.5
) -> Fleet:
    made = tuple(Pod(one, "consumer", True, "Running", restarts, 0.0, cpu, MIB) for one in pods)
    consumer = Deployment("consumer", replicas, len(pods), restarts, 1.0, cpu, 2 * MIB)
    kafka = Engine("kafka", "ready", engine_restarts, cpu=None, memory=None)
    return Fleet((consumer,), made, (kafka,))


def test_the_mean_of_cpu_and_the_highest_memory_are_kept_and_what_is_unknown_is_absent() -> None:
    seen = ServicesSeen()
    for cpu in (0.2, 0.4, None):
        seen.see(fleet("a", replicas=1, cpu=cpu))
    assert seen.told() == {"consumer": {"cpu": 0.3, "memory": 2.0}}
    assert together(seen.told(), "cpu") == 0.3
    assert together({}, "cpu") is None, "nothing known is not 0"


def test_restarts_are_those_of_containers_and_engines_and_of_pods_that_were_replaced() -> None:
    seen = FleetSeen()
    assert seen.restarts is None
    seen.see(fleet("a", "b", replicas=2))
    assert seen.restarts == 0
    seen.see(fleet("a", "b", "c", replicas=2))
    seen.see(fleet("a", "c", replicas=2))
    assert seen.restarts == 1, "c took the place of b, which went later"
    seen.see(fleet("a", "c", replicas=2, restarts=1, engine_restarts=1))
    assert seen.restarts == 4, "two containers and an engine"


def test_fewer_or_more_replicas_are_no_restart() -> None:
    seen = FleetSeen()
    for pods, wanted in (("ab", 2), ("ab", 1), ("a", 1), ("a", 3), ("acd", 3), ("acd", 3)):
        seen.see(fleet(*pods, replicas=wanted))
    told = seen.replicas
    assert (seen.restarts, told) == (0, {"consumer": [1, 3]})
    seen.see(fleet("a", replicas=4))
    assert told == {"consumer": [1, 3]}, "what a block was told stays as it is"
