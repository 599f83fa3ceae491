"""Who listens on a port, asked again and again of every engine."""

import os
import socket
import subprocess
import sys

import pytest

from host.ports import owns

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
