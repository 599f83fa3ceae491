"""What the user can do: the one registry behind footer, palette, help and read-only mode."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Level = Literal["harmless", "reversible", "blast"]
"""harmless: no question · reversible: yes or no · blast: a name is typed."""

PANES = ("tallies", "traffic", "books", "fleet", "time", "log")
"""The panels in the order of their numbers."""


@dataclass(frozen=True, slots=True)
class Action:
    """One thing that a key does. `id` names the method `do_<id>` that carries it out."""

    id: str
    key: str
    """Textual's names of the keys, separated by commas."""
    label: str
    """The key as it is written for people."""
    title: str
    help: str
    group: str
    level: Level = "harmless"
    rank: int | None = None
    """Place in the footer; None keeps it out of there."""


ACTIONS: tuple[Action, ...] = (
    Action(
        "load",
        "l",
        "l",
        "load",
        "Start a load run: path, data, users, number, rate, timeout",
        "act",
        "reversible",
        rank=1,
    ),
    Action(
        "chaos",
        "c",
        "c",
        "chaos",
        "Choose a fault from chaos/, see what it would hit, inject it",
        "act",
        "reversible",
        rank=2,
    ),
    Action(
        "scale", "s", "s", "scale", "Change a deployment's replicas", "act", "reversible", rank=3
    ),
    Action(
        "restart",
        "R",
        "R",
        "restart",
        "Replace all pods of the chosen deployment by new ones",
        "act",
        "reversible",
    ),
    Action(
        "held",
        "f",
        "f",
        "faults",
        "Faults and loads that the target holds, also left behind: pause, resume, end",
        "act",
        "reversible",
    ),
    Action(
        "purge",
        "P",
        "P",
        "purge log",
        "Remove the stored documents; the books and the fence stay right",
        "act",
        "blast",
    ),
    Action(
        "stop_all",
        "exclamation_mark",
        "!",
        "stop all",
        "Stop all load and chaos, and verify that nothing is left injected",
        "act",
        "blast",
        rank=9,
    ),
    *(
        Action(f"pane_{name}", str(n), str(n), name, f"Focus panel {n}: {name}", "look")
        for n, name in enumerate(PANES, 1)
    ),
    Action("next_pane", "tab", "tab", "next panel", "Focus the next panel", "look"),
    Action(
        "previous_pane", "shift+tab", "shift+tab", "previous panel", "Focus the one before", "look"
    ),
    Action(
        "zoom", "z", "z", "zoom", "Show the focused panel alone; again to go back", "look", rank=6
    ),
    Action(
        "pause",
        "p",
        "p",
        "pause",
        "Hold the screen still; data keeps arriving and is counted",
        "look",
        rank=5,
    ),
    Action("narrow", "plus", "+", "narrower", "Show a shorter time on the time axis", "look"),
    Action("widen", "minus", "-", "wider", "Show a longer time on the time axis", "look"),
    Action("window", "0", "0", "5 m window", "Time axis back to five minutes", "look"),
    Action(
        "filter",
        "slash",
        "/",
        "filter",
        "Show only log lines that hold a text; an empty one shows all again",
        "look",
        rank=4,
    ),
    Action("retry", "r", "r", "retry", "Connect the focused panel's source again now", "look"),
    Action(
        "copy",
        "y",
        "y",
        "copy command",
        "Copy the command line that prints the focused panel",
        "look",
    ),
    Action(
        "sides", "v", "v", "side by side", "All clusters in one picture: A, B, difference", "look"
    ),
    Action("target", "x", "x", "next cluster", "Show the next cluster of --context", "look"),
    Action("palette", "ctrl+p", "ctrl+p", "palette", "Find any action by name", "room", rank=7),
    Action("help", "question_mark,f1", "? F1", "help", "All keys", "room", rank=8),
    Action("suspend", "ctrl+z", "ctrl+z", "suspend", "Go to the shell; fg comes back", "room"),
    Action("quit", "q,ctrl+c", "q", "quit", "Leave the room; runs go on", "room", rank=10),
)

PANE_COMMANDS = {
    "tallies": "controlroom tallies",
    "traffic": "controlroom metrics",
    "books": "controlroom books",
    "fleet": "controlroom status",
    "time": "controlroom metrics",
    "log": "controlroom logs",
}
"""Panel -> the command that prints what it shows."""

PANE_KEYS: tuple[tuple[str, str, str], ...] = (
    ("tallies", "↑ ↓", "scroll the rows, or choose the second selector of the bars"),
    ("tallies", "← →", "choose the first selector of the bars"),
    ("fleet", "↑ ↓", "choose the deployment that s scales and R restarts"),
    ("log", "j k ↑ ↓", "one line on or back; back leaves follow"),
    ("log", "PgUp PgDn", "one page back or on"),
    ("log", "g G", "oldest line · newest line and follow"),
    ("dialogs", "esc", "one step back, nothing is done"),
)
"""Keys that a panel itself understands: (panel, keys, what they do)."""


def available(read_only: bool) -> tuple[Action, ...]:
    """The actions of this room; in read-only mode only the harmless ones exist."""
    return tuple(a for a in ACTIONS if not read_only or a.level == "harmless")


def footer(read_only: bool) -> tuple[Action, ...]:
    """Those that the footer names, in its order."""
    ranked = [a for a in available(read_only) if a.rank is not None]
    return tuple(sorted(ranked, key=lambda a: a.rank or 0))


def named(action_id: str) -> Action:
    """The action of that id; KeyError where there is none."""
    for action in ACTIONS:
        if action.id == action_id:
            return action
    raise KeyError(action_id)
