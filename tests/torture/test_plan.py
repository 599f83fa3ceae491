"""The schedule is a pure function of its seed and leaves no fault out."""

from __future__ import annotations

from collections import Counter

from controlroom.torture.environment import SUPERVISOR
from controlroom.torture.faults import PROCESSES, TABLE, Kill, Stop, table_of
from controlroom.torture.plan import GAP, schedule
from scenarios.loading import load


def names(seed: int, count: int) -> list[str]:
    return [fault.name for moment in schedule(seed, count, TABLE) for fault in moment.faults]


def test_the_same_seed_is_the_same_schedule() -> None:
    assert schedule(7, 50, TABLE) == schedule(7, 50, TABLE)
    assert names(7, 50) != names(8, 50)


def test_it_holds_as_many_faults_as_were_asked_for() -> None:
    assert [len(names(3, count)) for count in (0, 1, 2, 8, 200)] == [0, 1, 2, 8, 200]


def test_every_fault_has_its_turn_before_one_has_a_second() -> None:
    counts = Counter(names(1, 2 * len(TABLE)))
    assert set(counts.values()) == {2}
    assert len(counts) == len(TABLE)


def test_faults_strike_alone_and_two_at_a_time() -> None:
    moments = schedule(1, 200, TABLE)
    assert {len(moment.faults) for moment in moments} == {1, 2}
    assert all(GAP[0] <= moment.after <= GAP[1] for moment in moments)
    assert all(len(set(moment.faults)) == len(moment.faults) for moment in moments)


def test_every_process_is_killed_and_stopped() -> None:
    everybody = {*PROCESSES, SUPERVISOR}
    assert {fault.target for fault in TABLE if isinstance(fault, Kill)} == everybody
    assert {fault.target for fault in TABLE if isinstance(fault, Stop)} == everybody


def test_a_scenario_is_struck_at_the_deployments_that_it_has() -> None:
    assert table_of(load("bands")) == TABLE
    table = table_of(load("worldcup"))
    assert {fault.target for fault in TABLE} - {fault.target for fault in table} == {
        "producer-wasm"
    }
