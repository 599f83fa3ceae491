"""Scenario files: what is taken, and how a bad one is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from scenarios.loading import ScenarioError, file_of, load, names
from scenarios.views.kinds.bars import BarsView
from scenarios.views.kinds.table import TableView
from tests.conftest import ROOT

BANDS = file_of("bands").read_text()
CUP = file_of("worldcup").read_text()


@pytest.mark.parametrize("name", names())
def test_a_scenario_of_the_project_loads_under_its_own_name(name: str) -> None:
    scenario = load(name)
    assert scenario.name == name
    assert scenario == load(ROOT / "scenarios" / name) == load(file_of(name))


def test_views_and_labels_have_their_types() -> None:
    assert isinstance(load("bands").view, TableView)
    cup = load("worldcup")
    assert isinstance(cup.view, BarsView)
    assert cup.field("phase").labels == {1: "Octavos", 2: "Cuartos", 3: "Semifinal", 4: "Final"}


BAD = [
    # source, text, its replacement, parts of the message and its fix
    (BANDS, 'name = "bands"', 'name = "Bands!"', ("name", "'Bands!'", "a-z")),
    (BANDS, 'noun = "votes"', 'nuon = "votes"', ("nuon", "not known", "did you mean noun?")),
    (BANDS, 'title = "Band voting 2024"\n', "", ("title", "is missing", "add title")),
    (BANDS, 'title = "Band voting 2024"', "title = 3", ("title", "must be a text")),
    (BANDS, 'noun = "votes"', "noun = ", ("not TOML", "line ")),
    (BANDS, "maximum = 2100", "maximum = 1800", ("[fields] (number 3) ", "above the maximum")),
    (BANDS, "maximum = 2100", 'maximum = "x"', ("maximum", "a whole number")),
    (BANDS, "maximum = 2100", "maximun = 2100", ("maximun", "did you mean maximum?")),
    (BANDS, 'kind = "integer"\nminimum = 1900', 'kind = "number"\nminimum = 1900', ("'number'",)),
    (
        BANDS,
        'max_length = 120\n\n[[fields]]\nname = "album"',
        'minimum = 1\n\n[[fields]]\nname = "album"',
        ("means nothing", "remove minimum"),
    ),
    (BANDS, 'name = "rank"\nlabel', 'name = "Band"\nlabel', ("'Band'", "beginning with a letter")),
    (BANDS, 'name = "rank"\nlabel', 'name = "artist"\nlabel', ("'artist' names two fields",)),
    (BANDS, 'album} {rank}"', 'albun} {rank}"', ("log_line", "'albun'", "did you mean album?")),
    (BANDS, 'album} {rank}"', 'album} {rank"', ("log_line", "lone brace")),
    (BANDS, 'album} {rank}"', 'album} {rank!r}"', ("log_line", "lone brace")),
    (BANDS, 'add = "rank"', 'add = "album"', ("album is no integer field",)),
    (BANDS, 'add = "rank"', 'add = "ranks"', ("'ranks' is not a field", "did you mean rank?")),
    (BANDS, 'kind = "hash"\nkey = "votes"', 'kind = "counter"\nkey = "votes"', ("member",)),
    (BANDS, 'tally = "votes"', 'tally = "vote"', ("'vote'", "did you mean votes?")),
    (
        BANDS,
        'columns = ["name", "album"]',
        'columns = ["album", "name"]',
        ("columns", "do not fit"),
    ),
    (BANDS, 'average = "rank"', 'average = "votes"', ("average", "adds nothing")),
    (BANDS, '"/insert"', '"insert"', ("paths", "'insert'", "begin with /")),
    (BANDS, '"/insert"', '"/input"', ("paths", "twice")),
    (
        BANDS,
        'paths = ["/grpc", "/grpc/insert", "/grpc/input"]',
        "paths = []",
        ("[grpc_front] paths",),
    ),
    (BANDS, 'method = "/confproto', 'method = "confproto', ("method", "/package.Service/Rpc")),
    (BANDS, "weight = 30", "weight = 0", ("[samples] weight", "1 or more")),
    (BANDS, "year = [1986]", 'year = ["old"]', ("year must be a whole number",)),
    (BANDS, "year = [1986], ", "", ("year is missing",)),
    (BANDS, "year = [1986]", "yaer = [1986]", ("'yaer'", "did you mean year?")),
    (CUP, 'choices = "matches"', 'choices = "total"', ("choices", "no set tally", "matches")),
    (CUP, 'key = "Fase:{phase}"', 'key = "Fase"', ("choices", "{phase}")),
    (CUP, 'flip = "score"', 'flip = "phase"', ("phase is no text",)),
    (
        CUP,
        'left = "team1"\nright = "team2"\n\n[can',
        'left = "team"\nright = "team2"\n\n[can',
        ("[rules] left",),
    ),
    (CUP, '{ 1 = "Octavos"', '{ one = "Octavos"', ("labels", "one")),
    (CUP, 'pattern = "[0-9]{1,3}-[0-9]{1,3}"', 'pattern = "["', ("pattern", "regular expression")),
    (
        CUP,
        '[view]\nkind = "bars"',
        '[view]\nkind = "pie"',
        ("[view] kind", "'pie'", "bars, latest, map, shares, stored, table, top"),
    ),
    (
        BANDS,
        "[http]",
        '[[traffic]]\ndeployment = "My.Pods"\ndirection = "inbound"\n\n[http]',
        ("[traffic] deployment", "'My.Pods'", "name of a Deployment"),
    ),
    (
        BANDS,
        "[http]",
        '[[traffic]]\ndeployment = "mine"\ndirection = "in"\n\n[http]',
        ("[traffic] direction", "'in'", "inbound, outbound"),
    ),
]


@pytest.mark.parametrize(
    ("source", "old", "new", "words"), BAD, ids=[case[2][-40:] for case in BAD]
)
def test_a_bad_scenario_is_refused_with_place_and_fix(
    tmp_path: Path, source: str, old: str, new: str, words: tuple[str, ...]
) -> None:
    assert source.count(old) >= 1
    path = tmp_path / "mine.toml"
    path.write_text(source.replace(old, new, 1))
    with pytest.raises(ScenarioError) as caught:
        load(path)
    said = f"{caught.value.message} -> {caught.value.fix}"
    assert said.startswith("mine.toml")
    for word in words:
        assert word in said, said


@pytest.mark.parametrize("line", ["maximum = 2100", "weight = 22", "member =", 'name = "rank"'])
def test_the_line_of_a_bad_key_is_told(tmp_path: Path, line: str) -> None:
    key = line.partition(" ")[0]
    start = BANDS.index(f"\n{line}") + 1
    path = tmp_path / "mine.toml"
    path.write_text(BANDS[:start] + f"{key} = []\n#" + BANDS[start:])
    number = BANDS[:start].count("\n") + 1
    with pytest.raises(ScenarioError, match=rf"^mine.toml, line {number}: .*{key}: must be"):
        load(path)


def test_an_unknown_name_tells_what_there_is() -> None:
    with pytest.raises(ScenarioError) as caught:
        load("band")
    assert "did you mean bands?" in caught.value.message
    assert "bands, covid, worldcup" in caught.value.fix


@pytest.mark.parametrize("name", ["../bands.toml", "/no/such.toml", "nothing.toml"])
def test_a_path_that_is_not_there_says_so(name: str) -> None:
    with pytest.raises(ScenarioError, match="cannot read"):
        load(name)


def test_a_file_that_is_no_text_says_so(tmp_path: Path) -> None:
    path = tmp_path / "x.toml"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(ScenarioError, match="not UTF-8"):
        load(path)
