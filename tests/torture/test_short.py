"""A short torture of a scratch stack, by the command line."""

from __future__ import annotations

from pathlib import Path

import pytest

from host.paths import private_dir
from tests.own_stack import PYTHON, RUST, OwnStack
from tests.stores import BOTH

SEED = 8
PHASES = ["document", "topic", "redis"]


@pytest.mark.engines
@pytest.mark.timeout(480)
@pytest.mark.parametrize("store", BOTH)
def test_nothing_is_lost_and_nothing_doubled(tmp_path: Path, store: str) -> None:
    # of the faults few concern the store: all of them on the one that a newcomer has
    faults = 8 if store == PYTHON else 3
    shell = OwnStack(tmp_path / "unused", store)
    if store == RUST:
        # its own acts on its own stack are agreed to, whatever local stacks are
        private_dir(Path(shell.env["CONTROLROOM_CONFIG_DIR"])).joinpath("config.toml").write_text(
            '[targets]\nproduction = ["local stack"]\n'
        )
    words = ("--faults", str(faults), "--seed", str(SEED), "--phases", ",".join(PHASES), "--json")
    done = shell.run("torture", *words, timeout=460, check=False)
    assert done.code == 0, done
    report = done.json()
    assert report["passed"]
    assert report["seed"] == SEED
    assert report["faults"] + len(report["not_struck"]) == faults
    assert (report["lost"], report["doubled"]) == (0, 0)
    assert report["stored"] == report["acknowledged"] + report["unconfirmed"]
    assert report["acknowledged"] > faults * 100
    assert report["kafka"] == report["stored"]
    assert report["repeated"] == report["books"]["repeated"] > 0
    seen = {phase["name"]: phase["state"] for phase in report["phases"]}
    assert seen == dict.fromkeys(PHASES, "passed"), report["phases"]
    # the scratch stack is gone: the line that named its folder names nothing now
    folder = next(w for w in done.err.split() if "controlroom-torture-" in w)
    assert not Path(folder).exists()
