"""A folder of a user is a scenario: what is wrong with it is told, and nothing is half taken."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from controlroom.commands.deploy import Deploy, scenario_on_top
from controlroom.commands.exits import CommandError
from controlroom.runs.prepare import ready_load
from controlroom.runs.spec import LoadSpec
from controlroom.settings import load as settings_of
from controlroom.targets.abilities import Refused, TargetInfo
from controlroom.targets.choosing import scenario_of
from controlroom.targets.kubernetes.deploy.rendering import overlay_path, render
from controlroom.targets.kubernetes.deploy.systems import with_scenario
from host.errors import StackError
from images import python
from images.recipes import SERVICES, of_scenario
from images.root import Root
from scenarios.errors import ScenarioError
from scenarios.events import EventCodec
from scenarios.loading import FILE, load, whole
from services.reader.declared import endpoints_of
from services.reader.repository import Repository
from stack.config import MANIFESTS, choose
from stack.copying import MOST_BYTES, MOST_FILES
from stack.manifests import load as load_manifests
from stack.manifests.model import Container, EnvVar, PodTemplate
from stack.pods.environment import Surroundings, environment
from tests.manifests.rendering import renderer
from tests.runs.server import running

WEATHER = Path(__file__).parent / "added" / "weather"


@pytest.fixture
def mine(tmp_path: Path) -> Path:
    """A system of a user, in a folder of any name."""
    skip = shutil.ignore_patterns("__pycache__")
    return Path(shutil.copytree(WEATHER, tmp_path / "anywhere", ignore=skip))


def changed(file: Path, old: str, new: str) -> None:
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))


def routes(folder: Path | str) -> list[str]:
    """Paths that the reader has of a scenario; describing them asks no store."""
    repository = Repository(load(folder), None, None, None)  # type: ignore[arg-type]
    return [each.path for each in endpoints_of(repository)]


def test_what_is_in_it_is_its_own(mine: Path) -> None:
    scenario = load(mine)
    assert scenario.folder == mine.resolve()
    assert (scenario.grpc_front.paths, scenario.grpc) == ((), ())
    (_, warmest) = EventCodec(scenario).tally_writes({"station": "A", "degrees": 7})
    assert (warmest.kind, warmest.member, warmest.amount) == ("warmest", "7 A", 1)
    assert routes(mine) == ["/stations/{name}"]
    assert "warmest" not in load("bands").kinds
    with pytest.raises(ScenarioError, match="kind: is 'warmest'"):
        load(mine / FILE)  # its file alone brings nothing along


def test_a_change_is_seen_at_the_next_load(mine: Path) -> None:
    assert load(mine).view.labels("A") == ("A station",)
    changed(mine / "words.py", "{station} station", "the {station} of them all")
    assert load(mine).view.labels("A") == ("the A of them all",)


BAD: list[tuple[str, Callable[[Path], Any], str]] = [
    ("no file", lambda at: (at / FILE).unlink(), f"cannot read .*{FILE}"),
    (
        "a name of the project",
        lambda at: changed(at / FILE, '"weather"', '"bands"'),
        f"anywhere/{FILE}, line 2: name: 'bands' is taken by the project itself",
    ),
    (
        "the name of a module",
        lambda at: changed(at / FILE, '"weather"', '"events"'),
        f"anywhere/{FILE}, line 2: name: 'events' is taken by the project itself",
    ),
    (
        "no name",
        lambda at: changed(at / FILE, '"weather"', '"../weather"'),
        f"anywhere/{FILE}, line 2: name: is '../weather'",
    ),
    (
        "an unknown kind",
        lambda at: (at / "tallies/warmest.py").unlink(),
        f"anywhere/{FILE}, line 28: .*kind: is 'warmest'",
    ),
    (
        "a broken kind",
        lambda at: (at / "views/ranking.py").write_text("import nothing_of_that_name"),
        r"views/ranking.py cannot be read \(ModuleNotFoundError",
    ),
    (
        "a program in place of a kind",
        lambda at: (at / "views/ranking.py").write_text("raise SystemExit(3)"),
        "views/ranking.py cannot be read .ImportError: it ends the program",
    ),
    (
        "a kind that is there",
        lambda at: changed(at / "tallies/warmest.py", 'name = "warmest"', 'name = "hash"'),
        "warmest.py tells hash once more",
    ),
    (
        "no kind at all",
        lambda at: (at / "tallies/empty.py").write_text(""),
        "empty.py holds no KIND",
    ),
]


@pytest.mark.parametrize(("wrong", "said"), [each[1:] for each in BAD], ids=[b[0] for b in BAD])
def test_a_folder_that_cannot_be_used_is_refused_and_leaves_nothing(
    mine: Path, tmp_path: Path, wrong: Callable[[Path], Any], said: str
) -> None:
    wrong(mine)
    with pytest.raises(ScenarioError, match=said) as caught:
        load(mine)
    assert caught.value.fix
    with pytest.raises(StackError, match=said):
        choose(str(mine), tmp_path / "state")
    assert not (tmp_path / "state").exists()


ROUTES: list[tuple[str, Callable[[Path], Any], str]] = [
    ("none", lambda at: (at / "reader/stations.py").unlink(), "no preset is called 'stations'"),
    (
        "broken",
        lambda at: (at / "reader/stations.py").write_text("import nothing_of_that_name"),
        "reader/stations.py cannot be used .ModuleNotFoundError",
    ),
    (
        "no endpoints",
        lambda at: (at / "reader/stations.py").write_text(""),
        "reader/stations.py cannot be used .AttributeError",
    ),
    (
        "no list of them",
        lambda at: (at / "reader/stations.py").write_text("def endpoints(one): return [one]"),
        "answers what is no Endpoint",
    ),
]


@pytest.mark.parametrize(
    ("wrong", "said"), [each[1:] for each in ROUTES], ids=[each[0] for each in ROUTES]
)
def test_routes_that_cannot_be_used_are_named(
    mine: Path, wrong: Callable[[Path], Any], said: str
) -> None:
    wrong(mine)
    with pytest.raises(ScenarioError, match=said) as caught:
        routes(mine)
    assert "reader/stations.py" in caught.value.fix or "endpoints" in caught.value.fix


@pytest.mark.parametrize(
    ("preset", "path"), [("so1-g13", "/get-all-mongo"), ("so1-g5", ""), ("so1-g6", "")]
)
def test_routes_of_the_project_ask_for_what_they_use(mine: Path, preset: str, path: str) -> None:
    changed(mine / FILE, '"stations"', f'"{preset}"')
    if path:
        assert path in routes(mine)
        return
    with pytest.raises(ScenarioError, match=f"{preset} needs a view of bars"):
        routes(mine)


def test_the_copy_is_whole_or_that_of_before(mine: Path, tmp_path: Path) -> None:
    state = tmp_path / "state"
    (mine / ".git").mkdir()
    (mine / "old.csv").write_text("1")
    kept = choose(str(mine), state)
    assert kept.place == state / "scenarios" / "weather"
    assert kept.reference == str(kept.place)
    assert {path.name for path in kept.place.iterdir()} == {
        *(path.name for path in WEATHER.iterdir() if path.name != "__pycache__"),
        "old.csv",
    }
    (mine / "old.csv").rename(mine / "new.csv")
    assert choose(str(mine), state).place == kept.place
    assert {path.name for path in kept.place.glob("*.csv")} == {"new.csv"}
    (mine / "elsewhere").symlink_to("/")
    with pytest.raises(StackError, match="elsewhere is neither a file nor a folder"):
        choose(str(mine), state)
    (mine / "elsewhere").unlink()
    for number in range(MOST_FILES):
        (mine / "chaos" / f"{number}.txt").touch()
    with pytest.raises(StackError, match=f"more than {MOST_FILES} files") as caught:
        choose(str(mine), state)
    assert "nothing else" in caught.value.fix
    shutil.rmtree(mine / "chaos")
    with (mine / "large").open("wb") as file:
        file.truncate(MOST_BYTES)
    with pytest.raises(StackError, match="64 MiB"):
        choose(str(mine), state)
    assert {path.name for path in kept.place.glob("*.csv")} == {"new.csv"}
    assert choose(str(kept.place), state).place == kept.place  # from itself


def test_a_file_alone_is_copied_as_before(tmp_path: Path) -> None:
    file = tmp_path / "any.toml"
    file.write_text((Path(load.__globals__["__file__"]).parent / "bands" / FILE).read_text())
    kept = choose(str(file), tmp_path / "state")
    assert kept.reference == str(tmp_path / "state" / "scenarios" / "bands.toml")
    assert (kept.packages, kept.manifests()) == (None, [])
    own = choose("worldcup", tmp_path / "state")
    assert (own.reference, own.packages, own.manifests()) == ("worldcup", None, [])


def test_its_manifests_stand_on_top_of_the_project_s(mine: Path, tmp_path: Path) -> None:
    kept = choose(str(mine), tmp_path / "state")
    whole = load_manifests(MANIFESTS, *kept.manifests())
    assert {"almanac", "reader", "consumer"} <= set(whole.deployments)
    assert whole.deployments["reader"] == load_manifests(MANIFESTS).deployments["reader"]
    file = kept.place / "k8s" / "almanac.yaml"
    file.write_text(file.read_text().replace("name: almanac", "name: reader"))
    with pytest.raises(StackError, match="there is a Deployment reader already"):
        load_manifests(MANIFESTS, *kept.manifests())
    (kept.place / "k8s" / "kustomization.yaml").unlink()
    with pytest.raises(StackError, match=r"holds no kustomization\.yaml"):
        kept.manifests()


def test_a_pod_finds_its_modules_and_other_services(tmp_path: Path) -> None:
    values = ("http://reader:80/total", "reader:80", "reader:8080", "x-reader:80", "a reader:80")
    names = [f"V{number}" for number in range(len(values))]
    env = tuple(EnvVar(name, "value", text) for name, text in zip(names, values, strict=True))
    container = Container("main", ("python", "-m", "x"), env=env)
    there = {"reader:80": "127.0.0.1:4711"}
    around = Surroundings("here", tmp_path, tmp_path, {}, services=there, packages=tmp_path / "p")
    found = environment(container, PodTemplate({}, (container,)), "x-0", {}, around)
    assert [found[name] for name in names] == [
        "http://127.0.0.1:4711/total", "127.0.0.1:4711", *values[2:],
    ]  # fmt: skip
    assert found["PYTHONPATH"] == str(tmp_path / "p")


def test_a_cluster_says_a_name_and_the_user_where_its_code_is(mine: Path) -> None:
    def runs(scenario: str, **details: str) -> TargetInfo:
        return TargetInfo("lab-a", scenario, None, details)

    assert scenario_of(runs("bands"), "worldcup") == "bands"
    assert scenario_of(runs("weather"), str(mine)) == str(mine)
    assert scenario_of(runs("bands"), str(mine)) == "bands"
    for there in (str(mine), "weather"):
        with pytest.raises(Refused, match="not on this machine") as caught:
            scenario_of(runs(there), "bands")
        assert "--scenario" in caught.value.fix
    assert scenario_of(runs("weather", scenario_file=str(mine)), "bands") == str(mine)
    # a stack of before names a file that has moved
    assert scenario_of(runs("bands", scenario_file="/gone/bands.toml"), "worldcup") == "bands"


def test_paths_are_whole_for_a_process_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/tmp")
    assert whole("mine.toml") == "/tmp/mine.toml"
    assert whole("./mine") == "/tmp/mine"
    assert whole("~/mine") == str(Path.home() / "mine")
    assert whole("bands") == "bands"


def test_a_load_finds_its_scenario_from_its_own_folder(
    mine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(mine.parent)
    unasked: Any = None
    with running() as server:
        wish = LoadSpec(scenario=f"./{mine.name}", url=server.url, number=1)
        ready = asyncio.run(ready_load(wish, "bands", unasked))
    assert ready.scenario == str(mine)


@pytest.mark.engines
@pytest.mark.parametrize("overlay", ["lab-one", "cluster-a"])
async def test_it_is_deployed_on_top_of_an_overlay(mine: Path, overlay: str) -> None:
    renderer()
    with with_scenario(overlay_path(overlay), load(mine)) as folder:
        objects = {(one["kind"], one["metadata"]["name"]): one for one in await render(folder)}
    config = objects["ConfigMap", "endpoints"]["data"]
    names = ("SCENARIO", "EVENTS_TOPIC", "CONSUMER_GROUP")
    assert [config[name] for name in names] == ["weather", "weather.events", "weather-store"]
    for name in ("almanac", "producer-http"):
        (container, *_) = objects["Deployment", name]["spec"]["template"]["spec"]["containers"]
        assert container["image"].startswith("localhost/controlroom/services-weather:")
    topics = {name for kind, name in objects if kind == "KafkaTopic"}
    assert topics in (set(), {"weather.events", "weather.rejected"})


def test_a_file_alone_is_not_deployed(tmp_path: Path, mine: Path) -> None:
    alone = tmp_path / "any.toml"
    text = (Path(load.__globals__["__file__"]).parent / "bands" / FILE).read_text()
    alone.write_text(text)
    with pytest.raises(CommandError, match="a file alone"):
        Deploy("lab-one", scenario=str(alone))._on_top(mine)


def test_the_scenario_of_the_flag_is_deployed_and_no_other(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('scenario = "worldcup"\n')
    environ = {"CONTROLROOM_SCENARIO": "worldcup"}
    assert scenario_on_top(settings_of({"scenario": "covid"}, environ, file)) == "covid"
    assert scenario_on_top(settings_of({}, environ, file)) == ""
    assert scenario_on_top(settings_of({}, {}, file)) == ""


def ran(app: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Python as it runs in the image."""
    return subprocess.run(
        (sys.executable, *words),
        cwd=app,
        env={"PYTHONPATH": str(app), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.processes
async def test_its_image_has_it_where_the_services_look(mine: Path, tmp_path: Path) -> None:
    name, recipe, code = of_scenario(mine)
    assert (name, recipe.layers[-1]) == ("services-weather", "scenario-weather")
    root = Root(tmp_path / "root")
    python.code(root, SERVICES)
    await code(root, print)
    app = tmp_path / "root" / "app"
    program = (
        "from scenarios.loading import load\n"
        "from services.reader.declared import endpoints_of\n"
        "from services.reader.repository import Repository\n"
        "scenario = load('weather')\n"
        "print(scenario.folder, scenario.view.labels('A'), 'warmest' in scenario.kinds)\n"
        "print([one.path for one in endpoints_of(Repository(scenario, None, None, None))])\n"
    )
    said = ran(app, "-c", program)
    assert said.stdout.splitlines() == [
        f"{app}/scenarios/weather ('A station',) True",
        "['/stations/{name}']",
    ]
    said = ran(app, "-m", "scenarios.weather.services.almanac")
    assert (said.returncode, "SCENARIO is not set" in said.stderr + said.stdout) == (2, True)
    with pytest.raises(StackError, match="is no folder of a scenario"):
        of_scenario(tmp_path)
