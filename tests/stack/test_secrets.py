"""What the processes of a running stack were given: each its own login, and nobody else's."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.own_stack import OwnStack

OWN = {
    "producer-http": {"producer"},
    "producer-grpc": {"producer"},
    "producer-wasm": {"producer"},
    "consumer": {"consumer"},
    # it may be asked to purge, so the Secret `purge` has a login that may
    "reader": {"operator"},
}


def secrets(state: Path, engine: str) -> dict[str, str]:
    """Account -> its password as the engine's folder keeps it; `root` is the administrator."""
    folder = state / "engines" / engine
    found = {file.name: file.read_text().strip() for file in (folder / "accounts").iterdir()}
    return {**found, "root": (folder / "secret").read_text().strip()}


@pytest.mark.parametrize("deployment", OWN)
def test_a_process_holds_its_own_logins_only(stack: OwnStack, deployment: str) -> None:
    logins = {engine: secrets(stack.state, engine) for engine in ("redis", "mongo")}
    pids = stack.pids(deployment)
    assert pids
    held: dict[str, set[str]] = {engine: set() for engine in logins}
    for pid in pids:
        environment = Path(f"/proc/{pid}/environ").read_bytes().decode()
        arguments = Path(f"/proc/{pid}/cmdline").read_bytes().decode()
        for engine, known in logins.items():
            held[engine] |= {name for name, secret in known.items() if secret in environment}
            assert not [name for name, secret in known.items() if secret in arguments]
    stored = set() if OWN[deployment] == {"producer"} else OWN[deployment]
    assert held == {"redis": OWN[deployment], "mongo": stored}


def test_all_accounts_work_together(stack: OwnStack) -> None:
    """The stack is up, so consumer and producers reach their stores; a reading reaches all."""
    assert {pod["ready"] for pod in stack.status()["pods"]} == {True}
