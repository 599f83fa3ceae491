"""Who listens on a port, asked again and again of every engine."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from host import ports
from host.errors import StackError
from host.ports import Ports, is_free, owns
from host.project import PROJECT
from stack.config import StackConfig
from stack.local_stack import LocalStack
from tests.waiting import until

pytestmark = pytest.mark.processes

LISTENS = """
import socket, sys, time
server = socket.create_server(("::1" if sys.argv[1] == "6" else "127.0.0.1", 0),
                              family=socket.AF_INET6 if sys.argv[1] == "6" else socket.AF_INET)
print(server.getsockname()[1], flush=True)
time.sleep(600)
"""
STARTS = "import subprocess, sys; subprocess.run([sys.executable, '-c', *sys.argv[1:]])"


def listening(*argv: str) -> tuple[subprocess.Popen[str], int]:
    """A process that listens, or a child of which does, and the port."""
    child = subprocess.Popen(
        [sys.executable, "-c", *argv], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert child.stdout is not None
    return child, int(child.stdout.readline())


CHOOSES = """
import sys, time
from pathlib import Path
from host import ports
ports.CHOICE = range(int(sys.argv[1]), int(sys.argv[2]))
own = ports.Ports(Path(sys.argv[3]))
print(*sorted(own.choose(str(at)) for at in ports.CHOICE), flush=True)
time.sleep(600)
"""


def test_what_one_stack_has_chosen_no_other_one_chooses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = next(at for at in range(20_000, 32_000, 8) if all(map(is_free, range(at, at + 8))))
    monkeypatch.setattr(ports, "CHOICE", range(first, first + 8))
    words = [sys.executable, "-c", CHOOSES, str(first), str(first + 8), str(tmp_path / "one")]
    other = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=PROJECT)
    try:
        assert other.stdout is not None
        theirs = [int(each) for each in other.stdout.readline().split()]
        assert theirs == list(ports.CHOICE), "it has all of them, and listens on none yet"
        with pytest.raises(StackError, match="No free port"):
            Ports(tmp_path / "two").choose("kafka")
    finally:
        other.kill()
        other.wait()
    mine = Ports(tmp_path / "two").choose("kafka")
    assert mine in theirs, "what it had goes with it"
    assert Ports(tmp_path / "two").choose("kafka") == mine


@pytest.mark.parametrize("argv", [(LISTENS, "4"), (LISTENS, "6"), (STARTS, LISTENS, "4")])
def test_who_listens_is_known_of_a_process_and_of_its_children(argv: tuple[str, ...]) -> None:
    if argv[-1] == "6" and not socket.has_ipv6:
        pytest.skip("there is no IPv6 here")
    child, port = listening(*argv)
    other, elsewhere = listening(LISTENS, "4")
    try:
        assert owns(child.pid, port)
        assert not owns(child.pid, elsewhere)
        assert not owns(other.pid, port)
    finally:
        for each in (child, other):
            os.killpg(each.pid, 9)
            each.wait()
    assert not owns(child.pid, port)


def test_a_connection_to_a_port_is_not_the_port() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        child = subprocess.Popen(
            [
                sys.executable,
                "-c",
                f"import socket, time; s = socket.create_connection(('127.0.0.1', {port}));"
                "print('there', flush=True); time.sleep(600)",
            ],
            stdout=subprocess.PIPE,
        )
        try:
            assert child.stdout is not None
            child.stdout.readline()
            assert owns(os.getpid(), port)
            assert not owns(child.pid, port)
        finally:
            child.kill()
            child.wait()


@pytest.mark.engines
async def test_a_program_on_the_port_of_a_link_is_told_of_until_it_is_gone(
    tiny_config: StackConfig,
) -> None:
    world = LocalStack(tiny_config)
    port = int(world.links.endpoints("tiny")["REDIS_URL"].rpartition(":")[2].split("/")[0])
    foreign = socket.create_server(("127.0.0.1", port))
    world.start()
    try:
        await until(lambda: f":{port}" in world.message(), "the status names the port", 30)
        assert "address already in use" in world.message()
        foreign.close()
        await until(lambda: world.state == "ready", "the stack is ready", 30)
    finally:
        foreign.close()
        await world.stop()
