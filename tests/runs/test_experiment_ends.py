"""Every way out of an experiment: what it injected is taken back, and its folder can be read."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest

from controlroom.cli.entrance import enter
from controlroom.commands.exits import Exit
from controlroom.commands.here import Here
from controlroom.model.run import RunView
from controlroom.runs import experiment_run
from controlroom.runs.errors import SpecError
from controlroom.runs.experiment_block import Aborted, Stopped
from controlroom.runs.experiment_files import asked, read_experiment
from controlroom.runs.experiment_run import ExperimentRun
from controlroom.runs.experiment_spec import ExperimentSpec
from controlroom.runs.folder import RunFolder
from controlroom.runs.launch import first_view
from controlroom.runs.run_writer import RunWriter
from controlroom.runs.spec import ChaosSpec
from controlroom.runs.store import RunStore
from host.liveness import Proof, proof_of
from tests.runs.fakes import FakeTarget

FILE = Path(__file__).resolve().parents[2] / "scenarios/bands/experiments/pod-kill-consumer.yaml"
FAULT = ChaosSpec(
    {"kind": "PodChaos", "metadata": {"name": "one"}, "spec": {"action": "x", "duration": "1h"}},
    "one",
)
NOBODY = Proof(2**22 + 1, 0.0)
PHASE = {"success": 1.0, "throughput": 100.0, "p50": 2.0, "p95": 5.0, "p99": 9.0, "p999": 12.0}


class Seeing:
    """An observer that sees all from the start."""

    def __init__(self, target: object) -> None:
        """Needs nothing of it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Nothing is open."""

    async def first_look(self) -> bool:
        return True


class Block:
    """Injects, leaves the fault on, and ends in the way that is set."""

    error: ClassVar[Exception | None] = None
    at: ClassVar[int] = 1
    """Which block ends so."""
    quiet: ClassVar[bool] = False
    """Injects nothing."""

    def __init__(self, run: RunWriter, spec: Any, store: RunStore, target: FakeTarget,
                 observer: object, place: int, arm: str) -> None:  # fmt: skip
        self._store, self._target, self._run = store, target, run
        self._place, self._arm = place, arm

    async def run(self) -> dict[str, Any]:
        if self.quiet:
            return self.told()
        folder = child(self._store, self._run.folder.id)
        await self._target.inject(FAULT.manifest, folder.id)
        if self.error is not None and self._place == self.at:
            raise self.error
        return self.told()

    def told(self) -> dict[str, Any]:
        phases = {"baseline": PHASE, "fault": PHASE}
        return {
            "place": self._place, "arm": self._arm, "phases": phases, "clocks": None, "lost": 0,
            "doubled": 0,
        }  # fmt: skip


def child(store: RunStore, owner: str) -> RunFolder:
    """A fault's run that its own process left."""
    folder = store.create()
    folder.write_spec(FAULT)
    folder.write_owner(owner)
    folder.write_view(first_view(folder.id, FAULT))
    folder.write_runner(NOBODY)
    return folder


def begun(
    store: RunStore, proof: Proof | None = None, spec: ExperimentSpec | None = None
) -> tuple[RunWriter, ExperimentSpec]:
    spec = spec or asked(*read_experiment(FILE), FILE, 600.0, rounds=2, seed=1)
    folder = store.create()
    folder.write_spec(spec)
    view = first_view(folder.id, spec)
    folder.write_view(view)
    known = proof or proof_of()
    assert known is not None
    folder.write_runner(known)
    return RunWriter(folder, view), spec


async def conducted(
    store: RunStore,
    target: FakeTarget,
    monkeypatch: pytest.MonkeyPatch,
    error: Exception | None,
    wanted: ExperimentSpec | None = None,
) -> tuple[RunView, RunFolder]:
    monkeypatch.setattr(experiment_run, "Observer", Seeing)
    monkeypatch.setattr(experiment_run, "BlockRun", Block)
    monkeypatch.setattr(Block, "error", error)
    run, spec = begun(store, spec=wanted)
    await ExperimentRun(run, spec, target).run()  # type: ignore[arg-type]
    view = run.folder.read_view()
    assert view is not None
    return view, run.folder


@pytest.mark.parametrize(
    ("error", "state", "bound", "blocks"),
    [
        (None, "finished", "all blocks", 4),
        (Stopped(), "stopped", "stopped", 1),
        (Aborted("guard: lag above 5 for 3s"), "failed", "guard: lag above 5 for 3s", 1),
        (RuntimeError("a mistake"), "failed", "RuntimeError: a mistake; see ", 1),
    ],
    ids=["whole", "stopped", "guard", "mistake"],
)
async def test_what_it_injected_is_taken_back(
    error: Exception | None, state: str, bound: str, blocks: int, store: RunStore,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    target = FakeTarget()
    view, folder = await conducted(store, target, monkeypatch, error)
    assert view.state == state
    assert view.bound.startswith(bound)
    assert len(target.held) == (4 if error is None else 2)
    assert {one.phase for one in target.held.values()} == {"finished"}
    result = folder.read_result()
    assert result is not None
    assert (result["blocks"], result["planned"], result["clean"]) == (blocks, 4, True)
    plan = json.loads((folder.path / "plan.json").read_text())
    assert sorted(plan["order"]) == ["killed", "killed", "none", "none"]
    assert plan["versions"]["controlroom"]


async def test_what_may_be_left_is_said(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> None:
    target = FakeTarget()
    target.sticky = True
    view, folder = await conducted(store, target, monkeypatch, None)
    assert view.state == "failed"
    assert view.bound.startswith("may still be injected: Fault f-")
    assert (folder.read_result() or {})["clean"] is False


async def test_a_death_between_blocks_leaves_a_verdict_of_those_before(
    store: RunStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    class DeathError(BaseException):
        """Nothing catches it, as nothing catches SIGKILL."""

    monkeypatch.setattr(Block, "at", 2)
    with pytest.raises(DeathError):
        await conducted(store, FakeTarget(), monkeypatch, DeathError())  # type: ignore[arg-type]
    (folder,) = [one for one in store.folders() if not one.owner]
    folder.write_runner(NOBODY)
    view, result = folder.read_view(), folder.read_result()
    assert view is not None
    assert result is not None
    assert (view.state, result["blocks"]) == ("lost", 2)
    lines = (folder.path / "blocks.jsonl").read_text().splitlines()
    assert [json.loads(line)["place"] for line in lines] == [0, 1]


@pytest.fixture
def state(store: RunStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The state folder of the command line; nothing listens there."""
    state = store.root.parent
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(state))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(state / "config"))
    return state


async def test_stop_ends_what_a_dead_runner_left(
    state: Path, store: RunStore, monkeypatch: pytest.MonkeyPatch, capsys: Any
) -> None:
    from controlroom.commands.experiment import StopExperiment
    from controlroom.commands.performing import perform
    from controlroom.settings import Settings

    target = FakeTarget()
    monkeypatch.setattr(Here, "target", property(lambda here: target))
    run, _ = begun(store, NOBODY)
    await target.inject(FAULT.manifest, child(store, run.folder.id).id)
    answer = await perform(StopExperiment(run.folder.id), Here(Settings(state_dir=state)))
    assert (answer.code, answer.said) == (Exit.OK, f"Ended: {run.folder.id}; nothing is left.")
    assert target.asked == ["f-1"]


def test_list_and_validate_need_no_stack(state: Path, tmp_path: Path, capsys: Any) -> None:
    assert enter(["experiment", "list", "--json"]) == Exit.OK
    listed = json.loads(capsys.readouterr().out)
    shipped = [path.stem for path in FILE.parent.glob("*.yaml")]
    assert {one["name"]: one["error"] for one in listed} == dict.fromkeys(shipped, "")
    assert enter(["experiment", "validate"]) == Exit.OK
    assert capsys.readouterr().out.count(": good") == len(shipped)
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text(FILE.read_text().replace("rounds: 6", "rounds: many"))
    assert enter(["experiment", "validate", str(wrong)]) == Exit.USAGE
    said = capsys.readouterr().err
    assert f"{wrong}, line 6: rounds cannot be used" in said
    assert "Write a number from 1 to 200." in said
    assert enter(["experiment", "run", "nosuch", "--yes"]) == Exit.USAGE
    assert "No experiment is called nosuch." in capsys.readouterr().err


async def test_a_pilot_says_how_many_rounds_there_are(
    store: RunStore, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(Block, "quiet", True)
    wanting = tmp_path / "wanting.yaml"
    wanting.write_text(FILE.read_text() + "width: 5%\nwithin: 1h\n")
    spec = asked(*read_experiment(wanting), wanting, 600.0, seed=1)
    assert spec.rounds > 20
    assert len(spec.order) == 2 * spec.rounds
    view, folder = await conducted(store, FakeTarget(), monkeypatch, None, spec)
    result = folder.read_result()
    assert result is not None
    pilot = result["pilot"]
    assert (pilot["needed"], pilot["rounds"]) == (6, 6)
    assert (view.bound, result["blocks"], result["planned"]) == ("all blocks", 12, 12)
    lines = [json.loads(line) for line in (folder.path / "blocks.jsonl").read_text().splitlines()]
    assert [one["place"] for one in lines] == list(range(12))
    turns = [sorted(one["arm"] for one in lines[at : at + 2]) for at in range(0, 12, 2)]
    assert turns == [["killed", "none"]] * 6, "each round has both"


def test_a_width_wants_time_for_a_verdict(tmp_path: Path) -> None:
    wanting = tmp_path / "wanting.yaml"
    wanting.write_text(FILE.read_text() + "width: 5%\nwithin: 1m\n")
    with pytest.raises(SpecError, match=r"within: 1m has time for 1 rounds"):
        asked(*read_experiment(wanting), wanting, 600.0)
