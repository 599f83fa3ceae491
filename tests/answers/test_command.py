"""`controlroom answer`: goes on where it was, is told again without load, says what is wrong."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from controlroom.answers.steps import STEPS, Step
from controlroom.cli.entrance import enter
from controlroom.commands.answer import AnswerQuestions
from controlroom.commands.exits import Exit
from controlroom.commands.here import Here
from controlroom.runs.answer_folder import AnswerFolder
from controlroom.runs.errors import SpecError
from controlroom.runs.path_times import edges
from controlroom.settings import Settings
from tests.answers.making import doors, every, keep


@pytest.fixture
def state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CONTROLROOM_STATE_DIR", str(tmp_path / "state"))
    monkeypatch.setenv("CONTROLROOM_CONFIG_DIR", str(tmp_path / "config"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "state"


class Conducted(AnswerQuestions):
    """Its experiments are over at once, as `ends` says of each."""

    ends: dict[str, Exit]
    evidence: Path
    begun: list[str]

    async def _run(self, step: Step, place: str, here: Here) -> tuple[Exit, str]:
        self.begun.append(step.experiment)
        code = self.ends.get(step.experiment, Exit.OK)
        if code in (Exit.OK, Exit.FAILED):
            self.kept.keep(step.experiment, self.evidence / f"r-{step.experiment}", code is Exit.OK)
        return code, "" if code is Exit.OK else f"{step.experiment} ended"


async def conducted(folder: Path, evidence: Path, **ends: Exit) -> tuple[Any, list[str]]:
    """The answer of one attempt, and which experiments it ran."""
    act = Conducted("bands", "quick", str(folder))
    act.ends = {name.replace("_", "-"): code for name, code in ends.items()}
    act.evidence, act.begun = evidence, []
    return await act.carry_out(Here(Settings())), act.begun


async def test_it_goes_on_where_it_was(tmp_path: Path) -> None:
    every(tmp_path / "runs", "bands")
    folder = tmp_path / "answer"
    answer, begun = await conducted(folder, tmp_path / "runs", doors_limit=Exit.INTERRUPTED)
    assert (answer.code, begun) == (Exit.INTERRUPTED, ["doors-equal", "doors-limit"])
    assert answer.left
    assert list(AnswerFolder(folder).runs) == ["doors-equal"]
    answer, begun = await conducted(folder, tmp_path / "runs")
    assert (answer.code, begun) == (Exit.OK, ["doors-limit"])
    assert set(AnswerFolder(folder).evidence()) == {"doors-equal", "doors-limit"}


async def test_one_that_failed_does_not_hide_the_others(tmp_path: Path) -> None:
    every(tmp_path / "runs", "bands")
    answer, begun = await conducted(tmp_path / "a", tmp_path / "runs", doors_equal=Exit.FAILED)
    assert (answer.code, answer.left) == (Exit.FAILED, "doors-equal ended")
    assert begun == ["doors-equal", "doors-limit"]
    assert set(AnswerFolder(tmp_path / "a").evidence()) == {"doors-equal", "doors-limit"}
    answer, begun = await conducted(tmp_path / "a", tmp_path / "runs")
    assert (answer.code, begun) == (Exit.OK, ["doors-equal"])


def test_a_folder_of_something_else_is_refused(tmp_path: Path) -> None:
    AnswerFolder(tmp_path / "one").begin("bands", "quick")
    AnswerFolder(tmp_path / "one").begin("bands", "quick")
    with pytest.raises(SpecError, match="holds an answer of bands, quick"):
        AnswerFolder(tmp_path / "one").begin("covid", "quick")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter").touch()
    with pytest.raises(SpecError, match="is there, and no answer"):
        AnswerFolder(tmp_path / "other").begin("covid", "quick")


@pytest.mark.parametrize("by", ["runs", "folder"])
def test_it_is_told_again_of_what_is_there(
    tmp_path: Path, state: Path, by: str, capsys: pytest.CaptureFixture[str]
) -> None:
    runs = every(state / "runs", "bands")
    words = [one.run for one in runs.values()]
    if by == "folder":
        kept = AnswerFolder(tmp_path / "kept")
        kept.begin("bands", "quick")
        for name, one in runs.items():
            kept.keep(name, state / "runs" / one.run)
        words = [str(kept.path)]
    assert enter(["answer", "bands", "-o", "out", "--json", "--from", *words]) == Exit.OK
    told = json.loads(capsys.readouterr().out)
    assert told["runs"] == {name: one.run for name, one in runs.items()}
    assert {one["lang"] for one in told["answers"]} == {"es", "en"}
    for name in ("report.md", "report.html"):
        assert "¿Qué servicio se tardó menos?" in (tmp_path / "out" / name).read_text()


def test_what_cannot_be_told_again_says_why(
    tmp_path: Path, state: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(state / "runs", "covid", "doors-equal", doors)
    for words, error in (
        (["bands", "--from", "r-9999"], "r-9999 is no run, and no folder of an answer."),
        (["bands", "--from", "r-doors-equal"], "no experiment of bands"),
    ):
        assert enter(["answer", *words]) == Exit.USAGE
        assert error in capsys.readouterr().err


def test_phases_of_the_journal_have_their_edges(tmp_path: Path) -> None:
    from controlroom.experiments.format import Experiment, read

    plan = keep(tmp_path, "covid", "faults", doors_of_all, 1).plan
    experiment: Experiment = read(plan)
    notes = [{"event": "phase", "block": 0, "arm": "none", "phase": name, "at": 10.0}
             for name in ("warm_up", "baseline", "arming")]  # fmt: skip
    (only,) = edges(experiment, [*notes, {"event": "block", "at": 1.0}])
    assert only == {"block": 0, "arm": "none", "phase": "baseline", "since": 10.0, "until": 16.0}


def doors_of_all(arm: str, turn: int) -> Any:
    return doors("http", turn)


def test_quick_is_below_ten_minutes_and_full_below_ninety() -> None:
    from controlroom.experiments.planning import lasting
    from controlroom.runs.experiment_files import read_experiment
    from tests.answers.making import ROOT

    for scenario, steps in STEPS.items():
        files = {
            one: read_experiment(ROOT / f"scenarios/{scenario}/experiments/{one.experiment}.yaml")
            for one in steps
        }
        quick = sum(lasting(found, one.quick) for one, (_, found) in files.items())
        full = sum(lasting(found, one.full) for one, (_, found) in files.items())
        # what is beside the phases of a block is reckoned with 5 to 8 s, and takes less
        assert quick <= 11.2 * 60
        assert full <= 90 * 60
