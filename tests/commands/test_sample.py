"""`controlroom sample`: a file of records, the same for the same seed."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from controlroom.commands import sample
from controlroom.commands.completing import OnDisk, candidates
from controlroom.commands.exits import CommandError, Exit
from controlroom.runs.records import codec_of, read_records
from scenarios.loading import names


def asked(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    sample.add_arguments(parser)
    args = parser.parse_args(words)
    args.settings = SimpleNamespace(scenario="bands")
    return args


@pytest.mark.parametrize("name", names())
def test_a_file_is_what_a_load_takes(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    file = tmp_path / "traffic.json"
    words = (name, "-n", "500", "--seed", "7")
    assert sample.main(asked(*words, "-o", str(file))) is Exit.OK
    assert len(read_records(file, codec_of(name))) == 500
    assert capsys.readouterr().err == f"500 records of {name}, seed 7\n"
    assert [each.name for each in tmp_path.iterdir()] == ["traffic.json"]
    sample.main(asked(*words))
    assert capsys.readouterr().out == file.read_text()
    sample.main(asked(name, "-n", "500", "--seed", "8"))
    assert capsys.readouterr().out != file.read_text()


def test_a_seed_that_was_chosen_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    sample.main(asked("-n", "3"))
    first = capsys.readouterr()
    sample.main(asked("-n", "3", "--seed", first.err.split()[-1]))
    assert capsys.readouterr().out == first.out
    assert len(json.loads(first.out)) == 3


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "0"), "-n 0 cannot be made"),
        (("-n", "10000001"), "-n 10000001 cannot be made"),
        (("-n", "1", "-o", "/nowhere/x.json"), "-o /nowhere/x.json: No such file"),
    ],
)
def test_what_cannot_be_made_is_said(words: tuple[str, ...], said: str) -> None:
    with pytest.raises(CommandError) as told:
        sample.main(asked(*words))
    assert said in str(told.value)
    assert told.value.fix


def test_its_scenario_is_completed() -> None:
    assert [word for word, _ in candidates(["sample"], "", OnDisk())] == list(names())
