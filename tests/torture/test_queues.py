"""What the torture leaves out for each queue, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from controlroom.torture.faults import TABLE, BrokenLink, left_out, table_of
from controlroom.torture.phases import phases_of
from controlroom.torture.scratch import by_queue
from scenarios.loading import load
from tests.own_stack import OwnStack

QUEUES = ("streams", "direct", "pubsub")


def test_a_scenario_goes_by_another_queue_under_a_name_of_its_own(tmp_path: Path) -> None:
    with by_queue("covid", "streams") as reference:
        made = load(reference)
        assert (made.name, made.queues) == ("covid-streams", ("streams",))
        assert made.tallies == load("covid").tallies
    assert not Path(reference).exists()
    several = tmp_path / "scenario.toml"
    text = Path(load.__code__.co_filename).parent.joinpath("bands/scenario.toml").read_text()
    several.write_text(f'queues = [\n  "kafka",\n  "pubsub",\n]\n{text}')
    with by_queue(str(several), "direct") as reference:
        assert load(reference).queues == ("direct",)
    with by_queue("bands", "kafka") as reference:
        assert reference == "bands"


@pytest.mark.parametrize("queue", QUEUES)
def test_faults_and_phases_of_another_queue_are_left_out_by_name(queue: str) -> None:
    with by_queue("bands", queue) as reference:
        scenario = load(reference)
    names = {fault.name for fault in table_of(scenario)}
    assert {"SIGKILL kafka", "cut consumer-kafka 4 s"} <= set(left_out(scenario))
    assert not any("kafka" in name for name in names)
    assert {"SIGKILL redis", "SIGSTOP consumer 8 s", "slow producer-grpc-redis 4 s"} <= names
    assert any(name.startswith("scale ") for name in names)
    stored_by = "producer-http" if queue == "direct" else "consumer"
    links = {(f.deployment, f.engine) for f in table_of(scenario) if isinstance(f, BrokenLink)}
    assert (stored_by, "mongo") in links
    assert phases_of(scenario) == ("document", "disk", "counter")
    assert (table_of(load("bands")), left_out(load("bands"))) == (TABLE, ())


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--scenario", "bands", "--queue", "carrier"), "'carrier'"),
        (("--queue", "streams", "--state", "there"), "--queue"),
    ],
)
@pytest.mark.processes
def test_a_wrong_queue_is_named(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done = OwnStack(tmp_path / "state").run("torture", "--faults", "0", *words, check=False)
    assert done.code == 2, done
    assert said in done.err
    assert "Traceback" not in done.err
