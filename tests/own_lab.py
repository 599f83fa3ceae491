"""A lab in a state folder of its own, through the command line, and what is left of one."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.own_stack import OwnStack


class OwnLab(OwnStack):
    """`controlroom lab WORDS` against one state folder; all verbs know its contexts."""

    def __init__(self, state: Path) -> None:
        super().__init__(state)
        self.env["KUBECONFIG"] = str(self.kubeconfig)

    def lab(self, *words: str, timeout: float = 500, check: bool = True) -> Any:
        """The command's result."""
        return self.run("lab", *words, timeout=timeout, check=check)

    def lab_status(self) -> Any:
        """`controlroom lab status --json`."""
        return self.lab("status", "--json").json()

    def cut(self) -> None:
        """Takes the link between the two clusters away."""
        self.lab("link", "cut")

    def mend(self) -> None:
        """Gives it back."""
        self.lab("link", "mend")

    @property
    def kubeconfig(self) -> Path:
        """The lab's own."""
        return self.state / "lab" / "kubeconfig"

    def kubectl(self, context: str, *words: str, text: str | None = None) -> str:
        """What kubectl prints; AssertionError with what it complains of."""
        program = self.lab_status()["kubectl"]
        done = subprocess.run(
            [program, f"--kubeconfig={self.kubeconfig}", f"--context={context}", *words],
            input=text,
            text=True,
            capture_output=True,
            timeout=120,
        )
        assert done.returncode == 0, f"kubectl {' '.join(words)}: {done.stderr}"
        return done.stdout

    def get(self, context: str, *words: str) -> Any:
        """`kubectl get WORDS` as JSON."""
        return json.loads(self.kubectl(context, "get", *words, "-o", "json"))


def left_of(status: Any, state: Path) -> list[str]:
    """What is on this machine of a lab that had this status: links, cgroups, files, processes."""
    tags = [cluster["link"] for cluster in status["clusters"]]
    left = [str(link) for tag in tags for link in Path("/sys/class/net").glob(tag)]
    left += [str(group) for tag in tags for group in _cgroups(tag)]
    left += [str(folder) for folder in state.glob("lab*")]
    left += [
        line for line in Path("/proc/self/mountinfo").read_text().splitlines() if _of_lab(line)
    ]
    for comm in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = comm.read_bytes().split(b"\0")
        except OSError:
            continue
        if any(bytes(state) in word for word in words) and b"pytest" not in b" ".join(words):
            left.append(f"{comm.parent.name}: {b' '.join(words).decode()}")
    left += [f"process {c['init']}" for c in status["clusters"] if _lives(c["init"])]
    return left


def _cgroups(tag: str) -> list[Path]:
    root = Path("/sys/fs/cgroup")
    return [*root.glob(tag), *root.glob(f"*/{tag}")]


def _of_lab(line: str) -> bool:
    """A line of mountinfo: the mount's source follows the separator and the kind."""
    return line.rpartition(" - ")[2].split()[1] == "lab"


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
