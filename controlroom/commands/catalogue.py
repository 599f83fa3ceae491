"""The commands that come with the project: names, keys, danger. One place for each of these."""

from __future__ import annotations

from controlroom.commands.command import Command, Level, Verb

PANES = ("tallies", "traffic", "books", "fleet", "time", "log")
"""The panels of the room in the order of their numbers."""


def _act(
    command: str,
    verb: str,
    title: str,
    words: str,
    refusal: str,
    *needs: str,
    level: Level = "harmless",
    key: str = "",
    label: str = "",
    rank: int | None = None,
) -> Command:
    """One that changes something, and can be typed."""
    return Command(
        command, title, words, "act", level, key, label or key, rank, verb, needs, True, refusal
    )


def _key(
    command: str,
    key: str,
    title: str,
    words: str,
    group: str = "look",
    label: str = "",
    rank: int | None = None,
    level: Level = "harmless",
) -> Command:
    """One that has a key only, and changes nothing by itself."""
    return Command(command, title, words, group, level, key, label or key, rank)


_NO_FAULT = "no fault is injected or stopped"
_NO_LAB = "nothing of the lab is changed"
# fmt: off
COMMANDS: tuple[Command, ...] = (
    _act("load", "run", "load", "Start a load run: path, data, users, number, rate, timeout",
         "no load is sent", level="reversible", key="l", rank=1),
    _act("chaos", "chaos run", "chaos",
         "Choose a fault from chaos/, see what it would hit, inject it", _NO_FAULT, "experiment",
         level="reversible", key="c", rank=2),
    _act("split", "split start", "split",
         "Divide the requests of a path among services for a while: see what goes where, start it",
         "no traffic is split", "split", level="reversible", key="t"),
    _act("stop_split", "split stop", "end split", "End one split of traffic, or all of them",
         "no split is ended", "fault", level="reversible"),
    _act("experiment", "experiment run", "experiment",
         "Compare arms in blocks of random order, with load, faults and a verdict",
         "no experiment is started", "experiment_file", level="reversible"),
    _act("stop_experiment", "experiment stop", "end experiment",
         "End an experiment with its load and its faults", "no experiment is ended", "run",
         level="reversible"),
    _act("answer", "answer", "answer",
         "Answer a brief's questions by its experiments, in a report", "no experiment is started",
         "scenario", level="reversible"),
    _act("scale", "scale", "scale", "Change a deployment's replicas", "nothing is scaled",
         "deployment", "replicas", level="reversible", key="s", rank=3),
    _act("restart", "scale --restart", "restart",
         "Replace all pods of the chosen deployment by new ones", "nothing is scaled",
         "deployment", level="reversible", key="R"),
    _key("effects", "f", "faults",
         "Faults and loads that the target holds, also left behind: pause, resume, end", "act",
         level="reversible"),
    _act("purge", "logs --purge", "purge log",
         "Remove the stored documents; books and committed offsets stay", "nothing is removed",
         level="blast", key="P"),
    _act("stop_all", "chaos stop --all", "stop all",
         "Stop all load and chaos, and verify that nothing is left injected", _NO_FAULT,
         level="blast", key="exclamation_mark", label="!", rank=9),
    _act("stop", "chaos stop", "stop fault", "End one fault, or the run that injected it",
         _NO_FAULT, "fault", level="reversible"),
    _act("pause_fault", "chaos pause", "pause fault", "Lift a fault for a while", _NO_FAULT,
         "fault", level="reversible"),
    _act("resume_fault", "chaos resume", "resume fault", "Put a fault back that was lifted",
         _NO_FAULT, "fault", level="reversible"),
    _act("force", "chaos force", "force",
         "Remove an object of Chaos Mesh that is stuck, without recovering", "nothing is removed",
         "fault", level="blast"),
    _act("stop_load", "run stop", "stop load", "End one load, or all of them",
         "no load is stopped", "run", level="reversible"),
    _act("rebuild_tallies", "tallies rebuild", "rebuild tallies",
         "Rebuild the counters from the stored documents", "nothing is rebuilt", level="blast"),
    _act("settle_books", "books --settle", "settle books",
         "Write off the events that the broker has lost", "nothing is written off", "scenario",
         level="blast"),
    _act("up", "up", "up", "Bring the local stack up", "no stack is brought up"),
    _act("down", "down", "down", "Stop the local stack; what it stored stays",
         "no stack is stopped"),
    _act("deploy", "deploy", "deploy", "Put an overlay on a cluster",
         "nothing is deployed or removed", "context", "overlay"),
    _act("undeploy", "undeploy", "undeploy", "Remove what deploy made",
         "nothing is deployed or removed", "context", "overlay"),
    _act("torture", "torture --state", "torture", "Break a stack that is there at random",
         "no stack is tortured that was there before", "folder"),
    _act("lab_up", "lab up", "lab up", "Bring the clusters of the lab up", _NO_LAB),
    _act("lab_down", "lab down", "lab down", "End the lab's clusters", _NO_LAB),
    _act("lab_build", "lab build", "lab build", "Build the lab's programs", _NO_LAB),
    _act("lab_images", "lab images", "lab images", "Make the images of the pipeline", _NO_LAB),
    _act("lab_cut", "lab link cut", "lab link cut", "Cut the link between the lab's clusters",
         _NO_LAB),
    _act("lab_mend", "lab link mend", "lab link mend", "Join the lab's clusters again", _NO_LAB),
    _act("lab_load_image", "lab load-image", "lab load-image", "Give the lab's clusters images",
         _NO_LAB),
    _act("lab_restart", "lab restart", "lab restart", "Restart a program of the lab", _NO_LAB,
         "program", "cluster"),
    Command("preview", "preview fault", "Show what an experiment would hit now",
            verb="chaos preview", needs=("experiment",)),
    Command("plan_experiment", "plan experiment", "Show what an experiment would do and hit now",
            verb="experiment plan", needs=("experiment_file",)),
    Command("show", "show run", "Tell the whole story of a run", verb="run show", needs=("run",)),
    *(_key(f"pane_{name}", str(n), name, f"Focus panel {n}: {name}")
      for n, name in enumerate(PANES, 1)),
    _key("next_pane", "tab", "next panel", "Focus the next panel"),
    _key("previous_pane", "shift+tab", "previous panel", "Focus the one before"),
    _key("next_view", "w", "next view", "Show the next view of the tallies, such as a map"),
    _key("previous_view", "W", "previous view", "Show the view before"),
    _key("zoom", "z", "zoom", "Show the focused panel alone; again to go back", rank=6),
    _key("pause", "p", "pause", "Hold the screen still; data keeps arriving and is counted",
         rank=5),
    _key("narrow", "plus", "narrower", "Show a shorter time on the time axis", label="+"),
    _key("widen", "minus", "wider", "Show a longer time on the time axis", label="-"),
    _key("window", "0", "5 m window", "Time axis back to five minutes"),
    _key("filter", "slash", "filter",
         "Show only log lines that hold a text; an empty one shows all again", label="/", rank=4),
    _key("retry", "r", "retry", "Connect the focused panel's source again now"),
    _key("copy", "y", "copy command", "Copy the command line that prints the focused panel"),
    _key("sides", "v", "side by side", "All clusters in one picture: A, B, difference"),
    _key("target", "x", "next cluster", "Show the next cluster of --context"),
    _key("palette", "ctrl+p", "palette", "Find any action by name", "room", rank=7),
    _key("bar", "colon", "command bar", "Type a command, as on the command line; tab completes",
         "room", label=":"),
    _key("help", "question_mark,f1", "help", "All keys", "room", label="? F1", rank=8),
    _key("suspend", "ctrl+z", "suspend", "Go to the shell; fg comes back", "room"),
    _key("quit", "q,ctrl+c", "quit", "Leave the room; runs go on", "room", label="q", rank=10),
)
# fmt: on

VERBS: tuple[Verb, ...] = (
    Verb(
        "launch", "open the room; brings the local stack up first", "controlroom.cli.launch", False
    ),
    Verb("up", "bring the local stack up and wait until it is ready"),
    Verb("down", "stop the local stack; what it stored stays"),
    Verb("status", "what runs: engines, deployments, pods"),
    Verb("doctor", "check this machine, with a fix for each fault"),
    Verb("info", "versions, paths and settings, and where each came from"),
    Verb("endpoints", "addresses of the ingress and of the stores"),
    Verb("books", "is everything that was acknowledged counted and stored?"),
    Verb("tallies", "the counters of the scenario"),
    Verb("logs", "stored events: the last ones, follow, total, purge"),
    Verb("metrics", "success rate, requests/s and latency per deployment"),
    Verb("scale", "set the number of replicas of a deployment"),
    Verb("run", "send load and say which bound ended it"),
    Verb("sample", "print generated records of a scenario, as a file for run -f", inside=False),
    Verb("chaos", "list, preview, inject and stop faults"),
    Verb("split", "list, preview, start and end splits of traffic"),
    Verb("experiment", "list, plan and run experiments, which end in a verdict"),
    Verb("answer", "run a brief's experiments and answer its questions", inside=False),
    Verb("deploy", "put an overlay on a cluster and wait until it is ready"),
    Verb("undeploy", "remove what deploy made, and nothing else"),
    Verb("lab", "real Kubernetes clusters on this machine"),
    Verb("torture", "break a scratch stack at random and look for every event", inside=False),
    Verb("help", "explain a verb", itself=True),
    Verb("version", "print the version", itself=True),
    Verb("completion", "print a shell's completion script", inside=False, itself=True),
    Verb("man", "print the manual page", inside=False, itself=True),
)
